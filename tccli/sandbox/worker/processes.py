"""
A task's commands as processes on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.sandbox.worker import supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POLL_INTERVAL_SECONDS = 0.05
OUTPUT_TIMEOUT_SECONDS = 2.0
"""For output of processes that escaped the supervisor."""


class StartError(Exception):
    """
    A command cannot be started; the message says why.
    """


class RunTimeoutError(Exception):
    """
    A command exceeded its time limit.
    """


class AbortedError(Exception):
    """
    A command was aborted.
    """


def run(
    words: list[str],
    *,
    directory: str,
    environment: Mapping[str, str],
    write: Callable[[bytes], None],
    ends: float | None,
    is_aborted: Callable[[], bool],
) -> int:
    """
    Run a command and return its exit code.

    Args:
        words: The command and its arguments.
        directory: The working directory. Its parent is the run's, which the supervisor deletes if the worker dies.
        environment: Complete.
        write: Called with the output, stdout and stderr alike.
        ends: Deadline by the monotonic clock, or None.
        is_aborted: Returns whether to abort the command.

    Raises:
        StartError: The system rejects the command or its environment, for example because it is too long.
        RunTimeoutError: The deadline passed, and the command was killed.
        AbortedError: The command was killed.
    """
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - the task's command
            [sys.executable, "-I", "-S", supervisor.__file__, str(reading), os.path.dirname(directory), *words],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            # Ctrl-C at the terminal must reach the sandbox only, which then shuts down its runs.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(writing)
        raise StartError(error.strerror if isinstance(error, OSError) else str(error)) from None
    finally:
        os.close(reading)
    pump = threading.Thread(target=_pump, args=(process, write), daemon=True)
    pump.start()
    try:
        return _wait(process, ends, is_aborted)
    finally:
        # The supervisor, if it still runs, kills what is left.
        with suppress(BrokenPipeError):
            os.write(writing, b".")
        os.close(writing)
        process.wait()
        pump.join(OUTPUT_TIMEOUT_SECONDS)


def _wait(process: subprocess.Popen[bytes], ends: float | None, is_aborted: Callable[[], bool]) -> int:
    while True:
        try:
            return process.wait(POLL_INTERVAL_SECONDS)
        except subprocess.TimeoutExpired:
            if is_aborted():
                raise AbortedError from None
            if ends is not None and time.monotonic() >= ends:
                raise RunTimeoutError from None


def _pump(process: subprocess.Popen[bytes], write: Callable[[bytes], None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        while chunk := os.read(output.fileno(), 65536):
            write(chunk)
