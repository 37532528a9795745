"""
The handlers of hooks.
"""
