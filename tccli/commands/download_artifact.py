"""
``tc download-artifact``: download an artifact, whole and verified.
"""

from __future__ import annotations

from tccli.cli.downloads import artifact_command

command = artifact_command("download-artifact")
