"""
``tc profile``: list, show and change the profiles, which have root URLs, credentials and options.
"""

from __future__ import annotations

from tccli.cli.directories import DirectoryGroup

command = DirectoryGroup(
    "profile",
    help="List, show and change the profiles in profiles.toml, which is in $XDG_CONFIG_HOME/tc or ~/.config/tc. "
    "--profile NAME or TC_PROFILE selects one, and tc profile use makes one the default.\n\n"
    "tc help credentials describes the keys of a profile.",
    examples=("tc profile list", "tc profile set example rootUrl https://tc.example.com"),
)
