"""
The last lines of a log: found from its end where the storage has ranges, else by reading all of it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tccli.core.tasks.log_lines import MAX_SEARCHED_LINE_BYTES, LineFilter
from tccli.core.tasks.log_reader import LogReader
from tccli.core.tasks.logs import fetch_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.transfer.remote import RemoteFile

FIRST_BLOCK_BYTES = 64 * 1024
MAX_BLOCK_BYTES = 4 << 20
MAX_KEPT_BYTES = 8 << 20
"""Of what may be the last lines. If they are longer, they are read again."""


class Tail:
    """
    The last lines of a log, and the reader of what follows them.

    Attributes:
        first: The last lines, if they were read already.
        reader: Of the rest.
    """

    def __init__(self, remote: RemoteFile, count: int, lines: LineFilter) -> None:
        """
        Find the last lines.

        Args:
            count: How many of those that are selected.
            lines: Selects them; it is not fed.

        Raises:
            TcError: The log cannot be downloaded.
        """
        self.first = b""
        self._is_silent = False
        length = fetch_length(remote)
        if length is None:
            self.reader, self._rest = self._read_forwards(remote, count, lines)
        else:
            self.reader = LogReader(remote, find_last_lines(remote, length, count, lines), length)
            self._rest = self.reader.blocks() if self.reader.position < length else iter(())

    def blocks(self) -> Iterator[bytes]:
        """
        Yield the last lines, and what `LogReader.blocks` yields after them.
        """
        if self.first:
            yield self.first
        if self._is_silent:
            yield b""
        yield from self._rest

    def _read_forwards(self, remote: RemoteFile, count: int, lines: LineFilter) -> tuple[LogReader, Iterator[bytes]]:
        reader = LogReader(remote)
        scanner = lines.copy()
        starts: deque[int] = deque(maxlen=max(count, 1))
        scanner.starts = starts
        kept: deque[bytes] = deque()
        kept_bytes = 0
        blocks = reader.blocks()
        for block in blocks:
            if not block:
                # All that a live log has by now.
                self._is_silent = True
                break
            scanner.feed(block)
            kept.append(block)
            kept_bytes += len(block)
            while kept_bytes - len(kept[0]) > MAX_KEPT_BYTES:
                kept_bytes -= len(kept.popleft())
        scanner.end()
        start = starts[0] if starts and count else reader.position
        if start < reader.position - kept_bytes:
            blocks.close()
            again = LogReader(remote, start)
            return again, again.blocks()
        self.first = b"".join(kept)[start - reader.position :] if start < reader.position else b""
        return reader, blocks


def find_last_lines(remote: RemoteFile, length: int, count: int, lines: LineFilter) -> int:
    """
    Return where the last *count* selected lines of a log begin. It is read backwards, in larger and larger blocks.

    Args:
        length: Of the log.
        lines: Selects them; it is not fed.
    """
    # Of a line that is not searched, one byte stands for all.
    limit = MAX_SEARCHED_LINE_BYTES if lines.selects else 1
    found, start, position, size = 0, length, length, FIRST_BLOCK_BYTES
    rest = b""
    while position and found < count:
        begin = max(0, position - size)
        data = b"".join(LogReader(remote, begin, position).blocks()) + rest
        position, size = begin, min(size * 2, MAX_BLOCK_BYTES)
        end = len(data)
        while found < count:
            line_break = data.rfind(b"\n", 0, max(end - 1, 0))
            if line_break < 0 and position:
                break
            if not lines.selects or lines.matches(data[line_break + 1 : end]):
                found += 1
                start = begin + line_break + 1
            end = line_break + 1
            if not end:
                break
        rest = data[: min(end, limit)]
    return start
