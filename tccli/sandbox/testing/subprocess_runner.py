"""
Runs a command next to the sandbox, and forwards signals to it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Sent by terminals and supervisors; not every system has all of them.
FORWARDED_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """
    Run a command with this process's streams, and return its exit code: 128 + N if signal N killed it.

    Raises:
        UsageError: The command cannot be started.
    """
    child: subprocess.Popen[bytes] | None = None
    pending: list[int] = []

    def forward(number: int) -> None:
        if child is None:
            pending.append(number)
        # The terminal sends Ctrl-C to the whole foreground group, so the child has it already.
        elif not (number == signal.SIGINT and _shares_terminal()):
            child.send_signal(number)

    with _handling(FORWARDED_SIGNALS, forward):
        try:
            child = subprocess.Popen(words, env=dict(environment))  # noqa: S603 - the user's command
        except OSError as error:
            message = f"cannot run {words[0]!r}: {error.strerror or error}"
            raise UsageError(message, hint="nothing was run") from error
        except ValueError as error:
            raise UsageError(f"cannot run {words[0]!r}: {error}", hint="nothing was run") from error
        for number in pending:
            child.send_signal(number)
        status = child.wait()
    return status if status >= 0 else 128 - status


@contextmanager
def handle_stop_signals() -> Iterator[threading.Event]:
    """
    Yield an event that SIGINT, SIGTERM and SIGHUP set.
    """
    is_requested = threading.Event()
    with _handling(("SIGINT", "SIGTERM", "SIGHUP"), lambda _number: is_requested.set()):
        yield is_requested


@contextmanager
def _handling(names: Sequence[str], handle: Callable[[int], object]) -> Iterator[None]:
    before: dict[int, Any] = {}
    for name in names:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, lambda received, _frame: handle(received))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shares_terminal() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
