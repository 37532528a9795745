"""
Handlers of the queue service.
"""
