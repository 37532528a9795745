"""
Interrupts code at each of its lines, one after the other.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from _typeshed import TraceFunction


@contextmanager
def interrupted_at(line: int, is_of_interest: Callable[[CodeType], bool]) -> Iterator[list[int]]:
    """
    A context in which Ctrl-C comes before a line of this code in this thread: the first one, or a later one.

    Yields the numbers of the lines that were reached: fewer than *line* if Ctrl-C did not come.
    """
    reached: list[int] = []

    def trace(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        if not is_of_interest(frame.f_code):
            return None
        if event == "line" and len(reached) < line:
            reached.append(frame.f_lineno)
            if len(reached) == line:
                interrupts.receive(signal.SIGINT, frame)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield reached
    finally:
        sys.settrace(before)
        interrupts.numbers.clear()
