"""
``tc group``: print the tasks of a group and their states, or cancel them.
"""

from __future__ import annotations

from tccli.cli.directories import DirectoryGroup

command = DirectoryGroup(
    "group",
    help="Print the tasks of a group and their states, or cancel them.\n\n"
    "These are the commands for people. tc queue --help lists the methods of the API.",
)
