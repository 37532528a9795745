"""
Threads and timers, which end with the process; and the error of a system that allows no further one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.errors import ConfigurationError
from tccli.interrupts import block_signals

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T", bound=threading.Thread)


class ThreadError(ConfigurationError):
    """
    A limit of processes or of memory does not allow a further thread.
    """

    def __init__(self) -> None:
        super().__init__(
            "cannot start a thread: this machine refused",
            hint="raise the limit of processes or of memory: ulimit -u, ulimit -v",
        )


def start_thread(function: Callable[..., Any], *args: Any) -> threading.Thread:
    """
    Call *function* in another thread, which does not delay the end of the process.

    Raises:
        ThreadError: The system does not allow it.
    """
    return _start(threading.Thread(target=function, args=args))


def start_timer(seconds: float, function: Callable[[], Any]) -> threading.Timer:
    """
    Call *function* after some seconds, unless the timer is cancelled or the process ends.

    Raises:
        ThreadError: The system does not allow it.
    """
    return _start(threading.Timer(seconds, function))


def _start(thread: T) -> T:
    thread.daemon = True
    # Python handles a signal in the main thread, which does not wake up if the system chooses another one for it. After
    # a stop, it may do so: to end a job that is stopped, a shell sends the signal first, and then continues the job.
    try:
        with block_signals():
            thread.start()
    except RuntimeError:
        raise ThreadError from None
    return thread
