"""
``tc download``: download an artifact or an object, complete and verified.
"""

from __future__ import annotations

import click

from tccli.cli.command import Group
from tccli.cli.transfers.download_commands import artifact_command, object_command


@click.group(cls=Group, name="download")
def command() -> None:
    """
    Download an artifact or an object.

    tc download-artifact and tc download-object are the same commands.
    """


command.add_command(artifact_command("download artifact"))
command.add_command(object_command("download object"))
