"""
What went over the storage host's wire.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

KEPT_EXCHANGES = 10_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request that was answered.

    Attributes:
        name: Of what was asked for.
        range: The ``Range`` header, or nothing.
        status: Of the answer, or 0 where there was none.
        sent: Bytes of the body that went out.
        received: Bytes of the body that came in.
    """

    verb: str
    name: str
    range: str
    status: int
    sent: int
    received: int


@dataclass(slots=True)
class Counters:
    """
    What went over the wire; bodies only, as far as the system took them.

    Attributes:
        requests: How many were answered.
        sent: Bytes.
        received: Bytes.
        connections: How many were opened.
        exchanges: The latest ones, oldest first.
    """

    requests: int = 0
    sent: int = 0
    received: int = 0
    connections: int = 0
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT_EXCHANGES))
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, exchange: Exchange) -> None:
        """
        Count a request; its bytes have been counted one by one.
        """
        with self.lock:
            self.requests += 1
            self.exchanges.append(exchange)

    def reset(self) -> None:
        """
        Begin at nothing.
        """
        with self.lock:
            self.requests = self.sent = self.received = self.connections = 0
            self.exchanges.clear()
