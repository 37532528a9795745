"""
Handlers of the notify service.
"""
