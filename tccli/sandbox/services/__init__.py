"""
Handlers of API methods: a module for each service, or a package with modules for its parts.
"""
