"""
``tc profile edit``: open the file of profiles in an editor.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _edit(context: Context) -> None:
    from tccli.cli.profile_editor import edit_profiles

    edit_profiles(context)


command = Command(
    "edit",
    callback=with_context(_edit),
    prints_data=False,
    short_help="Open the file of profiles in an editor",
    help="Open a copy of the file of profiles in $VISUAL or $EDITOR. It replaces the file if it is valid; if another "
    "process has changed the file meanwhile, or the copy is not valid, the copy stays and the file does, too.",
    examples=("tc profile edit",),
)
