"""
Where things are kept that can be had again: below a folder that may be deleted at any time.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "tc"
REFERENCES = "references"


def cache_directory(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """
    Return the path of the cache folder, whether or not it is there.

    ``$XDG_CACHE_HOME`` says where caches are, on every system; else it is where the system has them.
    """
    base = environ.get("XDG_CACHE_HOME", "")
    # A relative path would mean another folder in every folder: the XDG specification has it ignored.
    if not os.path.isabs(base):
        home = environ.get("HOME") or os.path.expanduser("~")
        match platform:
            case "win32":
                base = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
            case "darwin":
                base = os.path.join(home, "Library", "Caches")
            case _:
                base = os.path.join(home, ".cache")
    return os.path.join(base, NAME)


def reference_directory(environ: Mapping[str, str]) -> str:
    """
    Return the folder in which references of deployments are kept; it is not there before the first are.
    """
    return os.path.join(cache_directory(environ), REFERENCES)
