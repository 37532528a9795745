"""
The handlers of object.
"""
