"""
``tc upload``: upload an artifact or an object.
"""

from __future__ import annotations

import click

from tccli.cli.command import Group
from tccli.cli.transfers.upload_commands import artifact_command, object_command


@click.group(cls=Group, name="upload")
def command() -> None:
    """
    Upload an artifact or an object.

    tc upload-artifact and tc upload-object are the same commands.
    """


command.add_command(artifact_command("upload artifact"))
command.add_command(object_command("upload object"))
