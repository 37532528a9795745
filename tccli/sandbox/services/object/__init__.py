"""
Handlers of the object service.
"""
