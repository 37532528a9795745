"""
``tc profile remove``: remove profiles.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _remove(context: Context, names: tuple[str, ...]) -> None:
    from tccli.cli.profile_settings import delete_from_keyring
    from tccli.core.profiles import check_exists, remove_profile

    files = context.config_files()
    default = files.default_name
    for name in names:
        check_exists(files.profiles, files.profiles_path, name)
    for name in dict.fromkeys(names):
        others = [profile for other, profile in files.profiles.items() if other != name]
        delete_from_keyring(files.profiles[name], others)
        remove_profile(files.profiles_path, name)
        context.note(f"removed profile {name}")
        if name == default:
            context.note("there is no default profile now; tc profile use NAME sets one")


command = Command(
    "remove",
    callback=with_context(_remove),
    params=[click.Argument(["names"], metavar="NAME…", nargs=-1, required=True)],
    prints_data=False,
    short_help="Remove profiles",
    help="Remove profiles with their credentials, also from the keyring. The client itself stays; tc auth deleteClient "
    "deletes it.",
    examples=("tc profile remove example",),
)
