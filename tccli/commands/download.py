"""
``tc download``: download an artifact or an object, whole and verified.
"""

from __future__ import annotations

import click

from tccli.cli.command import Group
from tccli.cli.transfers.download import artifact_command, object_command


@click.group(cls=Group, name="download")
def command() -> None:
    """
    Download an artifact or an object.

    tc download artifact is tc download-artifact, tc download object is tc download-object.
    """


command.add_command(artifact_command("download artifact"))
command.add_command(object_command("download object"))
