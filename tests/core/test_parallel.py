"""
The engine of commands that act on many tasks: order, memory, errors and interruptions.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.http.deadline import Cancellation
from tccli.core.http.messages import Request, Response
from tccli.core.http.retry import BackOff, RetryPolicy, send_with_retries
from tccli.core.parallel import DEFAULT_JOBS, MIN_WAITING_RESULTS, Job, Run, Schedule, run_parallel
from tccli.errors import NegativeAnswerError, TcError
from tests.time_limits import check_duration

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
    assert most <= DEFAULT_JOBS


def test_as_many_run_as_allowed() -> None:
    """
    Each waits until all of them run.
    """
    barrier = threading.Barrier(DEFAULT_JOBS, timeout=60)
    done = run_parallel(lambda _item: barrier.wait(), range(DEFAULT_JOBS * 3))
    assert sorted([*range(DEFAULT_JOBS)] * 3) == sorted(int(str(place)) for _, place in done)


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
    results.close()
    assert taken <= MIN_WAITING_RESULTS + 3


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

    stopped = list(run_parallel(fail_at(3), range(5000), schedule=Schedule(stops_at_error=True)))
    assert [0, 1, 2, 3] == [item for item, _ in stopped[:4]]
    assert len(stopped) <= 4 + MIN_WAITING_RESULTS


def test_what_was_begun_before_an_error_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Also if the thread that reads ahead has put a further job into the queue, and comes no further.
    """
    second, failed, skipped, over = (threading.Event() for _ in range(4))

    class SlowQueue(queue.SimpleQueue[Any]):
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT002
            is_third = isinstance(item, Job) and item.number == 2 and not item.is_skipped
            if is_third:
                second.set()
                assert failed.wait(60)
            super().put(item, block, timeout)
            if is_third:
                over.wait(60)
            elif isinstance(item, Job) and item.is_skipped:
                skipped.set()
            elif isinstance(item, Job) and item.result is not None:
                failed.set()

    def work(item: int) -> int:
        if item == 0:
            # The last result.
            assert skipped.wait(60)
        elif item == 1:
            assert second.wait(60)
            raise NegativeAnswerError("1 fails")
        return item

    monkeypatch.setattr("tccli.core.parallel.SimpleQueue", SlowQueue)
    schedule = Schedule(2, in_order=False, stops_at_error=True, reads_ahead=True)
    done = [item for item, _ in run_parallel(work, range(3), schedule=schedule)]
    over.set()
    assert done == [1, 0]


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


