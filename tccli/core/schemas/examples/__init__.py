"""
Example documents that match a schema.
"""
