"""
Shell completion with values of a deployment.
"""
