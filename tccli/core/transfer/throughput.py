"""
The throughput of a connection, which decides whether more connections are opened.
"""

from __future__ import annotations

import time

FAST_BYTES_PER_SECOND = 150e6
"""A connection this fast is not the bottleneck: more of them would compete for the CPU and for the file's lock."""
MEASURE_INTERVAL_SECONDS = 0.25
"""Long enough that a busy machine does not make a fast connection look slow."""


class ThroughputMonitor:
    """
    Measures whether one connection is so slow that several are faster.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._count = 0

    def is_slow(self, count: int) -> bool:
        """
        Add *count* bytes, and return whether the last interval was slow.
        """
        self._count += count
        seconds = time.monotonic() - self._since
        if seconds < MEASURE_INTERVAL_SECONDS:
            return False
        rate = self._count / seconds
        self._since += seconds
        self._count = 0
        return rate < FAST_BYTES_PER_SECOND
