"""
The engine of commands that act on many tasks: order, memory, errors and interruptions.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tccli.core.http.deadline import Cancellation
from tccli.core.http.messages import Request, Response
from tccli.core.http.retry import BackOff, RetryPolicy, send_with_retries
from tccli.core.tasks.parallel import MAX_PARALLEL_CALLS, MAX_WAITING_RESULTS, run_parallel
from tccli.errors import NegativeAnswerError, TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 1000])
def test_results_come_in_order(count: int) -> None:
    """
    However many there are, and whichever is done first; no more run at once than allowed.
    """
    running: set[int] = set()
    most = 0
    lock = threading.Lock()

    def work(item: int) -> int:
        nonlocal most
        with lock:
            running.add(item)
            most = max(most, len(running))
        time.sleep(0.001 * (item % 3))
        with lock:
            running.remove(item)
        return item * 2

    assert [(item, item * 2) for item in range(count)] == list(run_parallel(work, range(count)))
    assert most <= MAX_PARALLEL_CALLS


def test_as_many_run_as_allowed() -> None:
    """
    Each waits until all of them run.
    """
    barrier = threading.Barrier(MAX_PARALLEL_CALLS, timeout=60)
    done = run_parallel(lambda _item: barrier.wait(), range(MAX_PARALLEL_CALLS * 3))
    assert sorted([*range(MAX_PARALLEL_CALLS)] * 3) == sorted(int(str(place)) for _, place in done)


def test_items_are_taken_as_they_are_needed() -> None:
    """
    An endless listing, of which little is read.
    """
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = run_parallel(lambda item: item, items())
    assert [(1, 1), (2, 2)] == [next(results), next(results)]
    results.close()  # type: ignore[attr-defined]
    assert taken <= MAX_WAITING_RESULTS + 3


def fail_at(*places: int) -> Callable[[int], int]:
    """
    Return a function that fails for some items.
    """

    def work(item: int) -> int:
        if item in places:
            raise NegativeAnswerError(f"{item} fails")
        return item

    return work


def test_an_error_is_a_result() -> None:
    """
    The others are done nevertheless, unless it shall stop them; those that were begun are finished.
    """
    done = list(run_parallel(fail_at(3, 5), range(500)))
    assert [3, 5] == [item for item, result in done if isinstance(result, TcError)]
    assert 500 == len(done)

    stopped = list(run_parallel(fail_at(3), range(5000), stops_at_error=True))
    assert [0, 1, 2, 3] == [item for item, _ in stopped[:4]]
    assert len(stopped) <= 4 + MAX_WAITING_RESULTS


def test_an_error_of_the_items_comes_last() -> None:
    """
    What was begun before is not lost.
    """

    def items() -> Iterator[int]:
        yield from range(40)
        raise NegativeAnswerError("the listing ends early")

    results = run_parallel(lambda item: item, items())
    assert list(range(40)) == [next(results)[0] for _ in range(40)]
    with pytest.raises(NegativeAnswerError):
        next(results)


def test_a_bug_is_not_a_result() -> None:
    """
    Other exceptions are raised.
    """
    with pytest.raises(ZeroDivisionError):
        list(run_parallel(lambda item: 1 // item, [1, 0, 1]))


def test_an_interruption_waits_for_nothing() -> None:
    """
    The calls that run are ended by the cancellation, and no further one is started.
    """
    cancellation = Cancellation()
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item:
            cancellation.sleep(60)
        return item

    results = run_parallel(work, range(100), cancellation=cancellation)
    begun = time.monotonic()
    assert (0, 0) == next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    time.sleep(0.2)
    assert time.monotonic() - begun < 10
    assert len(started) <= MAX_PARALLEL_CALLS + 1


def test_all_threads_wait_when_a_service_asks_one_to() -> None:
    """
    After a 429, none sends before its time is up.
    """
    back_off = BackOff()
    sent: list[float] = []

    class Busy:
        def send(self, _request: Request) -> Response:
            sent.append(time.monotonic())
            return Response(429, {"retry-after": "1"}, b"") if len(sent) == 1 else Response(200, {}, b"")

    def send(_item: int) -> int:
        return send_with_retries(
            Busy(),
            lambda: Request("GET", "http://a.example", {}),
            RetryPolicy(),
            idempotent=True,
            report=lambda _line: None,
            back_off=back_off,
        ).status

    send(0)
    assert [200] * 20 == [result for _, result in run_parallel(send, range(20))]
    assert sent[1] - sent[0] >= 0.9
    back_off.extend(0.5)
    begun = time.monotonic()
    list(run_parallel(send, range(20)))
    assert time.monotonic() - begun >= 0.45
