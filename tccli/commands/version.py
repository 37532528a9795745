"""
``tc version``: print the version of tc, or of the deployment.
"""

from __future__ import annotations

import click

from tccli import __version__
from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


@click.command(cls=Command, name="version", examples=("tc version", "tc version --server"))
@click.option("--server", is_flag=True, help="Print the version of the deployment instead.")
@click.option("-s", "--short-version", is_flag=True, help="Print the version alone.")
@with_context
def command(context: Context, *, server: bool, short_version: bool) -> None:
    """
    Print the version of tc, and the release of Taskcluster whose API references are built in.

    tc --version prints the first as text, and so does tc version -s. Called as taskcluster, it prints a line of text.
    """
    from tccli import references
    from tccli.output import Result

    write = context.writer()
    if server:
        write(Result([context.client().call_json(references.method("auth", "version"), [])]))
    elif short_version or (context.is_go_client and context.options.format is None):
        write(Result([__version__ if short_version else f"taskcluster version {__version__}"], is_text=True))
    else:
        write(Result([{"tc": __version__, "references": references.service("queue").release}]))
