"""
The handlers of web-server.
"""
