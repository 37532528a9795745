"""
Handlers of the hooks service.
"""
