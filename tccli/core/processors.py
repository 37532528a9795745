"""
The number of processors that this process may use.
"""

from __future__ import annotations

import os
from contextlib import suppress

CPU_LIMIT = "/sys/fs/cgroup/cpu.max"
"""Of a container: microseconds that its processes may compute in a period, or "max", and the period; cgroup v2."""


def count_processors(limit_path: str = CPU_LIMIT) -> int:
    """
    Return the number of processors that this process may use, at least 1.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError, ZeroDivisionError), open(limit_path, encoding="ascii") as file:
        quota, period = file.read().split()
        count = min(count, int(quota) // int(period))
    return max(1, count)
