"""
Completion scripts.
"""
