"""
A stream that shows what is written at once, and that an interruption leaves at a known place.
"""

from __future__ import annotations

import os
import select
import stat
from typing import IO, TYPE_CHECKING, TypeVar

from tccli.interrupts import MAX_WAIT_SECONDS, interrupts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

MAX_FILE_BYTES = 1 << 20


class WrittenPart:
    """
    How much of a document has been written, so that it can be continued after an interruption.

    Attributes:
        count: Bytes of the document that are in the output.
    """

    def __init__(self) -> None:
        self.count = 0
        self._known = 0
        self._document: object = None

    def turn_to(self, document: object) -> None:
        """
        Count from 0, since this document follows; if it was the last one, what is in the output is not written again.
        """
        if document is self._document:
            self._known = self.count
        else:
            self.count = self._known = 0
            self._document = document

    def count_each(self, documents: Iterable[T]) -> Iterator[T]:
        """
        Yield documents, to each of which it turns.
        """
        for document in documents:
            self.turn_to(document)
            yield document

    def take_new(self, data: memoryview) -> memoryview:
        """
        Return what of *data*, the next bytes of the document, is not in the output.
        """
        known = min(self._known, len(data))
        self._known -= known
        return data[known:]


class LiveStream:
    """
    Writes to another stream, and flushes it each time.

    Where that is a file, a pipe or a terminal, an interruption comes while its reader does not read, or when what was
    written has been counted.

    Args:
        part: Counts the bytes.
    """

    def __init__(self, out: IO[bytes], part: WrittenPart | None = None) -> None:
        self._out = out
        self._part = WrittenPart() if part is None else part
        self._descriptor = _find_descriptor(out)
        out.flush()
        if self._descriptor is not None:
            is_file = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
            self._max_bytes = MAX_FILE_BYTES if is_file else select.PIPE_BUF
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, data: bytes) -> int:
        """
        Write all of *data*.
        """
        rest = self._part.take_new(memoryview(data))
        if self._descriptor is None:
            self._out.write(rest)
            self._out.flush()
            self._part.count += len(rest)
            return len(data)
        while rest:
            # Until the reader reads, or has ended.
            while not self._poll.poll(MAX_WAIT_SECONDS * 1000):
                pass
            with interrupts:
                count = _write_some(self._descriptor, rest[: self._max_bytes])
                self._part.count += count
            rest = rest[count:]
        return len(data)

    def flush(self) -> None:
        """
        Do nothing: what was written is out.
        """


def _find_descriptor(out: IO[bytes]) -> int | None:
    # Windows has poll for sockets only.
    if not hasattr(select, "poll"):
        return None
    try:
        return out.fileno()
    except (AttributeError, OSError):
        return None


def _write_some(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        return 0
