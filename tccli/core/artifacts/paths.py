"""
Artifacts' names and this machine's files: patterns, places, and names that would lead out of a folder.
"""

from __future__ import annotations

import fnmatch
import os
import re
from typing import TYPE_CHECKING

from tccli.errors import LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_pattern(name: str) -> bool:
    """
    Tell whether *name* may stand for several names.
    """
    return bool(re.search(r"[*?\[]", name))


def match_names(pattern: str, names: Iterable[str]) -> list[str]:
    """
    Return the names that a pattern stands for, sorted: ``*`` and ``?`` stop at a slash, ``**`` does not.

    A name that is written just like the pattern is that name and nothing else.
    """
    names = list(names)
    if pattern in names:
        return [pattern]
    compiled = re.compile(_regex(pattern), re.DOTALL)
    return sorted(name for name in names if compiled.fullmatch(name))


def last_component(name: str) -> str:
    """
    Return what a file is called that holds *name*.

    Raises:
        UsageError: The name's last part is no name for a file.
    """
    part = name.rsplit("/", 1)[-1]
    if part in {"", ".", ".."} or "\\" in part:
        raise UsageError(f"{name!r} has no last part to name a file after", hint="name it with -o FILE")
    return part


def resolve_below(folder: str, name: str) -> str:
    """
    Return the path below *folder* that mirrors *name*, with the folders on the way made.

    Raises:
        UsageError: It would lie outside, by its name or by a link that is there.
        LocalFileError: Its folder cannot be made.
    """
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\\" in name or "\0" in name:
        raise UsageError(f"{name!r} cannot be mirrored below {folder}: its name leads elsewhere")
    root = os.path.realpath(folder)
    path = os.path.join(root, *parts)
    # Before anything is made: it would be made where the link leads.
    if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path) or os.path.islink(path):
        raise UsageError(f"{name!r} cannot be mirrored below {folder}: a link leads elsewhere")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot make the folder {os.path.dirname(path)}: {error.strerror}") from None
    return path


def _regex(pattern: str) -> str:
    translated = ""
    for piece in re.findall(r"\*\*/?|\*|\?|\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if piece.startswith("**"):
            translated += "(?:.*/)?" if piece.endswith("/") else ".*"
        elif piece == "*":
            translated += "[^/]*"
        elif piece == "?":
            translated += "[^/]"
        elif piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
            # The standard library knows all of their odd forms, but not that they stop at a slash.
            translated += "(?!/)" + fnmatch.translate(piece).removeprefix("(?s:")[:-3]
        else:
            translated += re.escape(piece)
    return translated
