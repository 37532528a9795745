"""
``tc upload-artifact``: upload an artifact, whole and verified.
"""

from __future__ import annotations

from tccli.cli.uploads import artifact_command

command = artifact_command("upload-artifact")
