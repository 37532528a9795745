"""
One moment by which something is done, and a reader that keeps to it, however small the pieces that arrive.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket


class Deadline:
    """
    One moment by which something is done, whatever the pieces it comes in.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        """
        Begin anew: something has happened.
        """
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """
        Return the seconds that are left.

        Raises:
            TimeoutError: There are none.
        """
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining


class DeadlinedReader(io.RawIOBase):
    """
    The bytes of a socket, none of which may come after the deadline.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._socket = sock
        self._deadline = deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """
        Say that it is there to be read.
        """
        return True

    def readinto(self, buffer: Any) -> int | None:
        """
        Read what is there, or wait for it until the deadline.
        """
        self._socket.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """
        Let go of the socket.
        """
        self._raw.close()
        super().close()


class Pieces(io.BufferedReader):
    """
    Fills buffers with what is there, instead of waiting until they are full.

    Attributes:
        whole: Wait, as the reader of chunks expects it.
        line: The latest that was read.
    """

    whole = True
    line = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        """
        Read a line, and keep it.
        """
        self.line = super().readline(size)
        return self.line

    def readinto(self, buffer: Any) -> int:
        """
        Fill a buffer, or as much of it as there is.
        """
        return super().readinto(buffer) if self.whole else self.readinto1(buffer)
