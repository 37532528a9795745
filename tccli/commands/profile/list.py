"""
``tc profile list``: list the profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context

if TYPE_CHECKING:
    from collections.abc import Mapping


def _list(context: Context) -> None:
    from tccli.cli.profiles import describe_problem
    from tccli.output import Result

    write = context.writer(is_list=True)
    files = context.config_files()
    rows = [
        {
            "name": name,
            "default": name == files.default_name,
            "rootUrl": profile.get("rootUrl"),
            "clientId": profile.get("clientId"),
            "credentials": _credentials(profile),
            "problem": describe_problem(profile, f"profile {name}"),
        }
        for name, profile in files.profiles.items()
    ]
    write(Result([rows], is_table=True, key_columns=("name", "default", "rootUrl", "clientId")))
    if not rows:
        context.note(f"there are no profiles in {files.profiles_path}; tc profile set NAME KEY VALUE creates one")


def _credentials(profile: Mapping[str, Any]) -> str | None:
    known = {"credential_command": "command", "keyring": "keyring", "certificate": "temporary", "accessToken": "token"}
    return next((kind for key, kind in known.items() if profile.get(key)), None)


command = Command(
    "list",
    callback=with_context(_list),
    short_help="List the profiles",
    help="List the profiles: name, whether it is the default, root URL, client, and where its credentials come from: "
    "a token, temporary ones, the keyring, a command, or nowhere. problem tells why a profile cannot be used.",
    examples=("tc profile list", "tc profile list --jq '.[].name' -r"),
)
