"""
What uploads and downloads have in common: what carries them, and how far they have come.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.retry import RetryPolicy
    from tccli.core.http.transport import HttpTransport


class Meter:
    """
    Counts bytes: written by the transfer, read by whoever shows it; threads may share it.

    Args:
        overall: Counts, too, what this one does.

    Attributes:
        total: Bytes that there will be, or None while nobody knows.
        done: Bytes that are there.
        kept: Bytes of these that an earlier run had fetched.
        moved: Bytes that went over the network in this run, those fetched twice included.
    """

    def __init__(self, overall: Meter | None = None) -> None:
        self.total: int | None = None
        self.done = 0
        self.kept = 0
        self.moved = 0
        self._lock = threading.Lock()
        self._overall = overall

    def begin(self, total: int | None, *, kept: int = 0) -> None:
        """
        Say how many bytes there will be, and how many are there already; also when all begins anew.
        """
        with self._lock:
            self.total = total
            self.done = self.kept = kept

    def advance(self, count: int) -> None:
        """
        Count bytes that have arrived or gone.
        """
        with self._lock:
            self.done += count
            self.moved += count
        if self._overall is not None:
            self._overall.advance(count)


@dataclass(frozen=True, slots=True)
class Carrier:
    """
    What a transfer goes by.

    Attributes:
        policy: When to try again.
        report: Takes lines for people.
        meter: Counts what goes by.
    """

    transport: HttpTransport
    policy: RetryPolicy
    report: Callable[[str], None]
    meter: Meter = field(default_factory=Meter)
