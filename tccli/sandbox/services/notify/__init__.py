"""
The handlers of notify.
"""
