"""
The last lines of a log: found from its end where the storage has ranges, else by reading all of it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tccli.core.tasks.log_lines import MAX_STORED_LINE_BYTES, LineFilter
from tccli.core.tasks.log_reader import LogReader
from tccli.core.tasks.logs import fetch_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.core.transfer.remote import RemoteFile

FIRST_BLOCK_BYTES = 64 * 1024
MAX_TIME_BYTES = 64 * 1024
MAX_BLOCK_BYTES = 1 << 20
MAX_KEPT_BYTES = 2 << 20
"""Of what may be the last lines. If they are longer, they are read again."""


class Tail:
    """
    The last lines of a log, and the reader of what follows them.

    Attributes:
        before: Lines just before them, if times are marked: lines without a time have that of the line before.
        first: The last lines in blocks, if they were read already.
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
        self.first: Sequence[bytes] = ()
        self.before: Sequence[bytes] = ()
        self._is_silent = False
        length = fetch_length(remote)
        start = None if length is None else find_last_lines(remote, length, count, lines)
        if length is None or start is None:
            self.reader, self._rest = self._read_forwards(remote, count, lines)
        else:
            if lines.marks_times and start:
                data = b"".join(LogReader(remote, max(0, start - MAX_TIME_BYTES), start).blocks())
                # The first line may be cut off.
                self.before = data.splitlines()[start > MAX_TIME_BYTES :]
            self.reader = LogReader(remote, start, length)
            self._rest = self.reader.blocks() if self.reader.position < length else iter(())

    def blocks(self) -> Iterator[bytes]:
        """
        Yield the last lines, and what `LogReader.blocks` yields after them.
        """
        yield from self.first
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
            for _ in scanner.feed(block):
                pass
            kept.append(block)
            kept_bytes += len(block)
            while kept_bytes - len(kept[0]) > MAX_KEPT_BYTES:
                kept_bytes -= len(kept.popleft())
        for _ in scanner.end():
            pass
        start = starts[0] if starts and count else reader.position
        if start < reader.position - kept_bytes:
            blocks.close()
            again = LogReader(remote, start, is_compressed=reader.is_compressed)
            return again, again.blocks()
        while kept and start >= reader.position - kept_bytes + len(kept[0]):
            kept_bytes -= len(kept.popleft())
        if lines.marks_times and kept:
            self.before = kept[0][: start - reader.position + kept_bytes].splitlines()
        if kept:
            kept[0] = kept[0][start - reader.position + kept_bytes :]
        self.first = kept
        return reader, blocks


def find_last_lines(remote: RemoteFile, length: int, count: int, lines: LineFilter) -> int | None:
    """
    Return where the last *count* selected lines of a log begin. It is read backwards, in larger and larger blocks;
    None if the storage does not send ranges of it.

    Args:
        length: Of the log.
        lines: Selects them; it is not fed.
    """
    # Of a line that is longer, only the start is stored; it is read again if that does not tell enough.
    limit = min(lines.needed_bytes, MAX_STORED_LINE_BYTES) or 1
    found, start, position, size = 0, length, length, FIRST_BLOCK_BYTES
    rest, rest_end = b"", length
    while position and found < count:
        begin = max(0, position - size)
        reader = LogReader(remote, begin, position)
        data = b"".join((*reader.blocks(), rest))
        if reader.ignores_ranges:
            return None
        position, size = begin, min(size * 2, MAX_BLOCK_BYTES)
        end = len(data)
        while found < count:
            line_break = data.rfind(b"\n", 0, max(end - 1, 0))
            if line_break < 0 and position:
                break
            first = begin + line_break + 1
            if _is_selected(remote, data[line_break + 1 : end], first, rest_end, lines):
                found += 1
                start = first
            end, rest_end = line_break + 1, first
            if not end:
                break
        rest = data[: min(end, limit)]
    return start


def _is_selected(remote: RemoteFile, line: bytes, first: int, end: int, lines: LineFilter) -> bool:
    """
    Return whether a line is selected.

    Args:
        line: Its bytes, or the first of them.
        first: Where it begins; it is before *end*.
    """
    if not lines.selects:
        return True
    if len(line) >= min(end - first, lines.needed_bytes):
        return lines.matches(line)
    scanner = lines.copy()
    scanner.starts = deque()
    for block in LogReader(remote, first, end).blocks():
        for _ in scanner.feed(block):
            pass
    for _ in scanner.end():
        pass
    return bool(scanner.starts)
