"""
``tc profile unset``: remove keys of a profile.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _unset(context: Context, name: str, keys: tuple[str, ...]) -> None:
    from tccli.cli.profile_settings import find_key
    from tccli.core.profiles import change_profile

    notes: list[str] = []

    def prepare(profile: dict[str, Any]) -> dict[str, None]:
        # A key that tc does not know must be removable, too.
        found = [key if key in profile else find_key(key) for key in keys]
        notes.extend(f"{'removed' if key in profile else 'there was no'} {key}" for key in found)
        return dict.fromkeys(found)

    change_profile(context.config_files().profiles_path, name, prepare, creates=False)
    for note in notes:
        context.note(f"profile {name}: {note}")


command = Command(
    "unset",
    callback=with_context(_unset),
    params=[
        click.Argument(["name"], metavar="NAME"),
        click.Argument(["keys"], metavar="KEY…", nargs=-1, required=True),
    ],
    prints_data=False,
    short_help="Remove keys of a profile",
    help="Remove keys of a profile. One that is not there is not an error.",
    examples=("tc profile unset example retries timeout",),
)
