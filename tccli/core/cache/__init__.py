"""
The cache directory and what is stored in it: references and completion values.
"""
