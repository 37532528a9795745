"""
Byte ranges: the ``Range`` header and its conditions.

Pure. As with S3, several ranges at once select the whole file.

Source: RFC 9110, sections 13 and 14.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*", re.IGNORECASE)


class UnsatisfiableError(ValueError):
    """
    The range is outside of the file.
    """


def select(headers: Mapping[str, str], size: int, *, etag: str, modified: str) -> tuple[int, int] | None:
    """
    Return the offsets of the first byte and after the last one, or None for the whole file.

    Args:
        headers: Of the request, by lower-case name.
        size: Of the file, in bytes.
        etag: Of the file, with quotes.
        modified: Of the file, as in ``Last-Modified``.

    Raises:
        UnsatisfiableError: The range is outside of the file.
    """
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or (not found[1] and not found[2]):
        return None
    if headers.get("if-range", etag).strip() not in {etag, modified}:
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size:
        raise UnsatisfiableError
    return start, end
