"""
Downloads and logs to stdout: as they are, or without control characters to a terminal.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from tccli.core.files import check_stdout
from tccli.core.printable import CONTROL_CHARACTERS, escape_controls
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.cli.context import Context

COLOUR = r"\x1b\[[0-9;:]{0,40}m"
"""Select Graphic Rendition, which can do no more than change how text looks. Source: ECMA-48, 8.3.117."""
RESET = b"\x1b[0m"
# Compilers erase the rest of the line after each colour, which changes nothing here.
_TOKEN = re.compile(rf"({COLOUR})(?:\x1b\[0?K)?|[{CONTROL_CHARACTERS}]")
_INCOMPLETE = re.compile(r"(?:\r|\x1b(?:\[[0-9;:]{0,40}(?:m(?:\x1b(?:\[0?)?)?)?)?)\Z")


@contextmanager
def open_stdout() -> Iterator[IO[bytes]]:
    """
    Return stdout for the bytes of a download.
    """
    check_stdout()
    if not sys.stdout.isatty():
        yield sys.stdout.buffer
        return
    writer = _TerminalWriter(sys.stdout.buffer)
    yield cast("IO[bytes]", writer)
    writer.write(b"", final=True)


class _TerminalWriter:
    """
    Writes UTF-8 text to a terminal, with its control characters escaped.

    Raises:
        UsageError: The bytes are not text.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, block: bytes | memoryview, *, final: bool = False) -> None:
        if b"\0" in bytes(block):
            raise UsageError("cannot write binary data to the terminal", hint="give -o FILE, or a pipe")
        text = escape_controls(self._decoder.decode(bytes(block), final).replace("\r\n", "\n"))
        self._out.write(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        self._out.flush()


@contextmanager
def open_log_output(context: Context) -> Iterator[IO[bytes]]:
    """
    Return stdout for the bytes of logs. On a terminal, only their colours reach it; all else is escaped.
    """
    check_stdout()
    if not sys.stdout.isatty():
        yield sys.stdout.buffer
        return
    writer = LogWriter(sys.stdout.buffer, coloured=wants_colours(context))
    try:
        yield cast("IO[bytes]", writer)
    finally:
        writer.end()


def wants_colours(context: Context) -> bool:
    """
    Return whether a terminal gets colours.
    """
    colour = context.options.color
    return colour == "always" or (
        colour == "auto" and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


class LogWriter:
    """
    Writes logs to a terminal: text, line breaks, tabs and colours.

    Args:
        coloured: Write colours; else they are left out.
    """

    def __init__(self, out: IO[bytes], *, coloured: bool) -> None:
        self._out = out
        self._coloured = coloured
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._is_coloured = False

    def write(self, block: bytes | memoryview, *, final: bool = False) -> None:
        """
        Write the next bytes; what may be the beginning of a colour is written with the next ones.
        """
        text = self._rest + self._decoder.decode(bytes(block), final)
        self._rest = ""
        if not final and (found := _INCOMPLETE.search(text)):
            text, self._rest = text[: found.start()], found[0]
        shown = _TOKEN.sub(self._replace, text.replace("\r\n", "\n"))
        self._out.write(shown.encode("utf-8", "backslashreplace"))

    def _replace(self, found: re.Match[str]) -> str:
        colour = found[1]
        if colour is None:
            return escape_controls(found[0])
        if not self._coloured:
            return ""
        self._is_coloured = colour not in {"\x1b[m", "\x1b[0m"}
        return str(colour)

    def reset(self) -> None:
        """
        End the colours of what was written.
        """
        if self._is_coloured:
            self._out.write(RESET)
            self._is_coloured = False

    def flush(self) -> None:
        """
        Send what was written to the terminal.
        """
        self._out.flush()

    def end(self) -> None:
        """
        Write what is left, and leave the terminal without colours.
        """
        self.write(b"", final=True)
        self.reset()
        self.flush()
