"""
What is generated from the tree of commands: completion scripts and manual pages.
"""
