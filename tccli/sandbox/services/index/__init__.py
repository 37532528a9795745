"""
The handlers of index.
"""
