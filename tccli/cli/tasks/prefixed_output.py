"""
Where the lines of many logs are written: whole lines, each after the name of its task.
"""

from __future__ import annotations

import threading
from itertools import chain, repeat
from typing import IO, TYPE_CHECKING

from tccli.core.printable import escape_controls, escape_line_breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tccli.core.tasks.members import Member

MAX_LINE_BYTES = 1 << 20
"""A longer line is printed as several, while other logs are printed at the same time."""
MAX_PREFIX_CHARACTERS = 40
"""Shorter names are padded, up to that length."""
COLOURS = (35, 32, 34, 31)
"""Without yellow and cyan, which are hard to see on white."""


class PrefixedOutput:
    """
    Writes lines of many logs. Thread-safe.

    Args:
        out: Opened by `tccli.cli.transfers.terminal_output.open_log_output`.
        prefix: Of each line: ``label`` or ``id`` of its task, or ``none``.
        coloured: Whether prefixes have colours.
        is_one: Whether there is one task, whose log is written as it is.
    """

    def __init__(self, out: IO[bytes], prefix: str, *, coloured: bool, is_one: bool = False) -> None:
        self.is_one = is_one
        self._out = out
        self._prefix = prefix
        self._coloured = coloured
        self._width = 0
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}

    def reserve(self, members: Iterable[Member]) -> None:
        """
        Pad all prefixes to the length of the longest of these tasks.
        """
        longest = max((len(self._label(member)) for member in members), default=0)
        with self._lock:
            self._width = max(self._width, min(longest, MAX_PREFIX_CHARACTERS))

    def copy(self, member: Member, blocks: Iterator[bytes], *, is_alone: bool) -> None:
        """
        Write the lines of a log as they come.

        Args:
            is_alone: Whether no other log is written meanwhile.
        """
        if self.is_one:
            for block in blocks:
                self._out.write(block)
                self._out.flush()
            return
        self.reserve([member])
        is_within_line = False
        for block in blocks if is_alone else _join_lines(blocks):
            if block:
                is_within_line = self._write(member, block, is_within_line=is_within_line)
                if is_within_line and not is_alone:
                    is_within_line = self._write(member, b"\n", is_within_line=True)
            else:
                self._out.flush()
        if is_within_line:
            self._write(member, b"\n", is_within_line=True)

    def _write(self, member: Member, text: bytes, *, is_within_line: bool) -> bool:
        """
        Write lines, and return whether the last one has no end yet.

        Args:
            is_within_line: Whether the first one is the rest of a line.
        """
        reset = getattr(self._out, "reset", None)
        *lines, last = text.split(b"\n")
        with self._lock:
            start = self._format_prefix(member)
            starts = chain([b"" if is_within_line else start], repeat(start))
            if reset is None:
                self._out.write(b"".join(b"%b%b\n" % (next(starts), line) for line in lines))
            else:
                for line in lines:
                    self._out.write(next(starts) + line)
                    # A colour without an end must not reach the lines of other tasks.
                    reset()
                    self._out.write(b"\n")
            if last:
                self._out.write(next(starts) + last)
            self._out.flush()
        return bool(last)

    def _label(self, member: Member) -> str:
        return member.task_id if self._prefix == "id" else escape_controls(escape_line_breaks(member.name))

    def _format_prefix(self, member: Member) -> bytes:
        if self._prefix == "none":
            return b""
        text = f"{self._label(member).ljust(self._width)} |"
        if self._coloured:
            colour = self._colours.setdefault(member.task_id, COLOURS[len(self._colours) % len(COLOURS)])
            text = f"\x1b[{colour}m{text}\x1b[0m"
        return f"{text} ".encode("utf-8", "backslashreplace")


def _join_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """
    Yield blocks of whole lines, and of parts of lines that are too long.
    """
    rest = bytearray()
    for block in blocks:
        if not block:
            yield b""
        rest += block
        end = rest.rfind(b"\n") + 1
        if end or len(rest) > MAX_LINE_BYTES:
            lines = bytes(rest[: end or len(rest)])
            del rest[: end or len(rest)]
            yield lines
    if rest:
        yield bytes(rest)
