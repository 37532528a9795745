"""
Values that only a deployment knows, for completion.
"""
