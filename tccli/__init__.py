"""
Taskcluster in the shell: one command per API method of every service.
"""

# As of the other clients: Taskcluster's version, whose last number is ours.
__version__ = "113.2.0"
