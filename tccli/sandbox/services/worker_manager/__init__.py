"""
The handlers of worker-manager.
"""
