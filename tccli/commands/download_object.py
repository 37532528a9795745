"""
``tc download-object``: download an object, whole and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.download import object_command

command = object_command("download-object")
