"""
What went over the storage host's wire.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

KEPT_EXCHANGES = 10_000


@dataclass(slots=True)
class Exchange:
    """
    One request, from the moment on in which it is answered.

    Attributes:
        name: Of what was asked for.
        range: The ``Range`` header, or nothing.
        status: Of the answer, or 0 where there is none.
        sent: Bytes of the body that went out.
        received: Bytes of the body that came in.
    """

    verb: str
    name: str
    range: str
    status: int = 0
    sent: int = 0
    received: int = 0


@dataclass(slots=True)
class Counters:
    """
    What went over the wire; bodies only, as far as the system took them.

    All is counted before it is sent, so whoever has an answer finds it here.

    Attributes:
        requests: How many there were.
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
        Count a request.
        """
        with self.lock:
            self.requests += 1
            self.exchanges.append(exchange)

    def count(self, exchange: Exchange, *, sent: int = 0, received: int = 0) -> None:
        """
        Count bytes of a request.
        """
        with self.lock:
            self.sent += sent
            self.received += received
            exchange.sent += sent
            exchange.received += received

    def reset(self) -> None:
        """
        Begin at nothing.
        """
        with self.lock:
            self.requests = self.sent = self.received = self.connections = 0
            self.exchanges.clear()
