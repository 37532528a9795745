"""
The same call for many items, several at a time: the engine of all commands that make many calls.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from tccli.core.http.deadline import Cancellation
from tccli.core.http.retry import BackOff
from tccli.core.threads import ThreadError, start_thread
from tccli.errors import TcError
from tccli.interrupts import MAX_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tccli.core.client import Client

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_JOBS = 16
MIN_WAITING_RESULTS = 64
WAITING_RESULTS_PER_JOB = 4
"""How far the calls may be ahead of the result that comes next."""


class Schedule(NamedTuple):
    """
    How many calls run, and when their results come.

    Attributes:
        jobs: How many calls run at a time.
        in_order: Whether results come in the order of the items, or as soon as they are there.
        stops_at_error: Whether no further call is started after the first error; those in work are finished.
        rate: How many calls are started in a second, or None for as many as possible. Retries count, and other requests
            of the calls that take a turn of the back-off.
        reads_ahead: Whether items are taken in a separate thread. Then a result does not wait for the next item,
            such as a line that a slow program has yet to write. Otherwise they are taken in the thread that reads the
            results.
    """

    jobs: int = DEFAULT_JOBS
    in_order: bool = True
    stops_at_error: bool = False
    rate: float | None = None
    reads_ahead: bool = False


DEFAULT_SCHEDULE = Schedule()


class Job(Generic[T, R]):
    """
    An item with its result, or with the exception that is not a result.

    Attributes:
        losses: How many workers have ended while they made it.
    """

    __slots__ = ("error", "is_skipped", "item", "losses", "number", "result")

    def __init__(self, item: T, number: int) -> None:
        self.item = item
        self.number = number
        self.is_skipped = False
        self.losses = 0
        self.result: Any = None
        self.error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """
        Take what was raised instead of a result.
        """
        if isinstance(error, TcError):
            self.result = error
        else:
            self.error = error


class Helper(Protocol):
    """
    Makes jobs of the engine in other processes, in place of its threads.
    """

    def connect(self, run: Run[Any, Any]) -> None:
        """
        Take jobs from this run.
        """

    def dispatch(self) -> None:
        """
        Take jobs, if there are some and other processes can make them.
        """

    def add_slot(self) -> bool:
        """
        Return whether the thread that has made a job must end: then another process makes one more job at a time.
        """

    def end(self) -> None:
        """
        Take no further job.
        """

    def cancel(self) -> None:
        """
        End the jobs that other processes make.
        """


def make_parallel_client(client: Client, processes: int = 1) -> Client:
    """
    Return a client for several threads: its calls can be ended at once, and when a service asks one of them to slow
    down, all of them wait.

    Args:
        processes: The number of processes that share the wait.
    """
    return replace(client, cancellation=client.cancellation or Cancellation(), back_off=BackOff(processes))


def run_parallel(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    schedule: Schedule = DEFAULT_SCHEDULE,
    cancellation: Cancellation | None = None,
    back_off: BackOff | None = None,
    helper: Helper | None = None,
) -> Generator[tuple[T, R | TcError]]:
    """
    Yield each item with its result or its error.

    Items are taken as they are needed, so that there may be any number of them: memory depends on the number of calls
    at a time only. After an interruption, no further call is started, and none is waited for. Where the system allows
    fewer threads than the schedule has jobs, fewer calls run at a time: one if there is no thread at all.

    Args:
        cancellation: Of the client that *function* uses: ends the calls that run when the results are no longer read.
        back_off: Of that client: while it lasts, no call is started if there is a *rate*.
        helper: Makes calls in other processes, once this one is busy. It needs a schedule without a *rate*.
    """
    iterator = iter(items)
    if not schedule.reads_ahead:
        first = list(islice(iterator, 2))
        if len(first) < 2:
            # A single call needs no thread.
            yield from ((item, _call(function, item)) for item in first)
            return
        iterator = chain(first, iterator)
    run = Run(function, iterator, schedule, back_off, helper)
    try:
        for job in _sort_jobs(run.finish_jobs()) if schedule.in_order else run.finish_jobs():
            run.release_slot()
            if not job.is_skipped:
                yield job.item, job.result
    except BaseException:
        # First: a thread whose call is cancelled takes the next job.
        run.stop()
        if cancellation is not None:
            cancellation.cancel()
        if helper is not None:
            helper.cancel()
        raise
    finally:
        run.stop()


class _Pace:
    """
    Starts calls in equal intervals. While a service asks to slow down, none.
    """

    def __init__(self, rate: float, back_off: BackOff | None) -> None:
        self._interval = 1 / rate
        self._back_off = back_off
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def wait(self, sleep: Callable[[float], Any]) -> None:
        """
        Return when the next call may be started, or when *sleep* returns that it will not be.
        """
        # The one whose turn is next waits with the lock, so that none is started at once after a pause.
        with self._lock:
            while (seconds := self._remaining()) > 0 and not sleep(seconds):
                pass
            self._next = max(self._next + self._interval, time.monotonic())

    def _remaining(self) -> float:
        pause = 0.0 if self._back_off is None else self._back_off.remaining
        return max(pause, self._next - time.monotonic())


class Run(Generic[T, R]):
    """
    The threads of `run_parallel`, and the jobs that they have not done.
    """

    def __init__(
        self,
        function: Callable[[T], R],
        items: Iterator[T],
        schedule: Schedule,
        back_off: BackOff | None,
        helper: Helper | None,
    ) -> None:
        self._function = function
        self._items = items
        self._schedule = schedule
        self._todo: SimpleQueue[Job[T, R] | None] = SimpleQueue()
        self._pace = None if schedule.rate is None else _Pace(schedule.rate, back_off)
        if back_off is not None and self._pace is not None:
            back_off.take_turn = self._pace.wait
        self._helper = helper
        if helper is not None:
            helper.connect(self)
        # None follows the last item.
        self._done: SimpleQueue[Job[T, R] | None] = SimpleQueue()
        slots = max(MIN_WAITING_RESULTS, schedule.jobs * WAITING_RESULTS_PER_JOB)
        self._slots = threading.Semaphore(slots)
        # Each change of the thread that runs takes a tenth of a call: the one that reads ahead wakes up for several.
        self._slots_at_once = slots // 4 if schedule.reads_ahead else 1
        self._free_slots = 0
        self._threads = 0
        self._max_threads = schedule.jobs
        self._started = 0
        self._has_items = True
        self._first_failed = -1
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._is_over = False
        self._failure: BaseException | None = None
        # Made before memory is used up.
        self._abort: Job[Any, Any] = Job(None, -1)

    def finish_jobs(self) -> Iterator[Job[T, R]]:
        """
        Yield each job as soon as it is done. An error of the items comes after the jobs that were begun; exceptions
        that are not results are raised at once.
        """
        reads_ahead = self._schedule.reads_ahead and self.start_thread(self._read_ahead)
        finished = 0
        # After an error that stops it, the next item is not waited for.
        while (self._has_items and not self._stopped.is_set()) or finished < self._started:
            # What is done is yielded before more items are taken, which may take a while.
            while not reads_ahead and self._has_items and self._done.empty() and self._slots.acquire(blocking=False):
                self._start_next()
            try:
                job = self._done.get(timeout=MAX_WAIT_SECONDS)
            except Empty:
                continue
            if job is not None:
                finished += 1
                if job.error is not None:
                    raise job.error
                yield job
        if self._failure is not None:
            raise self._failure

    def release_slot(self) -> None:
        """
        Allow that another item is taken: a job was yielded.
        """
        self._free_slots += 1
        if self._free_slots == self._slots_at_once:
            self._slots.release(self._free_slots)
            self._free_slots = 0

    def stop(self) -> None:
        """
        Start no further job.
        """
        # Whatever fails first at this moment.
        self._is_over = True
        self._stopped.set()
        if self._helper is not None:
            self._helper.end()
        # The thread that reads ahead may wait for it.
        self._slots.release()
        for _ in range(self._threads):
            self._todo.put(None)

    def _read_ahead(self) -> None:
        while self._has_items:
            self._slots.acquire()
            self._start_next()

    def _start_next(self) -> None:
        try:
            item = _NONE if self._stopped.is_set() else next(self._items, _NONE)
        except KeyboardInterrupt:
            # Nothing is waited for.
            raise
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads the results
            self._failure, item = error, _NONE
        if item is _NONE or self._stopped.is_set():
            self._has_items = False
            self._done.put(None)
            return
        # Counted first: as soon as it is in the queue, it may be done, and its result waited for.
        self._started += 1
        self._todo.put(Job(item, self._started - 1))
        if self._threads < self._max_threads:
            if self.start_thread(self.work):
                self._threads += 1
            else:
                # Each further attempt would take memory that Python does not free.
                self._max_threads = self._threads
        if self._helper is not None:
            self._helper.dispatch()
        if not self._threads and (job := self.take()) is not None:
            self._make(job)

    def start_thread(self, function: Callable[..., Any], *args: Any) -> bool:
        """
        Call *function* in a thread, and return whether the system allows a further one.

        Each thread of a run is started here: what it raises ends the run, and is raised where results are read.
        """
        try:
            start_thread(self._guard, function, args)
        except ThreadError:
            return False
        return True

    def _guard(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads the results
            self._abort.error = error
            self._done.put(self._abort)

    def work(self) -> None:
        """
        Make jobs in this thread until the run ends, or a worker makes them in its place.
        """
        while (job := self._todo.get()) is not None:
            if self._make(job) and self._helper is not None and self._helper.add_slot():
                return

    def _make(self, job: Job[T, R]) -> bool:
        if self._pace is not None:
            self._pace.wait(self._stopped.wait)
        if self._skips(job):
            self._done.put(job)
            return False
        self.run(job)
        return True

    def take(self) -> Job[T, R] | None:
        """
        Return the next job that is to be made, or None if there is none at the moment.
        """
        while True:
            try:
                job = self._todo.get_nowait()
            except Empty:
                return None
            if job is None:
                # For a thread.
                self._todo.put(None)
                return None
            if not self._skips(job):
                return job
            self._done.put(job)

    def _skips(self, job: Job[T, R]) -> bool:
        is_needed = job.number <= self._first_failed and not self._is_over
        # What a worker has begun is finished.
        job.is_skipped = self._stopped.is_set() and not is_needed and not job.losses
        return job.is_skipped

    def put_back(self, job: Job[T, R]) -> None:
        """
        Return a job that was taken to the queue; it is made after the others.
        """
        self._todo.put(job)

    def run(self, job: Job[T, R]) -> None:
        """
        Make a job in this thread.
        """
        try:
            job.result = self._function(job.item)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads the results
            job.fail(error)
        self.finish(job)

    def finish(self, job: Job[T, R]) -> None:
        """
        Take a job that has its result.
        """
        if self._schedule.stops_at_error and isinstance(job.result, TcError):
            with self._lock:
                self._first_failed = job.number if not self._stopped.is_set() else min(self._first_failed, job.number)
                self._stopped.set()
        self._done.put(job)


_NONE: Any = object()


def _sort_jobs(jobs: Iterator[Job[T, R]]) -> Iterator[Job[T, R]]:
    """
    Yield jobs in the order in which they were started.
    """
    waiting: dict[int, Job[T, R]] = {}
    following = 0
    for job in jobs:
        waiting[job.number] = job
        while (found := waiting.pop(following, None)) is not None:
            yield found
            following += 1


def _call(function: Callable[[T], R], item: T) -> R | TcError:
    try:
        return function(item)
    except TcError as error:
        return error
