"""
Lines that a user pastes into the terminal while a command waits for something else.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tccli.core.threads import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READ_BYTES = 4096
MAX_LINE_BYTES = 65_536


@contextmanager
def read_lines(take: Callable[[str], None], end: Callable[[], None], *, reads_pipe: bool) -> Iterator[bool]:
    """
    Call *take* with each line while the block runs; return whether there is something to read from.

    Lines come from stdin if it is a terminal, else from the terminal of the process. They are not shown, since they may
    have secrets. Nothing is read in the background of a shell.

    Args:
        take: Called in another thread.
        end: Called at the end of input.
        reads_pipe: Whether stdin is read if it is not a terminal; its end is not reported then.
    """
    descriptor, is_terminal = _open_terminal(reads_pipe=reads_pipe)
    if descriptor is None:
        yield False
        return
    with _without_echo(descriptor, is_terminal=is_terminal):
        # The thread ends with the process: a read from a terminal cannot be ended.
        start_thread(_read, descriptor, take, end if is_terminal else None)
        yield True


def _open_terminal(*, reads_pipe: bool) -> tuple[int | None, bool]:
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None, False
    if os.isatty(descriptor):
        return (descriptor, True) if _is_foreground(descriptor) else (None, False)
    if reads_pipe:
        return descriptor, False
    with suppress(OSError):
        descriptor = os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0))
        if _is_foreground(descriptor):
            return descriptor, True
        os.close(descriptor)
    return None, False


def _is_foreground(descriptor: int) -> bool:
    if not hasattr(os, "tcgetpgrp"):
        return True
    with suppress(OSError):
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    # A terminal without job control.
    return True


@contextmanager
def _without_echo(descriptor: int, *, is_terminal: bool) -> Iterator[None]:
    try:
        import termios
    except ImportError:
        yield
        return
    if not is_terminal:
        yield
        return
    before = termios.tcgetattr(descriptor)
    quiet = [*before[:3], before[3] & ~termios.ECHO | termios.ECHONL, *before[4:]]
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read(descriptor: int, take: Callable[[str], None], end: Callable[[], None] | None) -> None:
    pending = b""
    with suppress(OSError):
        while data := os.read(descriptor, READ_BYTES):
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                if line.strip():
                    take(line.decode("utf-8", "replace").strip())
            pending = pending[:MAX_LINE_BYTES]
    if pending.strip():
        take(pending.decode("utf-8", "replace").strip())
    if end is not None:
        end()
