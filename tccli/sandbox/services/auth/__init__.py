"""
The handlers of auth.
"""
