"""
Runs a command next to the sandbox, and waits for signals.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tccli.core.child_process import SignalForwarder
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """
    Run a command with this process's streams, and return its exit code: 128 + N if signal N killed it.

    Raises:
        UsageError: The command cannot be started.
    """
    with SignalForwarder() as forwarder:
        try:
            return forwarder.run(words, environment)
        except OSError as error:
            message = f"cannot run {words[0]!r}: {error.strerror or error}"
            raise UsageError(message, hint="nothing was run") from error
        except ValueError as error:
            raise UsageError(f"cannot run {words[0]!r}: {error}", hint="nothing was run") from error


@contextmanager
def handle_stop_signals() -> Iterator[threading.Event]:
    """
    Yield an event that SIGINT, SIGTERM and SIGHUP set.
    """
    is_requested = threading.Event()
    numbers = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    before = {number: signal.signal(number, lambda _number, _frame: is_requested.set()) for number in numbers}
    try:
        yield is_requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
