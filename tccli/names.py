"""
Names as people type them: kebab-case, camelCase, any case mean the same, and near misses are recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def fold(name: str) -> str:
    """
    Return what all spellings of a name have in common: ``purgeCache``, ``purge-cache`` and ``PURGE_CACHE`` are one.
    """
    return name.replace("-", "").replace("_", "").lower()


def find(name: str, names: Iterable[str]) -> str | None:
    """
    Return the one of *names* that *name* is a spelling of; the same spelling goes first.
    """
    names = list(names)
    if name in names:
        return name
    folded = fold(name)
    return next((candidate for candidate in names if fold(candidate) == folded), None)


def suggestion(name: str, names: Iterable[str]) -> str:
    """
    Return ``did you mean …?`` with the names that are near, or nothing.
    """
    from difflib import get_close_matches

    by_fold = {fold(candidate): candidate for candidate in names}
    folded = fold(name)
    near = get_close_matches(folded, by_fold, n=3, cutoff=0.65)
    near += [each for each in by_fold if len(folded) >= 3 and each.startswith(folded) and each not in near][
        : 3 - len(near)
    ]
    return f"did you mean {' or '.join(by_fold[each] for each in near)}?" if near else ""


def kebab(name: str) -> str:
    """
    Return an API name in the command line's spelling: ``continuationToken`` becomes ``continuation-token``.
    """
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
