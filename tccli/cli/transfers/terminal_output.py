"""
Downloads to stdout: as they are, or without control characters to a terminal.
"""

from __future__ import annotations

import codecs
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from tccli.core.printable import escape_controls
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_stdout() -> Iterator[IO[bytes]]:
    """
    Return stdout for the bytes of a download.
    """
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
