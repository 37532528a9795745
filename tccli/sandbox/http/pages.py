"""
Paging: limits, and continuation tokens that name the last entry of a page, so that every page costs the same.
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tccli.sandbox.http.errors import ApiError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """
    Rows of a list, and the token for the next page, or None.
    """

    rows: Sequence[Any]
    token: str | None

    def document(self, **values: Any) -> dict[str, Any]:
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
    allows_empty: bool = False,
    by_index: bool = False,
) -> Page:
    """
    Return the page that *query* asks for.

    Args:
        query: May have ``limit`` and ``continuationToken``.
        name: Identifies the list. The token of another list is ignored.
        key: Returns a row's unique sort key.
        fetch: Returns at most so many rows after a key; the empty key is before all rows.
        allows_empty: Whether ``limit=0`` gives an empty page. Most lists fail with 500 if they have entries.
        by_index: Whether the list takes any token, and begins with the first page if the token is not its own.

    Raises:
        ApiError: The token has other characters than letters and digits, or the limit is 0.
    """
    size = read_limit(query.get("limit"), MAX_LIMIT)
    encode, decode = (encode_index_token, decode_index_token) if by_index else (encode_token, decode_token)
    after = decode(name, query["continuationToken"]) if "continuationToken" in query else None
    rows = fetch(after or "", size + 1)
    if len(rows) <= size:
        return Page(rows, None)
    rows = rows[:size]
    if rows:
        return Page(rows, encode(name, key(rows[-1])))
    if after and not by_index:
        return Page(rows, encode(name, after))
    if allows_empty:
        return Page(rows, None)
    raise InternalError("Output schema validation error: data.continuationToken should be string")


def read_limit(text: str | None, maximum: int) -> int:
    """
    Return the number of entries in a page.
    """
    digits = (text or str(maximum)).lstrip("0")
    return maximum if len(digits) > len(str(maximum)) else min(int(digits or "0"), maximum)


def encode_token(name: str, key: str) -> str:
    """
    Return a token of letters and digits for *key* in the list *name*.
    """
    written = key.encode()
    return f"{zlib.crc32(name.encode() + written):08x}{written.hex()}"


def decode_token(name: str, token: str) -> str | None:
    """
    Return the key in a token, or None if the token is not one of this list.

    Raises:
        ApiError: The token has other characters than letters and digits.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+", token):
        raise ApiError("InputError", "Invalid continuation token")
    try:
        written = binascii.unhexlify(token[8:])
        key = written.decode()
    except ValueError:
        return None
    return key if token == encode_token(name, key) else None


def encode_index_token(name: str, key: str) -> str:
    """
    Return a token for *key* in the list *name*: an array of JSON in base64.
    """
    return b64encode(json.dumps([name, key]).encode()).decode()


def decode_index_token(name: str, token: str) -> str | None:
    """
    Return the key in a token, or None if the token is not one of this list.
    """
    try:
        owner, key = json.loads(b64decode(token))
    except (ValueError, TypeError, RecursionError):
        return None
    return key if owner == name and isinstance(key, str) else None
