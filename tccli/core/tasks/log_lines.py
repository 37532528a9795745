"""
The lines of a log: those that are selected, with the times that the log has. Lines may have any length.
"""

from __future__ import annotations

import mmap
import re
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.core.times import format_timestamp
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import IO

MAX_SEARCHED_LINE_BYTES = 16 << 20
"""What follows in a longer line is not searched."""
MAX_DECODED_LINE_BYTES = 1 << 20
"""Longer lines are searched as bytes, which needs no second copy of them."""
MAX_STORED_LINE_BYTES = 128 * 1024
"""Longer lines are in a temporary file until they are decided, since many logs may be read at the same time."""
BLOCK_BYTES = 64 * 1024
"""In which a long line is printed."""
LINE_START_BYTES = 256
"""Enough to see who wrote a line, and when."""
NO_TIME = "-".ljust(24)
_WORKER_LINE = re.compile(rb"(?:\x1b\[[0-9;:]*m)*\[taskcluster[ :\]]")
_TIME = re.compile(
    rb"(?:\x1b\[[0-9;:]*m)*(?:\[\w+(?::\w+)? )?"
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?Z"
)
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*[mK]")


def _format_time(found: re.Match[bytes]) -> str:
    date, clock, fraction = (group.decode() if group else "" for group in found.groups())
    return f"{date}T{clock}.{fraction[:3].ljust(3, '0')}Z"


def is_worker_line(line: bytes | bytearray) -> bool:
    """
    Return whether the worker wrote a line, not the task: it begins with ``[taskcluster``.

    Source: the logs of docker-worker and generic-worker.
    """
    return _WORKER_LINE.match(line) is not None


def compile_search(text: str, option: str) -> Callable[[bytes | bytearray | mmap.mmap], bool]:
    """
    Return a function that searches a line for a regular expression. Colours are not part of a line.

    Raises:
        UsageError: It is empty or not valid.
    """
    from tccli.core.tasks.selection import compile_pattern

    pattern = compile_pattern(text, option)
    try:
        long_pattern = re.compile(text.encode())
    except (re.error, ValueError):
        raise UsageError(f"{option} {text!r} is not a regular expression: it cannot be matched with bytes") from None

    def search(line: bytes | bytearray | mmap.mmap) -> bool:
        if len(line) > MAX_DECODED_LINE_BYTES:
            return long_pattern.search(line) is not None
        line = line[:] if isinstance(line, mmap.mmap) else line
        plain = _COLOURS.sub(b"", line) if b"\x1b" in line else line
        return pattern.search(plain.decode("utf-8", "replace").rstrip("\r\n")) is not None

    return search


