"""
Answers in pages: limits, and tokens that name the last entry seen, so that the last page costs what the first did.
"""

from __future__ import annotations

import binascii
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tccli.sandbox.http.errors import ApiError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LARGEST = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """
    Some rows, and the token for the next ones, or None.
    """

    rows: Sequence[Any]
    token: str | None

    def answer(self, **values: Any) -> dict[str, Any]:
        """
        Return *values*, and the token if there is one.
        """
        return values if self.token is None else {**values, "continuationToken": self.token}


def page(
    query: Mapping[str, str],
    name: str,
    key: Callable[[Any], str],
    fetch: Callable[[str, int], Sequence[Any]],
    *,
    forgiving: bool = False,
) -> Page:
    """
    Return the page that *query* asks for.

    Args:
        query: May have ``limit`` and ``continuationToken``.
        name: Which list it is: a token of another list is taken for a made-up one, which begins again at the top.
        key: Row → what the rows are sorted by, unique.
        fetch: Key and number → at most that many rows after that key; the first page is after the empty key.
        forgiving: Whether ``limit=0`` gives an empty page. Most lists fail on it where there would have been entries.

    Raises:
        ApiError: The token has other characters than letters and digits.
    """
    size = read_limit(query.get("limit"), LARGEST)
    after = decode_token(name, query["continuationToken"]) if "continuationToken" in query else None
    rows = fetch(after or "", size + 1)
    if len(rows) <= size:
        return Page(rows, None)
    rows = rows[:size]
    if rows:
        return Page(rows, encode_token(name, key(rows[-1])))
    if after:
        return Page(rows, encode_token(name, after))
    if forgiving:
        return Page(rows, None)
    raise InternalError("Output schema validation error: data.continuationToken should be string")


def read_limit(text: str | None, largest: int) -> int:
    """
    Return the number of entries in a page, at most *largest*.
    """
    return largest if text is None or len(text) > 9 else min(int(text), largest)


def encode_token(name: str, key: str) -> str:
    """
    Return a token, letters and digits only, that stands for *key* in the list *name*.
    """
    written = key.encode()
    return f"{zlib.crc32(name.encode() + written):08x}{written.hex()}"


def decode_token(name: str, token: str) -> str | None:
    """
    Return the key in a token, or None for one that this list has not given out.

    Raises:
        ApiError: It has other characters than letters and digits.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+", token):
        raise ApiError("InputError", "Invalid continuationToken")
    try:
        written = binascii.unhexlify(token[8:])
        key = written.decode()
    except ValueError:
        return None
    return key if token == encode_token(name, key) else None
