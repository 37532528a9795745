"""
The context and the progress counter that uploads and downloads share.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tccli.core.http.deadline import Cancellation
from tccli.core.http.retry import BackOff

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.retry import RetryPolicy
    from tccli.core.http.transport import StreamingTransport

DEFAULT_BUFFER_BYTES = 12 << 20


class TransferProgress:
    """
    A byte counter that the transfer writes and the progress display reads. Thread-safe.

    Args:
        parent: A counter for several transfers, advanced together with this one.

    Attributes:
        total_bytes: The size of the transfer, or None while it is not known.
        done_bytes: Bytes that are complete, resumed ones included.
        resumed_bytes: Bytes that an earlier run downloaded.
        wire_bytes: Bytes that this run sent or received, repeated ones included.
        compared_bytes: Bytes of existing files that were read, to find out whether they are complete.
    """

    def __init__(self, parent: TransferProgress | None = None) -> None:
        self.total_bytes: int | None = None
        self.done_bytes = 0
        self.resumed_bytes = 0
        self.wire_bytes = 0
        self.compared_bytes = 0
        self._lock = threading.Lock()
        self._parent = parent

    def start(self, total: int | None, *, resumed: int = 0) -> None:
        """
        Set the total, and reset what is done to the *resumed* bytes; called again when a transfer starts over.
        """
        with self._lock:
            self.total_bytes = total
            self.done_bytes = self.resumed_bytes = resumed

    def advance(self, count: int) -> None:
        """
        Add *count* bytes that have arrived or were sent.
        """
        with self._lock:
            self.done_bytes += count
            self.wire_bytes += count
        if self._parent is not None:
            self._parent.advance(count)

    def count_compared(self, count: int) -> None:
        """
        Add *count* bytes of an existing file that were read.
        """
        with self._lock:
            self.compared_bytes += count
        if self._parent is not None:
            self._parent.count_compared(count)


@dataclass(frozen=True, slots=True)
class TransferContext:
    """
    Everything a transfer needs: transport, retry policy, logger and progress counter.

    Attributes:
        report: Takes one line per retry.
        buffer_bytes: Limit for the transfer's buffers together; transfers that run at the same time share a limit.
        back_off: The wait for a storage that asks to slow down, which all transfers of the context share.
        cancellation: Ends an upload from another thread. Downloads have one for each file.
    """

    transport: StreamingTransport
    policy: RetryPolicy
    report: Callable[[str], None]
    progress: TransferProgress = field(default_factory=TransferProgress)
    buffer_bytes: int = DEFAULT_BUFFER_BYTES
    back_off: BackOff = field(default_factory=BackOff)
    cancellation: Cancellation = field(default_factory=Cancellation)
