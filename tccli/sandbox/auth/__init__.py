"""
Who signed a request, and with which scopes.
"""
