"""
Threads and timers, which end with the process; and the error of a system that allows no further one.
"""

from __future__ import annotations

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T", bound=threading.Thread)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Those that end a command."""


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
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else None
    try:
        if mask is not None:
            # It raises what a signal just before it raises, and blocks nevertheless.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        thread.start()
    except RuntimeError:
        raise ThreadError from None
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return thread
