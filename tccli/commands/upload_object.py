"""
``tc upload-object``: upload an object.
"""

from __future__ import annotations

from tccli.cli.transfers.upload_commands import object_command

command = object_command("upload-object")
