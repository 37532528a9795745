"""
Example documents for JSON schemas.
"""
