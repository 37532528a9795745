"""
Calls that worker processes make for the engine, in place of its threads.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.parallel import Job, Run
    from tccli.core.worker_processes import Worker, WorkerPool

MIN_PROCESSOR_SHARE = 0.6
"""Of one processor, that this process uses when its workers begin. Below it, calls wait for responses only."""
SAMPLE_JOBS = 64
MIN_SAMPLE_SECONDS = 0.05
"""After so many jobs, but not before so long, the share is measured again: many responses may come at once."""
AHEAD_CALLS = 8
"""That a worker has got, and has not begun: so its threads need not wait for the next ones."""
BUNCH_SECONDS = 0.001
"""How long results are collected while a worker has further calls: each wait takes a tenth of a call."""
MAX_LOSSES = 3
"""After so many workers that ended while they made a call, it is not made again."""


class RemoteCall(Protocol):
    """
    A call in three parts, the second of which a worker makes.
    """

    @property
    def is_ready(self) -> bool:
        """
        Whether workers may begin; then no part but the second waits.
        """

    def may_wait(self, item: Any) -> bool:
        """
        Return whether a worker may get it before it can begin it: a worker that ends leaves open what it has begun.
        """

    def begin(self, items: Sequence[Any]) -> list[Any]:
        """
        Return what workers get for items; None for one that the function of the engine makes in this process.

        Raises:
            TcError: None of them can be made.
        """

    def end(self, item: Any, answer: Any) -> Any:
        """
        Return the result of an item, from what a worker returned.

        Raises:
            TcError: Instead of a result.
        """

    def withdraw(self, items: Sequence[Any]) -> None:
        """
        Take back that items were begun: no worker has got them, and none will.
        """

    def lose(self, item: Any, reason: str, *, again: bool) -> Any:
        """
        Return the result of a call whose worker has ended while it made it, as a worker returns results.

        Args:
            again: Whether None can be returned, and the call is made again then.
        """

    def report(self, line: str) -> None:
        """
        Print a line for people, which a worker has sent.
        """

    def report_loss(self, reason: str) -> None:
        """
        Print that a worker has ended.
        """


class _Share:
    """
    What a worker makes.

    Attributes:
        slots: How many calls it makes at a time.
        max_slots: The number of its threads.
        max_ahead: How many more calls it may have, if each of its threads has one.
        jobs: Those that it makes.
        pending: How many it is about to get.
    """

    def __init__(self, worker: Worker, max_slots: int, max_ahead: int) -> None:
        self.worker = worker
        self.max_slots = max_slots
        self.max_ahead = max_ahead
        self.slots = 0
        self.pending = 0
        self.jobs: dict[int, Job[Any, Any]] = {}

    @property
    def idle(self) -> int:
        """
        How many calls it could begin at once; less than 0 if some wait.
        """
        return self.slots - self.pending - len(self.jobs)

    @property
    def has_room(self) -> bool:
        """
        Whether it may get a further call.
        """
        # Before, other threads make those calls: then more calls than jobs would run at a time.
        return self.idle > (-self.max_ahead if self.slots == self.max_slots else 0)


class Dispatcher:
    """
    Gives jobs of the engine to workers.

    The engine's threads make the first calls. When the process is busy, each of them ends, and a worker makes one more
    call at a time instead.

    Args:
        sends_ahead: Whether workers may have more calls than they can begin.
    """

    def __init__(self, pool: WorkerPool, calls: RemoteCall, *, sends_ahead: bool) -> None:
        self._pool = pool
        self._calls = calls
        self._run: Run[Any, Any]
        ahead = AHEAD_CALLS if sends_ahead else 0
        self._shares = [_Share(worker, pool.threads, ahead) for worker in pool.workers]
        # A job that must not wait, for the next thread of a worker.
        self._next: Job[Any, Any] | None = None
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._is_active = False
        self._is_over = False
        self._jobs = 0
        self._sample = time.process_time(), time.monotonic()

    def connect(self, run: Run[Any, Any]) -> None:
        """
        Take jobs from this run.
        """
        self._run = run

    def add_slot(self) -> bool:
        """
        Return whether the thread that has made a job must end: then a worker makes one more job at a time.
        """
        if not self._is_active and not self._is_busy():
            return False
        with self._lock:
            if self._is_over:
                return False
            if not self._is_active:
                self._is_active = True
                # A worker that nothing receives from is not used.
                self._shares = [share for share in self._shares if self._run.start_thread(self._receive, share)]
            share = min(self._shares, key=lambda share: share.slots, default=None)
            if share is None or share.slots == share.max_slots:
                return False
            share.slots += 1
        self.dispatch()
        return True

    def _is_busy(self) -> bool:
        self._jobs += 1
        if self._jobs % SAMPLE_JOBS or not self._calls.is_ready:
            return False
        (used, began), now = self._sample, time.monotonic()
        if now - began < MIN_SAMPLE_SECONDS:
            return False
        self._sample = time.process_time(), now
        return self._sample[0] - used >= MIN_PROCESSOR_SHARE * (now - began)

    def dispatch(self) -> None:
        """
        Take jobs, if there are some and workers can make them.
        """
        # A thread that frees a slot looks for jobs afterwards.
        if not any(share.has_room for share in self._shares):
            return
        # One at a time, so that workers get calls in the order of the jobs.
        with self._sending:
            while batches := self._assign():
                for share, jobs in batches:
                    self._send(share, jobs)

    def _assign(self) -> list[tuple[_Share, list[Job[Any, Any]]]]:
        batches: dict[_Share, list[Job[Any, Any]]] = {}
        with self._lock:
            while self._shares and not self._is_over:
                share = max(self._shares, key=lambda share: share.idle)
                if not share.has_room:
                    break
                job, self._next = self._next or self._run.take(), None
                if job is None:
                    break
                if share.idle <= 0 and not self._calls.may_wait(job.item):
                    self._next = job
                    break
                share.pending += 1
                batches.setdefault(share, []).append(job)
        return list(batches.items())

    def _send(self, share: _Share, jobs: list[Job[Any, Any]]) -> None:
        try:
            arguments = self._calls.begin([job.item for job in jobs])
        except BaseException as error:  # noqa: BLE001 - raised in the thread that reads the results
            for job in jobs:
                job.fail(error)
                self._run.finish(job)
            pairs = []
        else:
            pairs = list(zip(jobs, arguments, strict=True))
        remote = [(job, argument) for job, argument in pairs if argument is not None]
        for job, argument in pairs:
            if argument is None:
                self._run.run(job)
        with self._lock:
            share.pending -= len(jobs)
            share.jobs.update((job.number, job) for job, _ in remote)
        if not remote:
            return
        try:
            share.worker.channel.send([(job.number, argument) for job, argument in remote])
        except OSError:
            # If the worker has ended, the thread that receives from it learns that.
            if self._is_over:
                self._calls.withdraw([job.item for job, _ in remote])

    def _receive(self, share: _Share) -> None:
        while answers := self._take_answers(share):
            with self._lock:
                ended = [(share.jobs.pop(number, None), answer, failure) for number, answer, failure in answers]
            for job, answer, failure in ended:
                if job is None:
                    self._calls.report(answer)
                else:
                    self._end(job, answer, failure)
            self.dispatch()
            if share.idle < 0:
                time.sleep(BUNCH_SECONDS)
        self._lose(share)

    def _take_answers(self, share: _Share) -> list[Any]:
        try:
            return share.worker.channel.receive()
        except MemoryError:
            # It does not suffice for a result. The call is made again, or is uncertain.
            return []

    def _end(self, job: Job[Any, Any], answer: Any, failure: str = "") -> None:
        if failure:
            job.fail(RuntimeError(f"in a worker process:\n{failure}"))
        else:
            try:
                job.result = self._calls.end(job.item, answer)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that reads the results
                job.fail(error)
        self._run.finish(job)

    def _lose(self, share: _Share) -> None:
        """
        Make the calls of a worker that has ended in another way, or report them as failed.
        """
        with self._sending, self._lock:
            if self._is_over:
                return
            self._shares.remove(share)
            slots, jobs = share.slots, list(share.jobs.values())
        reason = share.worker.kill()
        self._calls.report_loss(reason)
        for job in jobs:
            job.losses += 1
            answer = self._calls.lose(job.item, reason, again=job.losses < MAX_LOSSES)
            if answer is None:
                self._run.put_back(job)
            else:
                self._end(job, answer)
        with self._lock:
            waiting, self._next = self._next, None
        if waiting is not None:
            self._run.put_back(waiting)
        # The other workers have as many calls as they have threads.
        started = 0
        while started < slots and self._run.start_thread(self._run.work):
            started += 1
        self.dispatch()
        if slots and not started:
            # There must be a thread for its jobs: this one.
            self._run.work()

    def end(self) -> None:
        """
        Take no further job.
        """
        with self._lock:
            self._is_over = True

    def cancel(self) -> None:
        """
        End the calls of the workers, which then send the results.
        """
        self._pool.end()
