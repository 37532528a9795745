"""
JSON schemas: documents held against them, shown as tables, and made from them.
"""
