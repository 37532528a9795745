"""
Pseudo-terminals for tests of what a terminal shows.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]")


def read_terminal(descriptor: int) -> bytes:
    """
    Return what is shown until no process has the terminal, or the pipe, any more; and close it.
    """
    shown = b""
    # Linux reports the end of a terminal as an error.
    with suppress(OSError):
        while piece := os.read(descriptor, 65536):
            shown += piece
    os.close(descriptor)
    return shown


class Screen:
    """
    What a terminal shows that wraps lines, also again when it becomes narrower. The rows above remain.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows = [""]
        # Of each row, whether the next one continues it.
        self._wraps = [False]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """
        Write *text*, of narrow characters.
        """
        for step in STEP.finditer(text):
            number, command = step[1], step[2]
            if command == "A":
                self._row = max(0, self._row - int(number or 1))
            elif command == "K":
                assert number == "2", step
                self._rows[self._row], self._wraps[self._row] = "", False
            elif command is not None:
                assert command in "mhl", step
            elif step[0] == "\r":
                self._column = 0
            elif step[0] == "\n":
                self._move_down(wraps=False)
            else:
                self._put(step[0])

    def _put(self, character: str) -> None:
        if self._column == self._columns:
            self._move_down(wraps=True)
        row = self._rows[self._row].ljust(self._column)
        self._rows[self._row] = row[: self._column] + character + row[self._column + 1 :]
        self._column += 1

    def _move_down(self, *, wraps: bool) -> None:
        self._wraps[self._row] = wraps
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append("")
            self._wraps.append(False)

    def narrow(self, columns: int) -> None:
        """
        Make the terminal narrower, with the cursor in its last line.
        """
        lines = self.lines()
        assert not any(self._rows[self._row + 1 :])
        self.__init__(columns)  # type: ignore[misc]
        self.feed("\r\n".join(lines))

    def lines(self) -> list[str]:
        """
        Return what is shown as lines, however they are wrapped, without the empty ones at the end.
        """
        lines = [""]
        for row, wraps in zip(self._rows, self._wraps, strict=True):
            lines[-1] += row
            if not wraps:
                lines.append("")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n").split("\n")


class Terminal:
    """
    A terminal of this process.

    Attributes:
        file: To write to it.
        screen: What it shows of what was read.
    """

    def __init__(self, file: IO[str], descriptor: int, columns: int) -> None:
        self.file = file
        self.screen = Screen(columns)
        self._descriptor = descriptor

    def read(self) -> list[str]:
        """
        Return the lines that are shown now.
        """
        self.file.flush()
        os.set_blocking(self._descriptor, False)
        shown = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._descriptor, 65536):
                shown += piece
        self.screen.feed(shown.decode())
        return self.screen.lines()

    def narrow(self, columns: int) -> None:
        """
        Make it narrower.
        """
        self.read()
        self.screen.narrow(columns)


@contextmanager
def open_terminal(columns: int) -> Iterator[Terminal]:
    """
    Open a terminal for this process.
    """
    control, terminal = os.openpty()
    with open(terminal, "w", encoding="utf-8") as file:
        yield Terminal(file, control, columns)
    os.close(control)
