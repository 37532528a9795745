"""
Manual pages: tc(1), and one for each service and each hand-written command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.docgen.man import command, root, service

if TYPE_CHECKING:
    from tccli.docgen.surface import Entry


def pages(surface: Entry) -> dict[str, str]:
    """
    Return the pages of a surface by their files' names.
    """
    made = {"tc.1": root.page(surface)}
    for entry in surface.commands:
        page = service.page(entry) if entry.service else command.page(entry, surface)
        made[f"tc-{entry.name}.1"] = page
    return made
