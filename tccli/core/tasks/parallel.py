"""
The same call for many items, several at a time: the engine of all commands that act on many tasks.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tccli.core.http.deadline import Cancellation
from tccli.core.http.retry import BackOff
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tccli.core.client import Client

T = TypeVar("T")
R = TypeVar("R")

MAX_PARALLEL_CALLS = 16
MAX_WAITING_RESULTS = 64
"""How far the calls may be ahead of the result that comes next."""


def make_parallel_client(client: Client) -> Client:
    """
    Return a client for several threads: its calls can be ended at once, and when a service asks one of them to slow
    down, all of them wait.
    """
    return replace(client, cancellation=client.cancellation or Cancellation(), back_off=BackOff())


def run_parallel(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    cancellation: Cancellation | None = None,
    stops_at_error: bool = False,
) -> Iterator[tuple[T, R | TcError]]:
    """
    Yield each item with its result or its error, in order.

    Items are taken as they are needed, in the thread that reads the results, so that there may be any number of them.
    After an interruption, no further call is started, and none is waited for.

    Args:
        cancellation: Of the client that *function* uses: ends the calls that run when the results are no longer read.
        stops_at_error: Whether no further item is taken after the first error; those in work are finished.
    """
    iterator = iter(items)
    first = list(islice(iterator, 2))
    if len(first) < 2:
        # A single call needs no thread.
        yield from ((item, _call(function, item)) for item in first)
        return
    run = _Run(function, chain(first, iterator))
    try:
        for job in run.finish_jobs():
            result = job.wait()
            if job.is_skipped:
                continue
            if stops_at_error and isinstance(result, TcError):
                run.stop()
            yield job.item, result
    except BaseException:
        if cancellation is not None:
            cancellation.cancel()
        raise
    finally:
        run.stop()


class _Run(Generic[T, R]):
    """
    The threads, and the jobs that they have not done.
    """

    def __init__(self, function: Callable[[T], R], items: Iterator[T]) -> None:
        self._function = function
        self._items = items
        self._jobs: SimpleQueue[_Job[T, R] | None] = SimpleQueue()
        self._waiting: deque[_Job[T, R]] = deque()
        self._threads = 0
        self._is_stopped = False
        self._failure: TcError | None = None

    def finish_jobs(self) -> Iterator[_Job[T, R]]:
        """
        Yield each job in order; it may still be in work. Errors of the items come after those that were begun.
        """
        has_items = True
        while has_items or self._waiting:
            # What is done is yielded before more items are taken, which may take a while.
            while has_items and len(self._waiting) < MAX_WAITING_RESULTS and not self._is_next_done():
                has_items = self._start_next()
            if self._waiting:
                yield self._waiting.popleft()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """
        Start no further job.
        """
        self._is_stopped = True
        for _ in range(self._threads):
            self._jobs.put(None)

    def _is_next_done(self) -> bool:
        return bool(self._waiting) and self._waiting[0].is_done

    def _start_next(self) -> bool:
        try:
            item = _NONE if self._is_stopped else next(self._items, _NONE)
        except TcError as error:
            self._failure, item = error, _NONE
        if item is _NONE:
            return False
        job: _Job[T, R] = _Job(item)
        self._waiting.append(job)
        self._jobs.put(job)
        if self._threads < MAX_PARALLEL_CALLS:
            self._threads += 1
            # A thread that waits for the network must not delay the end of the process.
            threading.Thread(target=self._work, daemon=True).start()
        return True

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run(self._function, skips=self._is_stopped)


_NONE: Any = object()


class _Job(Generic[T, R]):
    __slots__ = ("_done", "_error", "_result", "is_done", "is_skipped", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.is_done = self.is_skipped = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def run(self, function: Callable[[T], R], *, skips: bool) -> None:
        self.is_skipped = skips
        try:
            self._result = None if skips else _call(function, self.item)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        self.is_done = True
        self._done.release()

    def wait(self) -> R | TcError:
        self._done.acquire()
        if self._error is not None:
            raise self._error
        result: R | TcError = self._result
        return result


def _call(function: Callable[[T], R], item: T) -> R | TcError:
    try:
        return function(item)
    except TcError as error:
        return error
