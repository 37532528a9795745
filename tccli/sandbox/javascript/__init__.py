"""
What the services inherit from their language: how JavaScript converts, compares and writes values, and parses dates.
"""
