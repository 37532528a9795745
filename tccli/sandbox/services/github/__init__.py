"""
The handlers of github.
"""
