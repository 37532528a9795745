"""
Artifacts of the queue and objects of the object service: where their bytes are, and how to create them.
"""
