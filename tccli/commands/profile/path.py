"""
``tc profile path``: print the path of the file of profiles.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


def _path(context: Context) -> None:
    from tccli.core.printable import escape_controls

    click.echo(escape_controls(context.config_files().profiles_path))


command = Command(
    "path",
    callback=with_context(_path),
    prints_data=False,
    short_help="Print the path of the file of profiles",
    help="Print the path of the file of profiles, whether it exists or not.",
    examples=("tc profile path",),
)
