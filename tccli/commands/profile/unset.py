"""
``tc profile unset``: remove keys of a profile.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _unset(context: Context, name: str, keys: tuple[str, ...]) -> None:
    from tccli.cli.profile_settings import find_key
    from tccli.core.profiles import check_exists, set_values

    files = context.config_files()
    check_exists(files.profiles, files.profiles_path, name)
    profile = files.profiles[name]
    # A key that tc does not know must be removable, too.
    found = [key if key in profile else find_key(key) for key in keys]
    set_values(files.profiles_path, name, dict.fromkeys(found))
    for key in found:
        context.note(f"profile {name}: {'removed' if key in profile else 'there was no'} {key}")


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
