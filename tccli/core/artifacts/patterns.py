"""
Patterns of artifact names: which names match, and what to suggest if none does.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.core.natural_order import name_key
from tccli.errors import UsageError
from tccli.names import find_similar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def is_pattern(name: str) -> bool:
    """
    Return whether *name* has a character with a meaning in patterns.
    """
    return bool(re.search(r"[*?\[]", name))


def check_pattern(pattern: str) -> None:
    """
    Check a pattern before names are requested.

    Raises:
        UsageError: It is empty.
    """
    if not pattern:
        raise UsageError("PATTERN is empty", hint="'**' matches all names")


def match_names(pattern: str, names: Iterable[str]) -> list[str]:
    """
    Return the names that match *pattern*, sorted.

    ``*`` and ``?`` do not match a slash, ``**`` does. A pattern without a slash is that of the last part of a name, at
    any depth. A name that equals the pattern is the only match.
    """
    names = list(names)
    if pattern in names:
        return [pattern]
    return sorted(filter(compile_pattern(pattern), names), key=name_key)


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """
    Return a function that returns whether a name matches *pattern*, as `match_names` describes it.
    """
    pieces = _split(pattern if "/" in pattern else f"**/{pattern}")
    return lambda name: _matches(pieces, name)


def select_entries(
    entries: Iterable[dict[str, Any]],
    pattern: str | None,
    take: Callable[[dict[str, Any]], T],
    *,
    literal: bool = False,
) -> tuple[dict[str, T], list[str]]:
    """
    Return the names of artifacts that match, sorted, and for each what *take* returns of the queue's entry, of which
    nothing else is stored; and the names that do not match, as far as they are known before one does.

    Args:
        pattern: As `match_names` describes it; None for all.
        literal: Whether it is a name.
    """
    matches = (lambda _name: True) if pattern is None else compile_pattern(pattern)
    exact: dict[str, T] = {}
    found: dict[str, T] = {}
    others: list[str] = []
    for entry in entries:
        name = entry["name"]
        if name == pattern:
            exact[name] = take(entry)
        elif not literal and matches(name):
            found[name] = take(entry)
        elif not found:
            others.append(name)
    return exact or {name: found[name] for name in sorted(found, key=name_key)}, others


def suggest_pattern(pattern: str, names: Iterable[str], lister: str) -> str:
    """
    Return a hint for a pattern that none of *names* matches.

    Args:
        lister: The command or option that prints the names.
    """
    names = list(names)
    part = [] if is_pattern(pattern) else [f"*{pattern.rpartition('/')[2]}*"]
    for wider in (f"**/{pattern.lstrip('/')}", f"{pattern.rstrip('/')}/**", *part):
        if count := len(match_names(wider, names)):
            return f"{wider!r} matches {count}"
    return f"{lister} prints all names" if names else "there are no artifacts"


def suggest_name(name: str, names: Iterable[str], lister: str) -> str:
    """
    Return a hint for the name of an artifact that is none of *names*. *lister* is as for `suggest_pattern`.
    """
    names = list(names)
    directory, _, file = name.rpartition("/")
    # Long names with the same directory are all alike: only the ends are compared, near ones first.
    for near in ([each for each in names if each.rpartition("/")[0] == directory], names):
        by_file = {each.rpartition("/")[2]: each for each in near}
        found = [by_file[each] for each in find_similar(file, by_file)] if file else []
        if found:
            return f"did you mean {' or '.join(found)}?"
    return suggest_pattern(name, names, lister)


def _split(pattern: str) -> list[str]:
    # Adjacent stars are one, so that each of them costs its own time only.
    pattern = re.sub(r"\*{3,}", "**", pattern)
    pattern = re.sub(r"(\*\*/)+", "**/", pattern)
    return re.findall(r"\*\*/?|\*|\?|\[!?\]?[^\]]*\]|[^*?\[]+|\[", pattern, re.DOTALL)


def _matches(pieces: Iterable[str], name: str) -> bool:
    """
    Return whether *name* matches, in a time that is proportional to its length and the number of pieces.

    A regular expression would try all ways to divide a name between the stars.
    """
    positions = {0}
    for piece in pieces:
        if not positions:
            return False
        first = min(positions)
        if piece == "**":
            positions = set(range(first, len(name) + 1))
        elif piece == "**/":
            positions |= {slash + 1 for slash in range(first, len(name)) if name[slash] == "/"}
        elif piece == "*":
            positions = _extend_to_slash(name, positions)
        elif piece == "?" or (piece[0] == "[" and piece[-1] == "]" and len(piece) > 2):
            # fnmatch knows all forms of sets.
            positions = {
                start + 1
                for start in positions
                if start < len(name) and name[start] != "/" and fnmatch.fnmatchcase(name[start], piece)
            }
        else:
            positions = {start + len(piece) for start in positions if name.startswith(piece, start)}
    return len(name) in positions


def _extend_to_slash(name: str, positions: set[int]) -> set[int]:
    """
    Return the positions from any of *positions* up to the next slash.
    """
    extended: set[int] = set()
    for start in sorted(positions):
        if start not in extended:
            slash = name.find("/", start)
            extended.update(range(start, (len(name) if slash < 0 else slash) + 1))
    return extended
