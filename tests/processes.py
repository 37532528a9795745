"""
Processes below one, and their end.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator


def list_children(pid: int) -> list[int]:
    """
    Return the process ids of the children of a process.
    """
    # Its main thread forks; the others may end while they are listed.
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def stopped(process: subprocess.Popen[Any]) -> Iterator[None]:
    """
    Stop a process during the block: what changes in it changes at once for the process.
    """
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def end_all(process: subprocess.Popen[Any]) -> None:
    """
    Kill a process, if it runs, and those that it has started. One that is left would hold its pipes open.
    """
    if process.poll() is not None:
        return
    for pid in [*_list_descendants(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _list_descendants(pid: int) -> list[int]:
    try:
        children = list_children(pid)
    except OSError:
        return []
    return [each for child in children for each in (child, *_list_descendants(child))]
