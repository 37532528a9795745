"""
HTTP: the transport, retries, TLS, proxies, masking of secrets.
"""
