"""
The download and upload commands, and their progress output.
"""
