"""
The handlers: a module for each service, or for each part of a large one.
"""
