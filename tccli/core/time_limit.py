"""
Limits of time for work on what others chose, such as the regular expressions of a schema.
"""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

REPEAT_SECONDS = 0.1


class TimeLimitError(Exception):
    """
    The work took too long.
    """


def limit_processor_time(seconds: float) -> AbstractContextManager[None]:
    """
    Raise TimeLimitError in the block when the process has used that much processor time in it.

    A regular expression cannot be stopped by another thread, but by a signal. So there is no limit outside of the main
    thread, on Windows, and inside of another limit, which covers all of its block.
    """
    return _limit("ITIMER_VIRTUAL", "SIGVTALRM", seconds)


def limit_time(seconds: float) -> AbstractContextManager[None]:
    """
    Raise TimeLimitError in the block when that much time is over, also while it waits for a pipe. There is no limit
    where `limit_processor_time` has none.
    """
    return _limit("ITIMER_REAL", "SIGALRM", seconds)


@contextmanager
def _limit(timer_name: str, signal_name: str, seconds: float) -> Iterator[None]:
    is_main = threading.current_thread() is threading.main_thread()
    timer = getattr(signal, timer_name, None)
    if not is_main or timer is None or signal.getitimer(timer)[0]:
        yield
        return
    number = getattr(signal, signal_name)
    before = signal.signal(number, _stop)
    # Again, since Python ignores exceptions in finalizers.
    signal.setitimer(timer, seconds, REPEAT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)


def _stop(_signal: int, _frame: Any) -> NoReturn:
    raise TimeLimitError
