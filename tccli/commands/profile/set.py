"""
``tc profile set``: set keys of a profile, or create one.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import ConfigurationError, UsageError


def _set(context: Context, name: str, words: tuple[str, ...], *, in_keyring: bool) -> None:
    from tccli.cli import profile_settings as settings
    from tccli.cli.profiles import check_values
    from tccli.core import profiles
    from tccli.core.config_files import has_credentials
    from tccli.core.root_url import missing_root_url

    profiles.check_name(name)
    changes = settings.parse_settings(context, name, words)
    dropped: list[str] = []
    after: dict[str, Any] = {}

    def prepare(before: dict[str, Any]) -> dict[str, Any]:
        if in_keyring:
            settings.store_in_keyring(before, changes)
        dropped.extend(settings.drop_replaced(before, changes))
        after.update((key, value) for key, value in {**before, **changes}.items() if value is not None)
        try:
            check_values(after, f"profile {name}")
        except ConfigurationError as error:
            raise UsageError(error.message, hint=error.hint) from None
        return changes

    profiles.change_profile(context.config_files().profiles_path, name, prepare)
    given = ", ".join(key for key, value in changes.items() if value is not None)
    removed = f"; removed {', '.join(dropped)}" if dropped else ""
    context.note(f"profile {name}: set {given}{removed}")
    if has_credentials(after) and not after.get("rootUrl"):
        context.note(f"its credentials are not used yet: {missing_root_url(f'profile {name}')}")


command = Command(
    "set",
    callback=with_context(_set),
    params=[
        click.Argument(["name"], metavar="NAME"),
        click.Argument(["words"], metavar="KEY [VALUE]…", nargs=-1, required=True),
        click.Option(
            ["--keyring", "in_keyring"], is_flag=True, help="Store the access token in the keyring, not in the file."
        ),
    ],
    prints_data=False,
    short_help="Set keys of a profile, or create one",
    help="Set KEY to VALUE, or to the text on stdin; or set several keys, each as KEY=VALUE. Comments in the file "
    "stay, and only its owner can read it.\n\n"
    "The keys scopes, authorizedScopes and credential_command take several values. accessToken and certificate are "
    "read from stdin only, since others can read command lines; at a terminal, tc asks for them.",
    examples=(
        "tc profile set example rootUrl=https://tc.example.com \\\n  clientId=project/example/ci",
        "echo 44-characters | tc profile set example accessToken",
        "tc profile set example scopes 'queue:rerun-task:*' 'queue:cancel-task:*'",
    ),
)
