"""
Limits of time for work on what others chose, such as the regular expressions of a schema.
"""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from types import FrameType

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
    return _Limit("ITIMER_VIRTUAL", "SIGVTALRM", seconds)


def limit_time(seconds: float) -> AbstractContextManager[None]:
    """
    Raise TimeLimitError in the block when that much time is over, also while it waits for a pipe. There is no limit
    where `limit_processor_time` has none.
    """
    return _Limit("ITIMER_REAL", "SIGALRM", seconds)


class _Limit(AbstractContextManager[None]):
    """
    A signal that comes while the block begins or ends raises nothing there: the timer would run on after the block. Nor
    does one that comes within what must be done as a whole (`interrupts`): the next one does.
    """

    def __init__(self, timer_name: str, signal_name: str, seconds: float) -> None:
        self._timer: int | None = getattr(signal, timer_name, None)
        self._signal_name = signal_name
        self._seconds = seconds
        self._is_active = False

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or self._timer is None or signal.getitimer(self._timer)[0]:
            return
        self._number = getattr(signal, self._signal_name)
        self._former_handler = signal.signal(self._number, self._stop)
        self._is_active = True
        # Again, since Python ignores exceptions in finalizers.
        signal.setitimer(self._timer, self._seconds, REPEAT_SECONDS)

    def __exit__(self, *_: object) -> None:
        if self._is_active and self._timer is not None:
            self._is_active = False
            signal.setitimer(self._timer, 0)
            signal.signal(self._number, self._former_handler)

    def _stop(self, _signal: int, frame: FrameType | None) -> None:
        # Before its first line, the block is still active.
        is_in_block = frame is None or frame.f_code not in {_Limit.__enter__.__code__, _Limit.__exit__.__code__}
        if self._is_active and is_in_block and not interrupts.is_held:
            raise TimeLimitError
