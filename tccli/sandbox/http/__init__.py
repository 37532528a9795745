"""
HTTP as the services speak it.
"""
