"""
``tc update``: print the command that updates tc.
"""

from __future__ import annotations

import sys

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


@click.command(cls=Command, name="update", prints_data=False, examples=("tc update",))
@with_context
def command(context: Context) -> None:
    """
    Print the command that updates tc. Nothing is requested or changed.

    To fetch the API of a deployment, use tc references update.
    """
    import os
    import shlex

    if "pipx" in sys.prefix.split(os.sep):
        click.echo("pipx upgrade taskcluster-cli")
    else:
        click.echo(f"{shlex.quote(sys.executable)} -m pip install --upgrade taskcluster-cli")
    context.note("run this command to update; nothing was changed")
