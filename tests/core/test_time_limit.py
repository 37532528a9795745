"""
Limits of time.
"""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress

import pytest

from tccli.core.time_limit import TimeLimitError, limit_processor_time, limit_time
from tccli.interrupts import interrupts


def test_what_waits_for_a_pipe_is_ended() -> None:
    """
    Also where Python ignores the first exception. The former handler of the signal is restored.
    """
    before = signal.getsignal(signal.SIGALRM)
    reader, writer = os.pipe()

    def read_twice() -> None:
        with suppress(TimeLimitError):
            os.read(reader, 1)
        os.read(reader, 1)

    try:
        with pytest.raises(TimeLimitError), limit_time(0.01):
            read_twice()
    finally:
        os.close(reader)
        os.close(writer)
    assert before == signal.getsignal(signal.SIGALRM)
    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)


def test_a_slow_expression_is_ended() -> None:
    """
    Its time is that of the processor.
    """
    with pytest.raises(TimeLimitError), limit_processor_time(0.01):
        re.search("(a+)+$", "a" * 60 + "!")


@pytest.mark.parametrize("ends_early", [False, True])
def test_a_signal_while_the_block_ends(monkeypatch: pytest.MonkeyPatch, *, ends_early: bool) -> None:
    """
    Raises nothing: then the timer would run on, and end what comes later. It is like this when the machine is so busy
    that the next signal comes before the error of the first one has left the block.
    """
    before = signal.getsignal(signal.SIGALRM)
    set_timer = signal.setitimer

    def be_late(timer: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        if not seconds:
            signal.raise_signal(signal.SIGALRM)
        return set_timer(timer, seconds, interval)

    monkeypatch.setattr(signal, "setitimer", be_late)
    with suppress(TimeLimitError) if ends_early else nullcontext(), limit_time(60):
        if ends_early:
            signal.raise_signal(signal.SIGALRM)
    assert before == signal.getsignal(signal.SIGALRM)
    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)


def test_a_signal_within_what_is_done_as_a_whole() -> None:
    """
    Is late: what must not be divided is done first.
    """
    done: list[int] = []

    def work() -> None:
        with interrupts:
            time.sleep(0.05)
            done.append(1)
        time.sleep(60)
        done.append(2)

    with pytest.raises(TimeLimitError), limit_time(0.01):
        work()
    assert [1] == done


def test_other_threads_have_no_limit() -> None:
    """
    Signals are for the main thread only.
    """

    def work() -> float:
        with limit_time(0.001):
            return signal.getitimer(signal.ITIMER_REAL)[0]

    with ThreadPoolExecutor(1) as threads:
        assert 0.0 == threads.submit(work).result()
