"""
Time limits of tests: exact on a quiet machine, and longer while other processes take its processors.
"""

from __future__ import annotations

import os
import time

MEASURED_SECONDS = 0.1


def check_duration(began: float, max_seconds: float) -> None:
    """
    Check that what began at a time of `time.monotonic` has not taken longer, measured as if the machine were quiet.
    """
    check_seconds(time.monotonic() - began, max_seconds)


def check_seconds(taken: float, max_seconds: float, where: str = "") -> None:
    """
    Check seconds that were measured, as `check_duration` does.
    """
    # The load is measured only where it matters.
    assert taken < max_seconds or taken < max_seconds * measure_load(), f"{taken:.1f} s {where}"


def measure_load() -> float:
    """
    Return how many times longer than on a quiet machine a process takes now, at least 1.
    """
    began, cpu_began = time.monotonic(), time.thread_time()
    while time.thread_time() - cpu_began < MEASURED_SECONDS:
        pass
    # What took long may have ended; the average is of the last minute.
    return max(1.0, (time.monotonic() - began) / MEASURED_SECONDS, os.getloadavg()[0] / (os.cpu_count() or 1))
