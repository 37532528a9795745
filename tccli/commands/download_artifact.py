"""
``tc download-artifact``: download an artifact, complete and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.download_commands import artifact_command

command = artifact_command("download-artifact")
