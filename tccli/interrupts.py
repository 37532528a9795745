"""
Ctrl-C, and the other signals that end a command as it does.
"""

# Not signal: its definition of enumerations takes a fortieth of a start.
import _signal as signal  # type: ignore[import-not-found]
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
MAX_WAIT_SECONDS = 0.5
"""
Of a wait of the main thread, after which it waits again: a signal that comes just before a wait does not end it, and
Python calls its handler afterwards.
"""


class Interrupts:
    """
    Raises KeyboardInterrupt in the main thread when a signal comes; in a block, at its end.

    A block, ``with interrupts:``, has what must be done as a whole. A second signal interrupts it as well. Blocks are
    of the main thread, and do not contain each other.

    Attributes:
        numbers: Of the signals that came, whatever became of the KeyboardInterrupt.
        is_held: Whether there is a block at this moment.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.is_held = False
        self._is_due = False

    def receive(self, number: int, _frame: object) -> None:
        """
        Interrupt the main thread: the handler of the signals.
        """
        self.numbers.append(number)
        self.interrupt()

    def interrupt(self) -> None:
        """
        Raise KeyboardInterrupt; in a block, at its end.
        """
        if self.is_held and not self._is_due:
            self._is_due = True
        else:
            raise KeyboardInterrupt

    def __enter__(self) -> None:
        # A second signal may have come at the end of the block before.
        self._is_due = False
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False
        if self._is_due:
            self._is_due = False
            raise KeyboardInterrupt


interrupts = Interrupts()


@contextmanager
def block_signals() -> "Iterator[None]":
    """
    Block the signals that end a command, in this thread. One that comes meanwhile interrupts at the end of the block.

    Unlike in ``with interrupts``, threads and processes that the block starts have them blocked, too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # If a signal came just before, this raises KeyboardInterrupt, and blocks the signals nevertheless.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
