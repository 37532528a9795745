"""
The client as a library: no command line, no printing, no exit.
"""
