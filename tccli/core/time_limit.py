"""
A limit of processor time for work on what others chose, such as the regular expressions of a schema.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


class TimeLimitError(Exception):
    """
    The work took too long.
    """


@contextmanager
def limit_processor_time(seconds: float) -> Iterator[None]:
    """
    Raise TimeLimitError in the block when the process has used that much processor time in it.

    A regular expression cannot be stopped by another thread, but by a signal. So there is no limit outside of the main
    thread, on Windows, and inside of another limit, which covers all of its block.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_VIRTUAL)[0]:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(_signal: int, _frame: Any) -> NoReturn:
    raise TimeLimitError
