"""
Running of a sandbox in the background: this process becomes two, and the first one ends when the sandbox is ready.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NamedTuple

from tccli.errors import UsageError
from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable


class Parent(NamedTuple):
    """
    What the process that was started by the user learns of the one in the background.

    Attributes:
        exit_code: Of a process that failed, and has printed the reason; else 0.
    """

    exit_code: int


def split(show: Callable[[str], object]) -> Parent | Callable[[str], None]:
    """
    Continue in a background process, which has no terminal and does not end with it.

    Call this before any thread is started.

    Args:
        show: Called in the first process with the text that the other one hands over.

    Returns:
        In the background process, a function that hands a text to the first process, whose streams are closed then.

    Raises:
        UsageError: This system cannot do that.
    """
    if not hasattr(os, "fork"):
        raise UsageError("--detach: not possible on this system", hint="run tc sandbox start in another terminal")
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = 0
    try:
        with interrupts:
            child = os.fork()
        if child:
            os.close(writing)
            with os.fdopen(reading) as stream:
                output = stream.read()
            if output:
                show(output)
    except BaseException:
        if child:
            # It has its own session, so that Ctrl-C does not reach it, and no one would know that it runs.
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        raise
    if child:
        return Parent(0 if output else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.close(reading)
    os.setsid()

    def hand_over(text: str) -> None:
        # The caller of the first process waits until nobody can write to its stdout.
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        os.close(null)
        os.write(writing, text.encode())
        os.close(writing)

    return hand_over
