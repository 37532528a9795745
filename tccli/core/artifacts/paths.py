"""
Artifact names as patterns and as local paths; a name must not lead out of its directory.
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
    Return whether *name* has a character with a meaning in patterns.
    """
    return bool(re.search(r"[*?\[]", name))


def match_names(pattern: str, names: Iterable[str]) -> list[str]:
    """
    Return the names that match *pattern*, sorted. ``*`` and ``?`` do not match a slash, ``**`` does.

    A name that equals the pattern is the only match.
    """
    names = list(names)
    if pattern in names:
        return [pattern]
    compiled = re.compile(_to_regex(pattern), re.DOTALL)
    return sorted(name for name in names if compiled.fullmatch(name))


def last_component(name: str) -> str:
    """
    Return the part of an artifact's name after the last slash, to name a file after it.

    Raises:
        UsageError: It cannot be the name of a file.
    """
    component = name.rsplit("/", 1)[-1]
    if component in {"", ".", ".."} or "\\" in component:
        raise UsageError(f"cannot name a file after {name!r}: {component!r} is not a file name", hint="give -o FILE")
    return component


def resolve_below(directory: str, name: str) -> str:
    """
    Return the path for an artifact below *directory*; create the directories on the way.

    Raises:
        LocalFileError: A directory cannot be created.
        UsageError: The path would be outside of *directory*, by the artifact's name or by a link.
    """
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\\" in name or "\0" in name:
        raise UsageError(f"cannot write {name!r} below {directory}: its name leads out of the directory")
    root = os.path.realpath(directory)
    path = os.path.join(root, *parts)
    # Checked first, because makedirs follows links.
    if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path) or os.path.islink(path):
        raise UsageError(f"cannot write {name!r} below {directory}: a link leads out of the directory")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot create the directory {os.path.dirname(path)}: {error.strerror}") from None
    return path


def _to_regex(pattern: str) -> str:
    regex = ""
    for piece in re.findall(r"\*\*/?|\*|\?|\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if piece.startswith("**"):
            regex += "(?:.*/)?" if piece.endswith("/") else ".*"
        elif piece == "*":
            regex += "[^/]*"
        elif piece == "?":
            regex += "[^/]"
        elif piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
            # fnmatch knows all forms of sets, but its sets may match a slash.
            regex += "(?!/)" + fnmatch.translate(piece).removeprefix("(?s:")[:-3]
        else:
            regex += re.escape(piece)
    return regex
