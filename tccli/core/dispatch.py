"""
Calls that worker processes make for the engine, in place of its threads.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.parallel import Job, Run
    from tccli.core.worker_processes import Worker, WorkerPool

MIN_PROCESSOR_SHARE = 0.6
"""Of one processor, that this process uses when its workers begin. Below it, calls wait for responses only."""
SAMPLE_JOBS = 64
"""After so many jobs, the share is measured again."""
MAX_LOSSES = 2
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

    def begin(self, items: Sequence[Any]) -> list[Any]:
        """
        Return what workers get for items; None for one that the function of the engine makes in this process.

        Raises:
            TcError: None of them can be made.
        """

    def end(self, item: Any, answer: Any) -> Any:
        """
        Return the result, from what the worker returned.

        Raises:
            TcError: Instead of a result.
        """

    def lose(self, item: Any, reason: str, *, again: bool) -> Any:
        """
        Return what counts as the answer of a worker that has ended while it made the call.

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
        jobs: Those that it makes.
        pending: How many it is about to get.
        lock: Of those who send to it.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.slots = 0
        self.pending = 0
        self.jobs: dict[int, Job[Any, Any]] = {}
        self.lock = threading.Lock()
        self.is_lost = False

    @property
    def free(self) -> int:
        return self.slots - self.pending - len(self.jobs)


class Dispatcher:
    """
    Gives jobs of the engine to workers.

    The engine's threads make the first calls. When the process is busy, each of them ends, and a worker makes one more
    call at a time instead.
    """

    def __init__(self, pool: WorkerPool, calls: RemoteCall) -> None:
        self._pool = pool
        self._calls = calls
        self._run: Run[Any, Any]
        self._shares = [_Share(worker) for worker in pool.workers]
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
            if not self._shares or self._is_over:
                return False
            if not self._is_active:
                self._is_active = True
                for share in self._shares:
                    threading.Thread(target=self._receive, args=(share,), daemon=True).start()
            min(self._shares, key=lambda share: share.slots).slots += 1
        self.dispatch()
        return True

    def _is_busy(self) -> bool:
        self._jobs += 1
        if self._jobs % SAMPLE_JOBS or not self._calls.is_ready:
            return False
        (used, began), self._sample = self._sample, (time.process_time(), time.monotonic())
        return self._sample[0] - used >= MIN_PROCESSOR_SHARE * (self._sample[1] - began)

    def dispatch(self) -> None:
        """
        Take jobs, if there are some and workers can make them.
        """
        # Whoever frees a slot looks for jobs afterwards.
        while any(share.free > 0 for share in self._shares) and (batches := self._assign()):
            for share, jobs in batches:
                self._send(share, jobs)

    def _assign(self) -> list[tuple[_Share, list[Job[Any, Any]]]]:
        batches: dict[_Share, list[Job[Any, Any]]] = {}
        with self._lock:
            while self._shares and not self._is_over:
                share = max(self._shares, key=lambda share: share.free)
                if share.free <= 0 or (job := self._run.take()) is None:
                    break
                share.pending += 1
                batches.setdefault(share, []).append(job)
        return list(batches.items())

    def _send(self, share: _Share, jobs: list[Job[Any, Any]]) -> None:
        with share.lock:
            if share.is_lost:
                for job in jobs:
                    self._run.put_back(job)
                return
            remote: dict[int, Job[Any, Any]] = {}
            calls = []
            try:
                for job, argument in zip(jobs, self._calls.begin([job.item for job in jobs]), strict=True):
                    if argument is None:
                        self._run.run(job)
                    else:
                        remote[job.number] = job
                        calls.append((job.number, argument))
            except BaseException as error:  # noqa: BLE001 - raised in the thread that reads the results
                for job in jobs:
                    job.fail(error)
                    self._run.finish(job)
            with self._lock:
                share.pending -= len(jobs)
                share.jobs.update(remote)
            # If the worker has ended, the thread that receives from it learns that.
            with suppress(OSError):
                share.worker.channel.send(calls)

    def _receive(self, share: _Share) -> None:
        while answers := share.worker.channel.receive():
            with self._lock:
                ended = [(share.jobs.pop(number, None), answer, failure) for number, answer, failure in answers]
            for job, answer, failure in ended:
                if job is None:
                    self._calls.report(answer)
                else:
                    self._end(job, answer, failure)
            self.dispatch()
        self._lose(share)

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
        with share.lock, self._lock:
            if self._is_over:
                return
            share.is_lost = True
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
            for _ in range(slots if self._shares else 0):
                min(self._shares, key=lambda share: share.slots).slots += 1
            has_others = bool(self._shares)
        if has_others:
            self.dispatch()
        else:
            self._run.start_threads(slots)

    def end(self) -> None:
        """
        Take no further job.
        """
        with self._lock:
            self._is_over = True

    def cancel(self) -> None:
        """
        Let the workers end their calls, and send what became of them.
        """
        self._pool.end()
