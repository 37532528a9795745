"""
Handlers of the index service.
"""
