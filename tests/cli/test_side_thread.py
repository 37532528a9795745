"""
A thread that accompanies a command.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.cli import side_thread
from tccli.cli.side_thread import run_beside
from tests.interruption_points import interrupted_at

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_interruption_at_any_line_ends_the_thread() -> None:
    """
    What it has changed on the terminal is restored before the process ends.
    """
    begun: list[int] = []
    ended: list[int] = []

    def work(wait: Callable[[float], bool]) -> None:
        begun.append(line)
        while not wait(60):
            pass
        ended.append(line)

    line, is_interrupted = 0, True
    while is_interrupted:
        line += 1
        with (
            interrupted_at(line, lambda code: code.co_filename == side_thread.__file__) as reached,
            suppress(KeyboardInterrupt),
        ):
            with run_beside(work):
                pass
            is_interrupted = False
        assert begun == ended, (line, reached)
    assert line > 10
