"""
References of a deployment: untrusted input, checked and converted.
"""
