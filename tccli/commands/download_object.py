"""
``tc download-object``: download an object, complete and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.download_commands import object_command

command = object_command("download-object")
