"""
The order of lists: the collation en_US.utf8 of the services' PostgreSQL.

Digits come before letters, lower case before upper case. Punctuation decides between texts that are equal without it,
and accents before case.

Source: the locale en_US of the GNU C library, whose order follows ISO 14651.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TypeAlias

SortKey: TypeAlias = tuple[str, str, str, tuple[int, ...], str]

NAME = "en_US"
"""In SQL: ``COLLATE en_US``."""
MAX_CODE_POINT = 0x10FFFF


@lru_cache(maxsize=65_536)
def sort_key(text: str) -> SortKey:
    """
    Return a value by which texts sort as the services sort them; equal only for equal texts.
    """
    base, accents, cases, punctuation = [], [], [], []
    for character in unicodedata.normalize("NFKD", text):
        if character.isalnum() or character in "$\ufffd":
            base.append(character.casefold())
            accents.append("")
            cases.append("1" if character.isupper() else "0")
            # Punctuation comes before what is not.
            punctuation.append(MAX_CODE_POINT + 1)
        elif unicodedata.combining(character) and accents:
            accents[-1] += character
        else:
            punctuation.append(ord(character))
    return "".join(base), "\0".join(accents), "".join(cases), tuple(punctuation), text


def compare(one: str, other: str) -> int:
    """
    Compare two texts: a negative number, 0, or a positive number.
    """
    if one == other:
        return 0
    return 1 if sort_key(one) > sort_key(other) else -1
