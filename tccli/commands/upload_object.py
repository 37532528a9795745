"""
``tc upload-object``: upload an object, whole and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.upload import object_command

command = object_command("upload-object")
