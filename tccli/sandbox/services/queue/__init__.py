"""
The handlers of queue.
"""
