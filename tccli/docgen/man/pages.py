"""
Manual pages: tc(1), and one for each service and each hand-written command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.docgen.man import command, root, service

if TYPE_CHECKING:
    from tccli.cli.command_tree import CommandNode


def pages(tree: CommandNode) -> dict[str, str]:
    """
    Return the pages of a tree by their files' names.
    """
    made = {"tc.1": root.page(tree)}
    for entry in tree.commands:
        page = service.page(entry) if entry.service else command.page(entry, tree)
        made[f"tc-{entry.name}.1"] = page
    return made
