"""
Tasks and groups as people name them, and what the commands for them do.
"""
