"""
The lines of a log: those that are selected, with the times that the log has. Lines may have any length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tccli.core.times import format_timestamp
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from datetime import datetime

MAX_SEARCHED_LINE_BYTES = 16 << 20
"""What follows in a longer line is not searched."""
MAX_DECODED_LINE_BYTES = 1 << 20
"""Longer lines are searched as bytes, which needs no second copy of them."""
LINE_START_BYTES = 256
"""Enough to see who wrote a line, and when."""
NO_TIME = "-".ljust(24)
_WORKER_LINE = re.compile(rb"(?:\x1b\[[0-9;:]*m)*\[taskcluster[ :\]]")
_TIME = re.compile(
    rb"(?:\x1b\[[0-9;:]*m)*(?:\[\w+(?::\w+)? )?"
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?Z"
)
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*[mK]")


def is_worker_line(line: bytes | bytearray) -> bool:
    """
    Return whether the worker wrote a line, not the task: it begins with ``[taskcluster``.

    Source: the logs of docker-worker and generic-worker.
    """
    return _WORKER_LINE.match(line) is not None


def compile_search(text: str, option: str) -> Callable[[bytes | bytearray], bool]:
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

    def search(line: bytes | bytearray) -> bool:
        if len(line) > MAX_DECODED_LINE_BYTES:
            return long_pattern.search(line) is not None
        plain = _COLOURS.sub(b"", line) if b"\x1b" in line else line
        return pattern.search(plain.decode("utf-8", "replace").rstrip("\r\n")) is not None

    return search


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
        search: Callable[[bytes | bytearray], bool] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.starts: deque[int] | None = None
        self._own = own
        self._search = search
        self._now = now
        self._needed = MAX_SEARCHED_LINE_BYTES if search is not None else LINE_START_BYTES
        self._time = NO_TIME
        self._is_live = False
        self._line = bytearray()
        self._is_passed: bool | None = None
        self._position = self._line_start = 0

    def copy(self) -> LineFilter:
        """
        Return a filter that selects the same lines, and has not been fed.
        """
        return LineFilter(own=self._own, search=self._search, now=self._now)

    @property
    def selects(self) -> bool:
        """
        Whether some lines may be left out.
        """
        return self._own or self._search is not None

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

    def feed(self, block: bytes) -> list[bytes | bytearray]:
        """
        Return what is to be printed of the next bytes and of those that were not decided before, in few pieces.
        """
        if not self.selects and self._now is None and self.starts is None:
            return [block]
        out: list[bytes | bytearray] = []
        start = 0
        while start < len(block):
            end = block.find(b"\n", start) + 1 or len(block)
            is_whole = block[end - 1] == 0x0A
            if self._is_passed is None:
                if not self._line:
                    self._line_start = self._position
                self._line += block[start:end]
                if is_whole or len(self._line) >= self._needed:
                    self._decide(out)
            elif self._is_passed:
                out.append(block[start:end])
            if is_whole:
                self._is_passed = None
            self._position += end - start
            start = end
        # Long lines are not copied.
        return [b"".join(out)] if sum(map(len, out)) <= MAX_DECODED_LINE_BYTES else out

    def end(self) -> list[bytes | bytearray]:
        """
        Return what is left to be printed at the end: a line without a line break.
        """
        out: list[bytes | bytearray] = []
        if self._line:
            self._decide(out)
        self._is_passed = None
        return out

    def _decide(self, out: list[bytes | bytearray]) -> None:
        line = self._line
        self._is_passed = self.matches(line)
        time = "" if self._now is None else f"{self._find_time(line)} "
        if self._is_passed:
            if self.starts is not None:
                self.starts.append(self._line_start)
            out += [time.encode(), line]
        self._line = bytearray()

    def _find_time(self, line: bytearray) -> str:
        found = _TIME.match(line)
        if found is not None:
            date, clock, fraction = (group.decode() if group else "" for group in found.groups())
            self._time = f"{date}T{clock}.{fraction[:3].ljust(3, '0')}Z"
        elif self._is_live:
            assert self._now is not None
            self._time = format_timestamp(self._now())
        return self._time
