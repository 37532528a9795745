"""
One file for each command; its name is the command's name, and it offers ``command``.
"""