class _Line:
    """
    The bytes of a line: in memory, and of a long one in a temporary file that has no name.
    """

    def __init__(self) -> None:
        self.start = bytearray()
        self._file: IO[bytes] | None = None
        self.length = 0

    def append(self, block: bytes) -> None:
        self.length += len(block)
        if self._file is None and self.length > MAX_STORED_LINE_BYTES:
            # Without a place for files, it is stored in memory.
            with suppress(OSError):
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the line is decided
                self._file.write(self.start)
        if self._file is None:
            self.start += block
        else:
            self._file.write(block)

    def search(self, function: Callable[[bytes | bytearray | mmap.mmap], bool], lock: threading.Lock) -> bool:
        if self._file is None:
            return function(self.start)
        self._file.flush()
        with lock, mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return function(content)

    def blocks(self) -> Iterator[bytes]:
        if self._file is None:
            yield bytes(self.start)
            return
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            yield block

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class LineFilter:
    """
    Passes the lines of a log that are selected. Memory is bounded, however long a line is.

    Args:
        own: Leave out the lines of the worker.
        search: Returns whether a line is selected, or None for all.
        now: Returns the time, or None if lines get no times. A line gets the time that it begins with, or that of the
            line before; after `mark_live`, the time at which it comes.

    Attributes:
        starts: Where each line that was passed begins, or None if that is not recorded. Set it before the first block.
    """

    def __init__(
        self,
        *,
        own: bool = False,
        search: Callable[[bytes | bytearray | mmap.mmap], bool] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.starts: deque[int] | None = None
        self._own = own
        self._search = search
        self._now = now
        # A file counts as memory while it is mapped. Only one filter and its copies do that at a time.
        self._lock = threading.Lock()
        self._needed = MAX_SEARCHED_LINE_BYTES if search is not None else LINE_START_BYTES
        self._time = NO_TIME
        self._is_live = False
        self._line = _Line()
        self._is_passed: bool | None = None
        self._position = self._line_start = 0

    def copy(self, call: Callable[[Callable[[], bool]], bool] | None = None) -> LineFilter:
        """
        Return a filter that selects the same lines, and has not been fed.

        Args:
            call: Calls the functions that search a line, such as `tccli.core.call_queue.CallQueue.call`.
        """
        search = self._search
        if search is None or call is None:
            found = search
        else:

            def found(line: bytes | bytearray | mmap.mmap) -> bool:
                return call(lambda: search(line))

        copied = LineFilter(own=self._own, search=found, now=self._now)
        copied._lock = self._lock
        return copied

    @property
    def selects(self) -> bool:
        """
        Whether some lines may be left out.
        """
        return self._own or self._search is not None

    @property
    def searches(self) -> bool:
        """
        Whether lines are searched for a regular expression: Ctrl-C interrupts a slow one in the main thread only.
        """
        return self._search is not None

    @property
    def needed_bytes(self) -> int:
        """
        How many of the first bytes of a line tell whether it is selected.
        """
        return self._needed if self.selects else 0

    @property
    def marks_times(self) -> bool:
        """
        Whether a time is put before each line.
        """
        return self._now is not None

    def take_time(self, line: bytes | bytearray) -> bool:
        """
        Use the time that a line begins with, if there is one, for the lines after it; return whether there is one.
        """
        found = _TIME.match(line)
        if found is not None:
            self._time = _format_time(found)
        return found is not None

    def mark_live(self) -> None:
        """
        From now on, lines come when they are written.
        """
        self._is_live = True

    def matches(self, line: bytes | bytearray) -> bool:
        """
        Return whether a line is selected.
        """
        return not (self._own and is_worker_line(line)) and (self._search is None or self._search(line))

    def feed(self, block: bytes) -> Iterator[bytes]:
        """
        Yield what is to be printed of the next bytes and of those that were not decided before, in few pieces.
        """
        if not self.selects and self._now is None and self.starts is None:
            yield block
            return
        out: list[bytes | bytearray] = []
        start = 0
        while start < len(block):
            end = block.find(b"\n", start) + 1 or len(block)
            is_whole = block[end - 1] == 0x0A
            if self._is_passed is not None:
                if self._is_passed:
                    out.append(block[start:end])
            elif is_whole and not self._line.length:
                # Most lines: nothing of them was stored.
                self._line_start = self._position
                self._pass(block[start:end], out)
            else:
                yield from self._store(block[start:end], out, is_whole=is_whole)
            if is_whole:
                self._is_passed = None
            self._position += end - start
            start = end
        if out:
            yield b"".join(out)

    def _store(self, part: bytes, out: list[bytes | bytearray], *, is_whole: bool) -> Iterator[bytes]:
        """
        Store a part of a line, until the line can be decided; yield *out* and the line if it is long.
        """
        if not self._line.length:
            self._line_start = self._position
        self._line.append(part)
        if is_whole or self._line.length >= self._needed:
            yield from self._decide(out)

    def end(self) -> Iterator[bytes]:
        """
        Yield what is left to be printed at the end: a line without a line break.
        """
        out: list[bytes | bytearray] = []
        if self._line.length:
            yield from self._decide(out)
        yield b"".join(out)
        self._is_passed = None

    def _decide(self, out: list[bytes | bytearray]) -> Iterator[bytes]:
        """
        Add the line to *out* if it is selected; if it is long, yield *out* and the line.
        """
        line, self._line = self._line, _Line()
        try:
            if line.length <= MAX_STORED_LINE_BYTES:
                self._pass(line.start, out)
            elif self._pass(line.start, out, line):
                yield b"".join(out)
                out.clear()
                yield from line.blocks()
        finally:
            line.close()

    def _pass(self, start: bytes | bytearray, out: list[bytes | bytearray], long_line: _Line | None = None) -> bool:
        is_passed = not (self._own and is_worker_line(start))
        if is_passed and self._search is not None:
            is_passed = self._search(start) if long_line is None else long_line.search(self._search, self._lock)
        time = b"" if self._now is None else b"%b " % self._find_time(start).encode()
        self._is_passed = is_passed
        if is_passed:
            if self.starts is not None:
                self.starts.append(self._line_start)
            out.append(time)
            if long_line is None:
                out.append(start)
        return is_passed

    def _find_time(self, line: bytes | bytearray) -> str:
        found = _TIME.match(line)
        if found is not None:
            self._time = _format_time(found)
        elif self._is_live:
            assert self._now is not None
            self._time = format_timestamp(self._now())
        return self._time
