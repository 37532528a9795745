"""
Counters of the storage host's traffic, and a log of its requests.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

MAX_RECORDS = 10_000


@dataclass(slots=True)
class RequestRecord:
    """
    A request.

    Attributes:
        name: Of the object or artifact.
        range: The ``Range`` header, or an empty string.
        status: 0 before the response.
        sent: Bytes of the response's body.
        received: Bytes of the request's body.
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
    Totals, without headers. Threads may share it.

    Bytes are counted before they are sent, so that a client that has a response finds it here.

    Attributes:
        sent: Bytes.
        received: Bytes.
        connections: Opened so far.
        records: The latest requests, oldest first.
    """

    requests: int = 0
    sent: int = 0
    received: int = 0
    connections: int = 0
    records: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=MAX_RECORDS))
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, record: RequestRecord) -> None:
        """
        Count a request and log it.
        """
        with self.lock:
            self.requests += 1
            self.records.append(record)

    def count(self, record: RequestRecord, *, sent: int = 0, received: int = 0) -> None:
        """
        Count bytes of a logged request.
        """
        with self.lock:
            self.sent += sent
            self.received += received
            record.sent += sent
            record.received += received

    def reset(self) -> None:
        """
        Set all counters to zero, and empty the log.
        """
        with self.lock:
            self.requests = self.sent = self.received = self.connections = 0
            self.records.clear()
