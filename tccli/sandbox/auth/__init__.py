"""
Authentication: signatures, certificates, and the scopes of clients and roles.
"""
