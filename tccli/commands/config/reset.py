"""
``tc config reset``: remove values from the configuration.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import UsageError


def _reset(context: Context, key: str | None, *, all_keys: bool) -> None:
    from tccli.core import go_config

    if key is None and not all_keys:
        raise UsageError("config reset: missing KEY", hint="give a key, or --all")
    names = list(go_config.KEYS) if all_keys else [go_config.parse_key(str(key))]

    def remove(section: dict[str, object]) -> None:
        for name in names:
            section.pop(name, None)

    go_config.change_file(context.config_files().go_client_path, remove)
    for name in names:
        click.echo(f"Reset {go_config.full_name(name)} to default value.")


command = Command(
    "reset",
    callback=with_context(_reset),
    params=[
        click.Argument(["key"], metavar="[KEY]", required=False),
        click.Option(["-a", "--all", "all_keys"], is_flag=True, help="Remove all values."),
    ],
    prints_data=False,
    short_help="Remove values from the configuration",
    help="Remove the value of KEY, or all values with --all.",
    examples=("tc config reset config.clientId", "tc config reset --all"),
)
