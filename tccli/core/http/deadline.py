"""
Deadlines of whole requests, and the handles by which another thread ends one request or many.
"""

from __future__ import annotations

import socket
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable


class Exchange:
    """
    One request and its response: a deadline for all of it, and a handle to abort it from another thread.

    Args:
        seconds: The time from now, or from the latest `restart`, in which the exchange must end.

    Attributes:
        sent: Whether bytes of the request may have reached the network. Bytes that a proxy handshake or TLS needs do
            not count.
        has_tls: Whether a TLS handshake has succeeded.
        renews: Whether each piece of the request that is sent restarts the time.
        stream: The network stream that carries the exchange, once there is one.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.sent = False
        self.has_tls = False
        self.renews = False
        self.stream: Any = None
        self._end = time.monotonic() + seconds
        self._changed = threading.Condition()
        self._aborted = False
        self._socket: socket.socket | None = None

    def restart(self) -> None:
        """
        Count the time from now on: some progress was made.
        """
        self._end = time.monotonic() + self.seconds

    def remaining(self) -> float:
        """
        Return the seconds that are left; always more than 0.

        Raises:
            TimeoutError: The time is up.
            ConnectionAbortedError: Another thread ended the exchange.
        """
        if self._aborted:
            raise ConnectionAbortedError("aborted")
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining

    def attach(self, sock: socket.socket) -> None:
        """
        Set the socket that `abort` shuts down.
        """
        self._socket = sock
        # Either this thread sees the flag, or the one that aborts sees the socket.
        if self._aborted:
            _shut_down(sock)

    def abort(self) -> None:
        """
        End the exchange, also for a thread that waits for a name, a connection or bytes.
        """
        with self._changed:
            self._aborted = True
            self._changed.notify_all()
            if self._socket is not None:
                _shut_down(self._socket)

    def detach(self) -> None:
        """
        Leave the socket to another exchange: an abort that comes later must not end that one.
        """
        with self._changed:
            self._socket = None

    def run_in_thread(self, function: Callable[[], Any]) -> Any:
        """
        Return what *function* returns, from a thread that is left behind when the time is up.

        For calls of the system that nothing can interrupt.
        """
        outcome: list[tuple[Any, Exception | None]] = []

        def run() -> None:
            try:
                outcome.append((function(), None))
            except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
                outcome.append((None, error))
            with self._changed:
                self._changed.notify_all()

        from tccli.core.threads import ThreadError, start_thread

        try:
            start_thread(run)
        except ThreadError:
            # The system has limits of time of its own.
            return function()
        with self._changed:
            while not outcome:
                self._changed.wait(self.remaining())
        value, error = outcome[0]
        if error is not None:
            raise error
        return value


class Abortable(Protocol):
    """
    What another thread can end: an exchange, or a file that several exchanges download.
    """

    def abort(self) -> None:
        """
        End at once.
        """


class Cancellation:
    """
    Ends the exchanges and the waits of several threads: those that run, and those that begin later.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._exchanges: weakref.WeakSet[Abortable] = weakref.WeakSet()

    @property
    def is_cancelled(self) -> bool:
        """
        Whether `cancel` was called.
        """
        return self._event.is_set()

    def add(self, exchange: Abortable) -> None:
        """
        Let `cancel` abort *exchange*.
        """
        with self._lock:
            self._exchanges.add(exchange)
        # Either this thread sees the event, or the one that cancels sees the exchange.
        if self._event.is_set():
            exchange.abort()

    def cancel(self) -> None:
        """
        Abort all exchanges, and end all waits.
        """
        self._event.set()
        with self._lock:
            exchanges = list(self._exchanges)
        for exchange in exchanges:
            exchange.abort()

    def sleep(self, seconds: float) -> None:
        """
        Wait.

        Raises:
            NoAnswerError: `cancel` was called.
        """
        if self._event.wait(seconds):
            raise NoAnswerError("the transfer was stopped", final=True)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):
        # Not SSLSocket.shutdown, which also drops the TLS state under the thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
