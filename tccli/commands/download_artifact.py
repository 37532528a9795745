"""
``tc download-artifact``: download an artifact, whole and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.download import artifact_command

command = artifact_command("download-artifact")
