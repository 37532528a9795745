"""
Standard streams that do not block, as another process of a pipeline may have left them.

Python's buffered streams drop what such a descriptor does not take at once, without an error.
"""

from __future__ import annotations

import io
import os
import select
import sys

from tccli.interrupts import MAX_WAIT_SECONDS


def make_streams_wait() -> None:
    """
    Let stdout and stderr wait for their readers. The mode of the descriptor, which others share, is not changed.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not os.get_blocking(stream.fileno()):
            buffer = io.BufferedWriter(_WaitingFile(stream.fileno()))
            setattr(
                sys,
                name,
                io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=stream.line_buffering),
            )


class _WaitingFile(io.RawIOBase):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: object) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)  # type: ignore[arg-type]
            except BlockingIOError:
                select.select([], [self._descriptor], [], MAX_WAIT_SECONDS)
