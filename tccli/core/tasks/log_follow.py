"""
Follow the log of a run: read what is there, wait for more while the task runs, and read the rest when it has ended.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.tasks.log_reader import LogChangedError, LogReader, NotTheLogError
from tccli.core.tasks.log_tail import Tail
from tccli.core.tasks.logs import open_log
from tccli.core.tasks.members import RESOLVED_STATES
from tccli.core.tasks.pauses import PAUSE_FACTOR, Pauses
from tccli.core.tasks.queue import fetch_definition, fetch_status, find_log_name, find_run
from tccli.core.tasks.waiting import MAX_FAILED_POLLS
from tccli.core.transfer.remote import TransientError
from tccli.errors import FailedError, NoAnswerError, NotFoundError, RefusedError, RejectedError, TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from typing import Any

    from tccli.core.client import Client
    from tccli.core.tasks.log_lines import LineFilter
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.remote import RemoteFile

MIN_PAUSE_SECONDS = 0.5
"""A log usually ends just before its task."""
POLLS_PER_READ = 4
"""After the end of a live log, how many polls are made before it is read again, in case that it was only cut off."""
MIN_STATUS_PAUSE_SECONDS = 5.0
MAX_STATUS_PAUSE_SECONDS = 10.0
"""After how long the status of a task is requested again while its log is silent, or cannot be read."""
MIN_REPORTED_SECONDS = 1.0
"""A wait before the first retry is reported if it is that long."""
WORKER_GONE_REASONS = frozenset({"canceled", "claim-expired", "deadline-exceeded", "worker-shutdown"})
"""Of runs that the queue has ended: their workers may not upload the rest of the log any more."""


class LostLogError(NotFoundError):
    """
    The log was only at its worker, which is gone.
    """


def is_log_missing(error: TcError) -> bool:
    """
    Return whether the queue has no log of a run: neither one that has expired, nor one that is lost.
    """
    return isinstance(error, NotFoundError) and error.status == HTTPStatus.NOT_FOUND and bool(error.code)


class LogOptions(NamedTuple):
    """
    What is read of a log.

    Attributes:
        lines: Selects lines; copied, not fed.
        tail: How many of the last ones of these, or None for all.
        follows: Wait for what a task that runs still writes.
        is_whole: It is an error that the end of the log is lost.
    """

    lines: LineFilter
    tail: int | None = None
    follows: bool = True
    is_whole: bool = False


class Run(NamedTuple):
    """
    A run of a task.

    Attributes:
        definition: Of the task, if it is known.
        is_resolved: Whether the run is known to have ended.
    """

    task_id: str
    run_id: int
    definition: Mapping[str, Any] | None = None
    is_resolved: bool = False


class RunLog:
    """
    The log of one run.

    Args:
        report: Takes a line for people.
        call: Calls the functions that search lines, in a thread where Ctrl-C interrupts them; None if this is one.

    Attributes:
        remote: Its `stop` ends the reading from another thread.
        was_live: Whether it grew while it was read.
    """

    def __init__(
        self,
        client: Client,
        context: TransferContext,
        run: Run,
        options: LogOptions,
        *,
        report: Callable[[str], None],
        call: Callable[[Callable[[], Any]], Any] | None = None,
    ) -> None:
        self._client = client
        self._run = run
        self._options = options
        self._report = report
        self._call = call if options.lines.searches else None
        definition = fetch_definition(client, run.task_id) if run.definition is None else run.definition
        self.remote: RemoteFile = open_log(client, context, run.task_id, run.run_id, find_log_name(definition))
        self.was_live = False
        self.remote.check_retry = self._check_retry
        self._reader = LogReader(self.remote)
        self._is_tail_read = False
        self._reported: set[str] = set()
        self._failed_polls, self._has_status = 0, False
        self._lines = options.lines.copy()

    @property
    def content_type(self) -> str:
        """
        As in the latest response; may be empty.
        """
        return self._reader.content_type

    def read(self) -> Iterator[bytes]:
        """
        Yield what is to be printed, and an empty block each time when there is nothing new for a while.

        Raises:
            NotFoundError: The run has no such log.
            TcError: It cannot be read.
        """
        return self.select(self.read_blocks())

    def select(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """
        Yield what is to be printed of the blocks of `read_blocks`, which another thread may read.
        """
        for block in blocks:
            if not block:
                self._lines.mark_live()
                yield b""
            else:
                yield from self._select_some(self._lines.feed(block))
        yield from self._select_some(self._lines.end())

    def _select_some(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        call = self._call
        if call is not None:
            # Piece by piece: a line may be larger than memory.
            yield from filter(None, iter(lambda: call(lambda: next(pieces, None)), None))
        else:
            yield from filter(None, pieces)

    def read_blocks(self) -> Iterator[bytes]:
        """
        Yield the log, or its last lines that are selected and what follows them; empty blocks as `read` does.

        Raises:
            TcError: As `read`.
        """
        pauses = Pauses(None, self._sleep)
        position = -1
        while True:
            # Before the log is read: what a run has written when it is resolved is all.
            is_resolved = self._is_resolved()
            # A log moves when its task ends.
            self.remote.forget_location()
            ended_at, polls = self._reader.ended_at, POLLS_PER_READ
            if is_resolved and ended_at and self._find_url() == ended_at:
                if (reason := self._fetch_run().get("reasonResolved")) in WORKER_GONE_REASONS:
                    self._report(self._describe_lost_end(reason))
                return
            try:
                was_resolved = yield from self._read_until_silent(is_resolved=is_resolved)
                if was_resolved:
                    continue
                if is_resolved or not self._reader.is_live or not self._options.follows:
                    return
            except TcError as error:
                if not is_resolved and not self.remote.is_stopped and self._is_resolved():
                    # Its server on the worker ended with the run; the log may be somewhere else now.
                    self.was_live = self._options.follows
                    continue
                if self._is_end(error, is_resolved=is_resolved):
                    return
                polls = POLLS_PER_READ if self._reader.ended_at else 1
            self.was_live = True
            yield b""
            if self._reader.position > position:
                pauses.restart()
                pauses.shorten(MIN_PAUSE_SECONDS)
            position = self._reader.position
            self._wait_for_change(pauses, polls)

    def _is_end(self, error: TcError, *, is_resolved: bool) -> bool:
        """
        Return whether nothing more can be read after a failure; if it can, report the failure.

        Raises:
            TcError: The log cannot be read.
        """
        if self.remote.is_stopped:
            raise NoAnswerError("the transfer was stopped", final=True) from None
        if is_resolved or not self._options.follows or not self._may_be_temporary(error):
            self._raise_unless_ended(error)
            return True
        # After its end, a log is read again only to be sure.
        if not self._reader.ended_at:
            self._report_once(error.message, "waiting for the log")
        return False

    def _check_retry(self, retry: int, error: TcError | TransientError) -> None:
        """
        Report why the log is requested again, but not that its worker is gone, which may be the end of the run.

        Raises:
            TcError: The run has ended meanwhile: the log may be somewhere else.
        """
        if self._run.is_resolved:
            # The first retry is soon, and usually helps.
            after = error.after if isinstance(error, TransientError) else 0.0
            delay = max(after, self.remote.context.policy.compute_delay(retry, 0.0))
            if retry > 1 or delay >= MIN_REPORTED_SECONDS:
                self._report_once(str(error), "trying again")
        elif self._is_resolved():
            raise error.to_final() if isinstance(error, TransientError) else error
        elif isinstance(error, TransientError) and error.status:
            self._report_once(str(error), "waiting for the log")

    def _report_once(self, message: str, consequence: str) -> None:
        if message not in self._reported:
            self._reported.add(message)
            self._report(f"{message}; {consequence}")

    def _may_be_temporary(self, error: TcError) -> bool:
        """
        Return whether a log may be read later that cannot be read while its run has not ended.
        """
        if isinstance(error, LogChangedError) or (isinstance(error, RefusedError) and error.code):
            # Of the latter, the queue's responses have a code, those of a worker have none.
            return False
        if self.was_live or self._reader.is_live or isinstance(error, NotTheLogError):
            return True
        # A log may not exist yet.
        return isinstance(error, NoAnswerError | FailedError | NotFoundError | RejectedError) and not _is_final(error)

    def _open_source(self) -> LogReader | Tail:
        """
        Return what is read, and store the reader in it: first the tail, if only that is wanted, then what follows it.
        """
        if self._is_tail_read or self._options.tail is None:
            return self._reader
        tail = Tail(self.remote, self._options.tail, self._options.lines.copy(self._call))
        any(map(self._lines.take_time, reversed(tail.before)))
        self._reader, self._is_tail_read = tail.reader, True
        return tail

    def _read_until_silent(self, *, is_resolved: bool) -> Generator[bytes, None, bool]:
        """
        Yield what comes until the response ends, and return False; or True if the run has ended while it was silent.
        """
        checked, pause = time.monotonic(), MIN_STATUS_PAUSE_SECONDS
        source = self._open_source()
        self._reader.may_be_silent = not is_resolved
        for block in source.blocks():
            if block:
                pause = MIN_STATUS_PAUSE_SECONDS
                yield block
                continue
            if is_resolved:
                continue
            self.was_live = True
            if not self._options.follows:
                return False
            yield b""
            if time.monotonic() - checked >= pause:
                # Its server may have a connection that is dead.
                if self._is_resolved():
                    return True
                checked, pause = time.monotonic(), min(pause * PAUSE_FACTOR, MAX_STATUS_PAUSE_SECONDS)
        return False

    def _wait_for_change(self, pauses: Pauses, polls: int) -> None:
        """
        Wait until the run is resolved, or its log is somewhere else; sometimes also read again what is known.
        """
        before = self._find_url()
        # To read a live log again is to read all of it.
        for _ in range(polls):
            pauses.begin()
            pauses.shorten(MAX_STATUS_PAUSE_SECONDS)
            pauses.wait()
            if self._is_resolved() or self._find_url() != before:
                return

    def _sleep(self, seconds: float) -> None:
        # Reading that was ended has a new cancellation.
        self.remote.cancellation.sleep(seconds)

    def _find_url(self) -> str:
        try:
            self.remote.forget_location()
            return self.remote.locate().url
        except TcError as error:
            if _is_final(error):
                raise
            return ""

    def _is_resolved(self) -> bool:
        if self._run.is_resolved:
            return True
        try:
            state = self._fetch_run().get("state")
        except (NoAnswerError, FailedError) as error:
            self._failed_polls += 1
            is_over = self.remote.is_stopped or self._failed_polls > MAX_FAILED_POLLS
            if is_over or not self._has_status or _is_final(error):
                raise
            self._report(f"{error.message}; trying again")
            return False
        self._failed_polls, self._has_status = 0, True
        self._run = self._run._replace(is_resolved=state in RESOLVED_STATES)
        return self._run.is_resolved

    def _fetch_run(self) -> dict[str, Any]:
        return find_run(fetch_status(self._client, self._run.task_id), self._run.run_id)

    def _describe_lost_end(self, reason: str) -> str:
        return f"run {self._run.run_id} ended as {reason}: what its log had later, if anything, is lost"

    def _raise_unless_ended(self, error: TcError) -> None:
        """
        Raise an error, unless the log was followed to the end that the queue has made of the run.
        """
        run = self._fetch_run()
        reason = run.get("reasonResolved")
        if reason in WORKER_GONE_REASONS and self.was_live:
            text = self._describe_lost_end(reason)
            if self._options.is_whole:
                hint = f"tc task log {self._run.task_id} prints the log of the latest run"
                raise LostLogError(f"{self.remote.source.name}: {text}", status=404, hint=hint) from None
            self._report(text)
            return
        if isinstance(error, NoAnswerError) and run.get("state") == "exception":
            what = f"run {self._run.run_id} of task {self._run.task_id} has no complete log"
            text = f"{what}: it ended as {reason}, and its worker, which had the log, is gone"
            raise LostLogError(text, status=404) from None
        if reason in WORKER_GONE_REASONS:
            error.hint = error.hint or (
                f"run {self._run.run_id} ended as {reason}: the log of a worker that is gone may be lost"
            )
        raise error from None


def _is_final(error: TcError) -> bool:
    return isinstance(error, NoAnswerError) and error.final
