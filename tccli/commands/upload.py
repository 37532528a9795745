"""
``tc upload``: upload an artifact or an object, whole and verified.
"""

from __future__ import annotations

import click

from tccli.cli.command import Group
from tccli.cli.transfers.upload import artifact_command, object_command


@click.group(cls=Group, name="upload")
def command() -> None:
    """
    Upload an artifact or an object.

    tc upload artifact is tc upload-artifact, tc upload object is tc upload-object.
    """


command.add_command(artifact_command("upload artifact"))
command.add_command(object_command("upload object"))
