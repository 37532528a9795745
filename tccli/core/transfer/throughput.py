"""
The throughput of a connection, which decides whether more connections are opened.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAST_BYTES_PER_SECOND = 150e6
"""A connection this fast is not the bottleneck: more of them would compete for the CPU and for the file's lock."""
MEASURE_INTERVAL_SECONDS = 0.25
"""Long enough that a busy machine does not make a fast connection look slow."""


class ThroughputMonitor:
    """
    Measures whether one connection is so slow that several are faster.
    """

    def __init__(self) -> None:
        self._count = 0
        self._seconds = 0.0

    def measure(self, read: Callable[[memoryview], int], buffer: memoryview) -> int:
        """
        Call *read* with *buffer*, and return the number of bytes that it returns.

        Only the time in *read* counts: more connections do not help where the hashes or the disk are slow.
        """
        started = time.monotonic()
        count = read(buffer)
        self._seconds += time.monotonic() - started
        self._count += count
        return count

    def is_slow(self) -> bool:
        """
        Return whether the last interval was slow.
        """
        if self._seconds < MEASURE_INTERVAL_SECONDS:
            return False
        rate = self._count / self._seconds
        self._count = 0
        self._seconds = 0.0
        return rate < FAST_BYTES_PER_SECOND