@pytest.mark.parametrize("reads_ahead", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_with_fewer_threads_than_jobs(monkeypatch: pytest.MonkeyPatch, count: int, *, reads_ahead: bool) -> None:
    """
    All jobs are done, also if the system allows no further thread at all.
    """
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def start_some(thread: threading.Thread) -> None:
        if len(started) >= count:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    for schedule in (Schedule(reads_ahead=reads_ahead), Schedule(reads_ahead=reads_ahead, in_order=False, rate=1e6)):
        started.clear()
        done = list(run_parallel(lambda item: item * 2, range(300), schedule=schedule))
        assert [(item, item * 2) for item in range(300)] == sorted(done, key=lambda pair: pair[0])

    started.clear()
    schedule = Schedule(reads_ahead=reads_ahead, stops_at_error=True)
    stopped = list(run_parallel(fail_at(3), range(300), schedule=schedule))
    assert [0, 1, 2, 3] == [item for item, _ in stopped[:4]]


class Broken:
    """
    Fails in a thread of the engine, after some jobs.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.count = 0

    def _count(self, place: str) -> None:
        self.count += place == self.place
        if self.count > 20:
            raise MemoryError

    def connect(self, run: object) -> None:
        """
        Take nothing.
        """

    def dispatch(self) -> None:
        """
        Fail in the thread that takes items.
        """
        self._count("dispatch")

    def add_slot(self) -> bool:
        """
        Fail in a thread that makes jobs.
        """
        self._count("add_slot")
        return False

    def end(self) -> None:
        """
        Do nothing.
        """

    def cancel(self) -> None:
        """
        Do nothing.
        """


@pytest.mark.parametrize("reads_ahead", [False, True])
@pytest.mark.parametrize("place", ["dispatch", "add_slot"])
def test_a_thread_that_fails_ends_the_run(place: str, *, reads_ahead: bool) -> None:
    """
    Its error is raised where results are read, which would wait for ever otherwise.
    """
    schedule = Schedule(jobs=1, reads_ahead=reads_ahead)
    with pytest.raises(MemoryError):
        list(run_parallel(lambda item: item, range(1000), schedule=schedule, helper=Broken(place)))


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
        results.throw(KeyboardInterrupt)
    time.sleep(0.2)
    check_duration(begun, 10)
    assert len(started) <= DEFAULT_JOBS + 1


def test_what_ends_at_an_interruption_is_not_followed_by_another_call() -> None:
    """
    A thread whose call is cancelled does not take the next item, even if it runs first.
    """

    class SlowCancellation(Cancellation):
        def cancel(self) -> None:
            super().cancel()
            time.sleep(0.2)

    cancellation = SlowCancellation()
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item > 0:
            cancellation.sleep(60)
        return item

    schedule = Schedule(jobs=4, in_order=False, reads_ahead=True)
    results = run_parallel(work, range(100), schedule=schedule, cancellation=cancellation)
    assert 0 == next(results)[0]
    while len(begun) < 5:
        time.sleep(0.001)
    results.close()

    assert [0, 1, 2, 3, 4] == sorted(begun)


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
    begun = time.monotonic()
    back_off.extend(0.5)
    list(run_parallel(send, range(20)))
    assert time.monotonic() - begun >= 0.45


def test_results_come_as_they_are_done() -> None:
    """
    The one that takes longest comes last, and memory does not grow behind it.
    """
    held = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            held.wait(60)
        return item

    results = run_parallel(work, range(1000), schedule=Schedule(in_order=False, jobs=3))
    first = [next(results)[0] for _ in range(999)]
    held.set()
    assert sorted(first) == list(range(1, 1000))
    assert list(results) == [(0, 0)]


def test_a_result_does_not_wait_for_the_next_item() -> None:
    """
    If items are read ahead; an interruption does not wait for the next item either.
    """
    more = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        more.wait(60)
        yield 2

    results = run_parallel(lambda item: item, items(), schedule=Schedule(reads_ahead=True))
    assert next(results) == (1, 1)
    more.set()
    assert list(results) == [(2, 2)]

    endless = run_parallel(lambda item: item, iter(int, 1), schedule=Schedule(reads_ahead=True, jobs=2))
    assert next(endless) == (0, 0)
    endless.close()


def test_an_error_at_an_interruption_begins_no_call() -> None:
    """
    A call that fails first while the run is stopped does not let those before it begin.
    """
    schedule = Schedule(jobs=1, stops_at_error=True)
    run: Run[int, int] = Run(int, iter(()), schedule, None, None)
    failed: Job[int, int] = Job(5, 5)
    failed.fail(NegativeAnswerError("fails"))
    stop = run._stopped.set

    def fail_first() -> None:
        run._stopped.set = stop  # type: ignore[method-assign]
        run.finish(failed)
        stop()

    run._stopped.set = fail_first  # type: ignore[method-assign]
    run.stop()
    run.put_back(Job(3, 3))
    assert run.take() is None


def test_the_first_error_stops_calls_that_have_not_begun() -> None:
    """
    Also those that were taken already, and whose results would come later.
    """
    begun: list[int] = []
    has_failed = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise NegativeAnswerError("fails")
        has_failed.wait(60)
        return item

    schedule = Schedule(stops_at_error=True, jobs=4, in_order=False, reads_ahead=True)
    done = []
    for item, _ in run_parallel(work, range(500), schedule=schedule):
        done.append(item)
        has_failed.set()
    assert 2 == done[0]
    assert sorted(begun) == sorted(done)
    assert len(begun) <= 4


def test_calls_are_started_at_a_rate() -> None:
    """
    In equal intervals, and after a pause that a service asked for, none is made up for.
    """
    begun: dict[int, float] = {}
    paused: list[float] = []
    back_off = BackOff()

    def items() -> Iterator[int]:
        for item in range(20):
            if item == 10:
                paused.append(time.monotonic())
                back_off.extend(0.5)
            yield item

    def work(item: int) -> int:
        begun[item] = time.monotonic()
        return item

    start = time.monotonic()
    results = list(run_parallel(work, items(), schedule=Schedule(rate=50), back_off=back_off))
    assert len(results) == 20
    # On a busy machine, starts are later, and may then be close to each other: only the earliest times are certain.
    for number, moment in enumerate(sorted(begun.values())):
        assert moment - start >= (number - 1) * 0.02
    for number, moment in enumerate(sorted(begun[item] for item in range(10, 20))):
        assert moment - paused[0] >= 0.5 + (number - 1) * 0.02


def test_a_rate_ends_with_an_interruption() -> None:
    """
    None waits for the next start.
    """
    results = run_parallel(lambda item: item, range(20), schedule=Schedule(rate=0.01, jobs=4))
    begun = time.monotonic()
    assert next(results) == (0, 0)
    results.close()
    check_duration(begun, 5)
