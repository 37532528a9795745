"""
A thread that accompanies a command and ends with it: it shows progress, or watches limits.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def run_beside(work: Callable[[Callable[[float], bool]], None]) -> Iterator[None]:
    """
    Run *work* in a thread until the end of the block.

    Args:
        work: It gets a function that waits some seconds and returns whether the block has ended.
    """
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over.wait,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
