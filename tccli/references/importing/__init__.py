"""
Import of published references, which are untrusted: validation, conversion, comparison.
"""
