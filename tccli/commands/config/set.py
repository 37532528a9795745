"""
``tc config set``: set a value of the configuration.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from tccli.core.config_files import ConfigFiles


def _set(context: Context, key: str, value: str | None, *, dry_run: bool) -> None:
    from tccli.cli.inputs import read_stdin
    from tccli.core import go_config
    from tccli.core.http.redact import MASK

    name = go_config.parse_key(key)
    if value is None:
        value = read_stdin(key, "value").decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    stored = go_config.parse_value(name, value)
    files = context.config_files()
    if not dry_run:
        go_config.change_file(files.go_client_path, lambda section: section.update({name: stored}))
    click.echo(f"Set '{key}' = {MASK if go_config.KEYS[name].is_secret else value}")
    variable = go_config.KEYS[name].variable
    if variable and context.environ.get(variable):
        context.note(f"{variable} is set in the environment, and overrides {key}")
    elif context.options.profile or _has_default_profile(files):
        context.note(f"a profile is in use, and overrides {key}")


def _has_default_profile(files: ConfigFiles) -> bool:
    # A broken file is for the commands that use it to report: the value is stored.
    with suppress(ConfigurationError):
        return bool(files.default_profile())
    return False


command = Command(
    "set",
    callback=with_context(_set),
    params=[
        click.Argument(["key"], metavar="KEY"),
        click.Argument(["value"], metavar="[VALUE]", required=False),
        click.Option(["-d", "--dry-run"], is_flag=True, help="Check the value; do not store it."),
    ],
    prints_data=False,
    short_help="Set a value of the configuration",
    help="Set KEY to VALUE, or to the text on stdin: a secret on the command line is seen by others. The file is for "
    "its owner only.",
    examples=(
        "tc config set config.rootUrl https://tc.example.com",
        "echo 44-characters | tc config set config.accessToken",
    ),
)
