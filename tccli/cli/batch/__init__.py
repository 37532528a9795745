"""
``tc batch``: makes many calls, several at a time, and writes a line for each.
"""
