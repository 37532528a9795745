"""
``tc config help``: describe the keys of the configuration.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _help(context: Context, key: str | None) -> None:
    from tccli.core import go_config
    from tccli.core.http.redact import MASK
    from tccli.core.printable import escape_controls
    from tccli.output.text import dump_json

    if key is None:
        width = max(map(len, map(go_config.full_name, go_config.KEYS)))
        click.echo("Configuration options:")
        for name, each in go_config.KEYS.items():
            click.echo(f"  {go_config.full_name(name) + ':':{width + 1}}  {each.description}")
        return
    name = go_config.parse_key(key)
    found = go_config.KEYS[name]
    value = go_config.read_values(context.config_files().go_client_path, context.environ)[name]
    shown = MASK if value and found.is_secret else value if isinstance(value, str) else dump_json(value)
    default = found.default if isinstance(found.default, str) else dump_json(found.default)
    text = f"Key:     {key}\n{found.description}.\nValue:   {shown}\nDefault: {default}"
    click.echo(escape_controls(text))


command = Command(
    "help",
    callback=with_context(_help),
    params=[click.Argument(["key"], metavar="[KEY]", required=False)],
    prints_data=False,
    short_help="Describe the keys of the configuration",
    help="List the keys, or describe KEY and print its value; secrets are masked.",
    examples=("tc config help", "tc config help config.certificate"),
)
