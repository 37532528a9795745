"""
Handlers of the auth service.
"""
