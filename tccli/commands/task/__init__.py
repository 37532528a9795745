"""
``tc task``: look at a task and its log, create one, run it again, or cancel it.
"""

from __future__ import annotations

from tccli.cli.directories import DirectoryGroup

command = DirectoryGroup(
    "task",
    help="Look at a task and its log, create one, run it again, or cancel it.\n\n"
    "These are the commands for people. tc queue --help lists the methods of the API.",
)
