"""
Search for ``tc find``.
"""
