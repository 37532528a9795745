"""
Many calls from lines: how lines become calls. What sends them is ``cli/batch``.
"""
