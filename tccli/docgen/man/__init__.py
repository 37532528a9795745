"""
Manual pages.
"""
