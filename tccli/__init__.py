"""
Taskcluster in the shell: one command per API method of every service.
"""

__version__ = "0.1.0"
