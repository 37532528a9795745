"""
Output formats: each module is one, and has ``render(result, out, options)``.

A module with ``BY_ENTRY = True`` prints the entries of a listing one by one; ``--jq`` then filters each of them.
"""
