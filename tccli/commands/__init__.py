"""
The commands, one file each, which defines ``command``. The first line of its docstring is its line in ``tc --help``.
"""
