"""
Handlers of the worker-manager service.
"""
