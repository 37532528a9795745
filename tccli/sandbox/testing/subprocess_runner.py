"""
A command beside the sandbox: started, given the signals that we get, waited for.
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

# What a terminal or a supervisor sends; not every system has every one.
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """
    Run a command with our input and output, and return its exit code: 128 and the signal's number if one ended it.

    Raises:
        UsageError: It cannot be started.
    """
    child: subprocess.Popen[bytes] | None = None
    pending: list[int] = []

    def forward(number: int) -> None:
        if child is None:
            pending.append(number)
        # Ctrl-C at a terminal reached the child already: everything in the foreground gets it.
        elif not (number == signal.SIGINT and _shares_terminal()):
            child.send_signal(number)

    with _handling(FORWARDED, forward):
        try:
            child = subprocess.Popen(words, env=dict(environment))  # noqa: S603 - what the person asked for
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
def until_asked_to_stop() -> Iterator[Callable[[], object]]:
    """
    Take Ctrl-C and SIGTERM for a wish to stop; yields the function that waits for it.
    """
    asked = threading.Event()
    with _handling(("SIGINT", "SIGTERM", "SIGHUP"), lambda _number: asked.set()):
        yield asked.wait


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
    """
    Say whether we are in the foreground of a terminal.
    """
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
