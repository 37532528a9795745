"""
The cache directory.

Not by platformdirs: every start asks for this directory, and importing that package (with tempfile, configparser and
more) takes a quarter of the time that ``tc --help`` takes.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def home_directory(environ: Mapping[str, str]) -> str:
    """
    Return ``$HOME``; if it is empty or not set, the home directory that the system has for the user.
    """
    if environ.get("HOME"):
        return environ["HOME"]
    if os.name != "posix":
        return os.path.expanduser("~")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir or "/"
    except KeyError:
        return "/"


def cache_directory(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """
    Return the path of the cache directory, which may not exist: below ``$XDG_CACHE_HOME`` on every system, else where
    the system has caches.
    """
    base = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification ignores a relative path: it would be another directory in each working directory.
    if not os.path.isabs(base):
        home = home_directory(environ)
        if platform == "win32":
            base = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        else:
            base = os.path.join(home, *(["Library", "Caches"] if platform == "darwin" else [".cache"]))
    return os.path.join(base, "tc")


def upload_directory(environ: Mapping[str, str]) -> str:
    """
    Return the directory with the records of unfinished uploads; the first upload creates it.
    """
    return os.path.join(cache_directory(environ), "uploads")


def reference_directory(environ: Mapping[str, str]) -> str:
    """
    Return the directory with the references of deployments; the first update creates it.
    """
    return os.path.join(cache_directory(environ), "references")
