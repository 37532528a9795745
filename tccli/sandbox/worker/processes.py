"""
A task's commands as processes of this machine.
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

GLANCE = 0.05
GRACE = 2.0
"""Seconds that are waited for output of what got away."""


class OutOfTimeError(Exception):
    """
    A command took longer than it may.
    """


class AbortedError(Exception):
    """
    Somebody wanted the command to end.
    """


def run(
    words: list[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    write: Callable[[bytes], None],
    ends: float | None,
    is_aborted: Callable[[], bool],
) -> int:
    """
    Run a command to its end and return its exit code.

    Args:
        words: The command and its arguments.
        folder: Where it runs; the folder around it is the run's, and goes away with the worker.
        environment: All of it.
        write: Takes what it prints, on both channels.
        ends: When it has to be done, by the monotonic clock, or None.
        is_aborted: Whether it is to end now.

    Raises:
        OutOfTimeError: It was not done in time, and was ended.
        AbortedError: It was ended.
    """
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - what the task asked for
            [sys.executable, "-I", "-S", supervisor.__file__, str(reading), os.path.dirname(folder), *words],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            # Ctrl-C at the terminal is for the sandbox, which ends its tasks in order.
            start_new_session=True,
        )
    finally:
        os.close(reading)
    pump = threading.Thread(target=_pump, args=(process, write), daemon=True)
    pump.start()
    try:
        return _wait(process, ends, is_aborted)
    finally:
        # The guard, if it is still there, ends what is left.
        with suppress(BrokenPipeError):
            os.write(writing, b".")
        os.close(writing)
        process.wait()
        pump.join(GRACE)


def _wait(process: subprocess.Popen[bytes], ends: float | None, is_aborted: Callable[[], bool]) -> int:
    while True:
        try:
            return process.wait(GLANCE)
        except subprocess.TimeoutExpired:
            if is_aborted():
                raise AbortedError from None
            if ends is not None and time.monotonic() >= ends:
                raise OutOfTimeError from None


def _pump(process: subprocess.Popen[bytes], write: Callable[[bytes], None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        while piece := os.read(output.fileno(), 65536):
            write(piece)
