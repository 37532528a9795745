"""
Requests, routes, pages and errors, as the services handle them.
"""
