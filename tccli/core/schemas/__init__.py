"""
JSON schemas: validation, tables of fields, and example documents.
"""
