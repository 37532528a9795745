"""
Manual pages: tc(1), and one for each service and each hand-written command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.documents import man_command, man_root, man_service

if TYPE_CHECKING:
    from tccli.documents.surface import Entry


def pages(surface: Entry) -> dict[str, str]:
    """
    Return the pages of a surface by their files' names.
    """
    made = {"tc.1": man_root.page(surface)}
    for entry in surface.commands:
        page = man_service.page(entry) if entry.service else man_command.page(entry, surface)
        made[f"tc-{entry.name}.1"] = page
    return made
