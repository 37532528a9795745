"""
``tc upload-artifact``: upload an artifact.
"""

from __future__ import annotations

from tccli.cli.transfers.upload_commands import artifact_command

command = artifact_command("upload-artifact")
