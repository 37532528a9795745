"""
A thread that accompanies a command and ends with it: it shows progress, or watches limits.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tccli.core.threads import ThreadError, start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def run_beside(work: Callable[[Callable[[float], bool]], None], *, is_required: bool = False) -> Iterator[None]:
    """
    Run *work* in a thread until the end of the block.

    Args:
        work: It gets a function that waits some seconds and returns whether the block has ended.
        is_required: Whether the block is not run if the system does not allow a further thread. Otherwise it is run
            without *work*.

    Raises:
        ThreadError: The block was not run.
    """
    over = threading.Event()
    thread = None

    def end() -> None:
        over.set()
        if thread is not None:
            thread.join()

    try:
        try:
            try:
                thread = start_thread(work, over.wait)
            except ThreadError:
                if is_required:
                    raise
            yield
        finally:
            end()
    finally:
        # An interruption may have come first, and the thread would leave the terminal as it is.
        end()
