"""
Help: its layout, the documentation of methods, and Markdown.
"""
