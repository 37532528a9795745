"""
``tc upload-artifact``: upload an artifact, whole and verified.
"""

from __future__ import annotations

from tccli.cli.transfers.upload import artifact_command

command = artifact_command("upload-artifact")
