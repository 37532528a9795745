"""
The calls of a batch, from when they are sent until their results are written.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tccli.cli.batch.assumed_ends import suggest_check
from tccli.cli.batch.reachability import Reachability
from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.core.journal.lines import State
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tccli.cli.batch.items import Item
    from tccli.cli.batch.summary import Summary
    from tccli.core.client import Client
    from tccli.core.journal.file import Journal

MAX_END_SECONDS = 0.5
"""How long calls that are cancelled are waited for."""


class CallFailedError(TcError):
    """
    Tells the engine that a call has failed. It has the result, and is not printed.
    """

    def __init__(self, result: BatchResult) -> None:
        super().__init__("")
        self.result = result


class CallNotMadeError(TcError):
    """
    Tells the engine that a call was not made, since the deployment cannot be reached. It is not printed.
    """


class CallMaker:
    """
    Makes calls in threads of this process, or with worker processes (`RemoteCall`), and knows how far each one is.

    Args:
        max_failures: See `Reachability`.

    Attributes:
        reachability: What is known of the deployment.
        unfinished: The labels of calls that are not idempotent, by line, from when they are sent until their results
            are written.
        ended: What has ended, by line, until it is written.
        unanswered: How many calls were begun, and have no result.
    """

    def __init__(
        self, client: Client, runner: CallRunner, journal: Journal | None, summary: Summary, max_failures: int
    ) -> None:
        self._client = client
        self._runner = runner
        self._journal = journal
        self._summary = summary
        self.reachability = Reachability(max_failures)
        self.unfinished: dict[int, str] = {}
        self.ended: dict[int, tuple[Item, BatchResult]] = {}
        self.unanswered = 0
        self._working = 0
        self._changed = threading.Condition()
        self._wait_end: float | None = None

    def process(self, item: Item) -> BatchResult:
        """
        Make a call, in one of several threads.

        Raises:
            CallFailedError: It failed.
            CallNotMadeError: The deployment cannot be reached, or the batch was interrupted.
        """
        if item.result is not None:
            # What was uncertain before does not stop this run: it would do so each time.
            if item.result.error is not None and not item.result.is_uncertain:
                raise CallFailedError(item.result)
            return item.result
        assert item.call is not None
        self.begin([item])
        return self.end(item, self._runner.run(item.call))

    @property
    def is_ready(self) -> bool:
        """
        Whether all calls may begin.
        """
        return self.reachability.is_proven

    def may_wait(self, item: Item) -> bool:
        """
        Return whether it does not matter if a call is begun: it is idempotent, or has a result.
        """
        return not item.is_recorded

    def begin(self, items: Sequence[Item]) -> list[tuple[Any, ...] | None]:
        """
        Record calls that are to be sent now, and return them; None for what has a result.

        Raises:
            CallNotMadeError: The deployment cannot be reached, or the batch was interrupted.
            LocalFileError: The journal cannot be written.
        """
        begun = [item for item in items if item.result is None]
        recorded = [item for item in begun if item.is_recorded]
        # Before it is known whether they may begin: who has cancelled the calls waits for those that do.
        with self._changed:
            self._working += len(begun)
        try:
            self._check_may_begin(len(begun))
            if self._journal is not None and recorded:
                for item in recorded:
                    self._journal.record(item.key, item.digest, State.STARTED, item.parts)
                self._journal.sync()
        except BaseException:
            self._end_working(len(begun))
            raise
        with self._changed:
            self.unanswered += len(begun)
            self.unfinished.update((item.call.number, item.call.label) for item in recorded if item.call is not None)
        return [tuple(item.call) if item.call is not None and item.result is None else None for item in items]

    def _check_may_begin(self, count: int) -> None:
        cancellation = self._client.cancellation
        for _ in range(count):
            if not self.reachability.begin() or (cancellation is not None and cancellation.is_cancelled):
                raise CallNotMadeError("")

    def end(self, item: Item, answer: Iterable[Any]) -> BatchResult:
        """
        Return the result of a call that has ended.

        Raises:
            CallFailedError: It failed.
        """
        result = BatchResult(*answer)
        if result.is_uncertain and self._journal is not None:
            # The next run is the one that decides.
            hint = suggest_check(result.result_id)
            result = result._replace(error={**(result.error or {}), "hint": hint})
        try:
            self._end_call(item, result)
            self.reachability.end(result)
        finally:
            self._end_working(1)
        if result.error is not None:
            raise CallFailedError(result)
        return result

    def _end_working(self, count: int) -> None:
        with self._changed:
            self._working -= count
            if not self._working:
                self._changed.notify_all()

    def _end_call(self, item: Item, result: BatchResult) -> None:
        cancellation = self._client.cancellation
        if result.error is None or result.status is not None or cancellation is None or not cancellation.is_cancelled:
            with self._changed:
                self.unanswered -= 1
                self.ended[result.number] = item, result
        elif item.is_recorded and not result.is_uncertain:
            self._record_unsent(item)

    def _record_unsent(self, item: Item) -> None:
        """
        Record that a call was cancelled before it was sent.
        """
        assert item.call is not None
        with self._changed:
            self.unanswered -= 1
            self.unfinished.pop(item.call.number, None)
        if self._journal is not None and item.is_recorded:
            self._journal.record(item.key, item.digest, State.FAILED, item.parts)

    def withdraw(self, items: Sequence[Item]) -> None:
        """
        Take back that calls were begun: they were not sent, and will not be.
        """
        try:
            for item in items:
                self._record_unsent(item)
        finally:
            self._end_working(len(items))

    def lose(self, item: Item, reason: str, *, again: bool) -> BatchResult | None:
        """
        Return the result of a call whose worker process has ended; None to make it again.
        """
        assert item.call is not None
        may_repeat = self._client.policy.unsafe or not item.is_recorded
        if may_repeat and again:
            with self._changed:
                self.unanswered -= 1
            self._end_working(1)
            return None
        return self._runner.lose(item.call, reason, is_uncertain=not may_repeat)

    def report(self, line: str) -> None:
        """
        Print a line of a worker process.
        """
        self._summary.print_line(line)

    def report_loss(self, reason: str) -> None:
        """
        Print that a worker process has ended.
        """
        self._summary.report(
            f"a worker process has ended ({reason}); calls that it made are made again if they are idempotent, "
            "or else uncertain"
        )

    def finish(self, item: Item, result: BatchResult) -> None:
        """
        Record the end of a call whose result is written.
        """
        if item.call is None:
            return
        if self._journal is not None:
            self._journal.record(item.key, item.digest, _find_state(result), item.parts)
        with self._changed:
            self.unfinished.pop(item.call.number, None)

    @property
    def is_idle(self) -> bool:
        """
        Whether no call runs, and all results are written.
        """
        return not self._working and not self.ended

    def record_unwritten(self) -> list[BatchResult]:
        """
        Record the ends of calls whose results were not written, and return these.

        Those that only read are not recorded, so that another run prints what they read.
        """
        unwritten = sorted(self.ended.copy().items())
        for _, (item, result) in unwritten:
            if self._journal is not None and item.call is not None and not self._runner.only_reads(item.call):
                # If it cannot be written, that is the error of the batch.
                with suppress(TcError):
                    self._journal.record(item.key, item.digest, _find_state(result), item.parts)
        return [result for _, (_, result) in unwritten]

    def wait(self) -> None:
        """
        Wait for the calls that were cancelled, a moment: most know whether they were sent. They get this moment once.
        """
        if self._wait_end is None:
            self._wait_end = time.monotonic() + MAX_END_SECONDS
        with self._changed:
            self._changed.wait_for(lambda: not self._working, max(0.0, self._wait_end - time.monotonic()))


def _find_state(result: BatchResult) -> State:
    if result.error is None:
        return State.DONE
    return State.UNCERTAIN if result.is_uncertain else State.FAILED
