"""
Functions that other threads call in the main one, where Ctrl-C interrupts a slow regular expression.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tccli.interrupts import MAX_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class CallQueue:
    """
    Functions that are to be called.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()

    def call(self, function: Callable[[], T]) -> T:
        """
        Return what a function returns, or raise what it raises, in the thread that serves the queue.
        """
        call = _Call(function)
        self._calls.put(call)
        return call.wait()

    def serve(self) -> None:
        """
        Call functions until `end` is called in another thread.
        """
        while True:
            try:
                call = self._calls.get(timeout=MAX_WAIT_SECONDS)
            except Empty:
                continue
            if call is None:
                return
            call.run()

    def end(self) -> None:
        """
        End `serve`. What is called afterwards is never done.
        """
        self._calls.put(None)


class _Call(Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._result: Any = None
        self._error: Exception | None = None
        self._is_done = threading.Event()

    def run(self) -> None:
        try:
            self._result = self._function()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that called
            self._error = error
        self._is_done.set()

    def wait(self) -> T:
        self._is_done.wait()
        if self._error is not None:
            raise self._error
        result: T = self._result
        return result
