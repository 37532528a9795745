"""
Rows of any number in order: in a temporary file, with only their keys in memory.
"""

from __future__ import annotations

import io
import struct
import tempfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLACE = struct.Struct(">d")
_OFFSET = struct.Struct(">Q")
PLACE_OFFSET = 1e12
"""Makes places positive: as bytes, only positive numbers sort as they do as numbers. Longer than a task can take."""


def sort_rows(rows: Iterable[tuple[tuple[float, bytes, str], Any]]) -> Iterator[Any]:
    """
    Yield rows in the order of their keys.

    Args:
        rows: Each with a key: a number, bytes of which none begin as others end, and a text that no other row has.
    """
    import pickle

    keys: list[bytes] = []
    with _open_file() as file:
        for (place, name, task_id), row in rows:
            text = f"{task_id}\0".encode("utf-8", "surrogatepass")
            keys.append(_PLACE.pack(place + PLACE_OFFSET) + name + text + _OFFSET.pack(file.tell()))
            pickle.dump(row, file)
        keys.sort()
        for key in keys:
            file.seek(*_OFFSET.unpack(key[-_OFFSET.size :]))
            # What this function has written, to a file without a name.
            yield pickle.load(file)  # noqa: S301


def _open_file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError:
        # There is no place for files, but there may be enough memory.
        return io.BytesIO()
