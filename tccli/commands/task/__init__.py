"""
``tc task``: print the state, name, log … of a task, create one, run it again, or cancel it.
"""

from __future__ import annotations

from tccli.cli.directories import DirectoryGroup

command = DirectoryGroup(
    "task",
    help="Print the state, name, log … of a task, create one, run it again, or cancel it.\n\n"
    "These are the commands for people. tc queue --help lists the methods of the API.",
)
