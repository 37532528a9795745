"""
Runs a command as a child, with this process's streams, and forwards signals to it. Ends children.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType, TracebackType

# Sent by terminals and supervisors; not every system has all of them.
FORWARDED_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
KEYBOARD_SIGNALS = ("SIGINT", "SIGQUIT")
MAX_WAKEUPS = 4096
MAX_END_SECONDS = 0.5
"""A child that is to end has this time to restore the terminal."""


class SignalForwarder:
    """
    A context in which signals do not end this process, but go to the child that it runs.

    A signal that is ignored when the context begins, as below nohup, remains so for both.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._pending: list[int] = []
        self._before: dict[int, Any] = {}
        # The ends of a pipe with a byte for each signal, also for that of a child that has ended.
        self._wakeups: tuple[int, int] | None = None

    def run(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        """
        Run a command and return its exit code: 128 + N if signal N killed it, or came before it was started.

        Raises:
            OSError: It cannot be started.
            ValueError: A word or a variable has a NUL byte.
        """
        if self._pending:
            return 128 + self._pending[0]
        self._child = _start(words, environment)
        for number in self._pending:
            self._child.send_signal(number)
        status = self._wait(self._child)
        return status if status >= 0 else 128 - status

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        # Python calls a handler only when a system call ends: one that began just after the signal came would last as
        # long as the child. What a signal writes into the pipe ends the next one, too.
        while self._wakeups is not None and child.poll() is None:
            os.read(self._wakeups[0], MAX_WAKEUPS)
        return child.wait()

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        if self._child is None:
            self._pending.append(number)
        # The terminal sends Ctrl-C and Ctrl-\ to the whole foreground group, so the child has it already.
        elif not (signal.Signals(number).name in KEYBOARD_SIGNALS and _shares_terminal()):
            self._child.send_signal(number)

    def __enter__(self) -> Self:
        if hasattr(signal, "SIGCHLD"):
            self._wakeups = os.pipe()
            os.set_blocking(self._wakeups[1], False)
            self._former_descriptor = signal.set_wakeup_fd(self._wakeups[1], warn_on_full_buffer=False)
            self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        for name in FORWARDED_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._forward)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._wakeups is not None:
            signal.set_wakeup_fd(self._former_descriptor)
            for end in self._wakeups:
                os.close(end)


def end_child(process: subprocess.Popen[bytes]) -> None:
    """
    End a child, unless it has ended: with SIGTERM, and with SIGKILL if it then runs on or a further signal comes.
    """
    if process.poll() is None:
        process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(MAX_END_SECONDS)
        finally:
            process.kill()
            process.wait()


def _start(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # The first one on the PATH counts, also if it cannot be run; Popen itself would look further.
    program = shutil.which(words[0], path=environment.get("PATH", os.defpath)) or words[0]
    # Descriptors of the caller are the command's as well: those of this process are closed in it anyway.
    options: dict[str, Any] = {"env": dict(environment), "close_fds": False}
    try:
        return subprocess.Popen(words, executable=program, **options)  # noqa: S603 - the user's command
    except OSError as error:
        if error.errno != errno.ENOEXEC or os.name != "posix":
            raise
        # A script without #!, which execvp and shells run with sh.
        return subprocess.Popen(["/bin/sh", program, *words[1:]], **options)  # noqa: S603 - the same


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
