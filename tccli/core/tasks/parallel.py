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
    jobs: SimpleQueue[_Job[T, R] | None] = SimpleQueue()
    waiting: deque[_Job[T, R]] = deque()
    threads = 0
    has_ended = False
    failure: list[TcError] = []
    stopped = threading.Event()
    rest = _take(chain(first, iterator), failure)
    try:
        while waiting or not has_ended:
            while not has_ended and len(waiting) < MAX_WAITING_RESULTS and not (waiting and waiting[0].is_done):
                item = next(rest, _NONE)
                if item is _NONE:
                    has_ended = True
                    break
                job: _Job[T, R] = _Job(item)
                waiting.append(job)
                jobs.put(job)
                if threads < MAX_PARALLEL_CALLS:
                    threads += 1
                    # A thread that waits for the network must not delay the end of the process.
                    threading.Thread(target=_work, args=(function, jobs, stopped), daemon=True).start()
            if not waiting:
                break
            job = waiting.popleft()
            result = job.wait()
            if job.is_skipped:
                continue
            if stops_at_error and isinstance(result, TcError):
                has_ended = True
                stopped.set()
            yield job.item, result
        if failure:
            raise failure[0]
    except BaseException:
        stopped.set()
        if cancellation is not None:
            cancellation.cancel()
        raise
    finally:
        for _ in range(threads):
            jobs.put(None)


_NONE: Any = object()


def _take(items: Iterable[T], failure: list[TcError]) -> Iterator[T]:
    # What was begun is finished before the error is raised.
    try:
        yield from items
    except TcError as error:
        failure.append(error)


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


def _work(function: Callable[[T], R], jobs: SimpleQueue[_Job[T, R] | None], stopped: threading.Event) -> None:
    while (job := jobs.get()) is not None:
        job.run(function, skips=stopped.is_set())


def _call(function: Callable[[T], R], item: T) -> R | TcError:
    try:
        return function(item)
    except TcError as error:
        return error
