"""
The standard input of a batch, which is read in a thread.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tccli.cli.context import Context


def open_stdin(context: Context) -> IO[bytes]:
    """
    Return stdin; if that is a terminal, print that tc waits for input.
    """
    if sys.stdin is None:
        return io.BytesIO()
    if sys.stdin.isatty():
        context.print_message("tc: batch: reading the calls from the terminal; Ctrl-D ends the input")
    # Not the buffered stream: the thread that waits for it would have its lock when the interpreter ends.
    stream: Any = sys.stdin.buffer
    return getattr(stream, "raw", stream)  # type: ignore[no-any-return]


def find_size(stream: IO[bytes]) -> int | None:
    """
    Return the number of bytes that a file has from its position on, or None if that is not known.
    """
    try:
        status = os.fstat(stream.fileno())
        return max(0, status.st_size - stream.tell()) or None if stat.S_ISREG(status.st_mode) else None
    except (OSError, AttributeError, ValueError):
        return None
