"""
Handlers of the web-server service.
"""
