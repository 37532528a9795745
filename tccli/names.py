"""
Names as people type them: as the API spells them or in kebab-case, in any case; and suggestions for near misses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_SIMILARITY = 0.65


def fold(name: str) -> str:
    """
    Return *name* without case, hyphens and underscores. Two names that fold to the same are too easily confused.
    """
    return name.replace("-", "").replace("_", "").lower()


class Spellings:
    """
    Maps each accepted spelling of a name to the first one that was added: ``purgeCache``, ``purge-cache``,
    ``PURGE_CACHE`` and ``purgecache`` are one name, ``p-urgecache`` is another one.

    A call adds the name if it is new. So add the known names first; an unknown one is then returned as it was typed.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        for name in known:
            self(name)

    def __call__(self, name: str) -> str:
        """
        Return the name of which *name* is a spelling.
        """
        typed = name.lower().replace("_", "-")
        found = self._names.get(typed)
        if found is None:
            words = typed if typed == name else kebab(name).lower().replace("_", "-")
            found = self._names[typed] = self._names[words] = name
            self._names.setdefault(words.replace("-", ""), name)
        return found


def find(name: str, names: Iterable[str]) -> str | None:
    """
    Return the one of *names* that *name* is a spelling of; the same spelling goes first.
    """
    names = list(names)
    if name in names:
        return name
    found = Spellings(names)(name)
    return found if found in names else None


def suggestion(name: str, names: Iterable[str], cutoff: float = MIN_SIMILARITY) -> str:
    """
    Return ``did you mean …?`` with the names that are near, or nothing. *cutoff* is as for `find_similar`.
    """
    near = find_similar(name, names, cutoff)
    return f"did you mean {' or '.join(near)}?" if near else ""


def find_similar(name: str, names: Iterable[str], cutoff: float = MIN_SIMILARITY) -> list[str]:
    """
    Return up to three names that are near.

    Args:
        cutoff: The least similarity, from 0 to 1.
    """
    from difflib import get_close_matches

    by_fold = {fold(candidate): candidate for candidate in names}
    folded = fold(name)
    near = get_close_matches(folded, by_fold, n=3, cutoff=cutoff)
    near += [each for each in by_fold if len(folded) >= 3 and each.startswith(folded) and each not in near][
        : 3 - len(near)
    ]
    return [by_fold[each] for each in near]


def kebab(name: str) -> str:
    """
    Return an API name in the command line's spelling: ``continuationToken`` becomes ``continuation-token``.
    """
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
