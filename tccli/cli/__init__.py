"""
The click layer: everything that imports click and is not a command.
"""
