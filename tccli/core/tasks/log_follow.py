"""
Follow the log of a run: read what is there, wait for more while the task runs, and read the rest when it has ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.tasks.log_reader import LogReader
from tccli.core.tasks.log_tail import Tail
from tccli.core.tasks.logs import open_log
from tccli.core.tasks.members import RESOLVED_STATES
from tccli.core.tasks.pauses import Pauses
from tccli.core.tasks.queue import fetch_definition, fetch_status, find_log_name, find_run
from tccli.errors import FailedError, NoAnswerError, NotFoundError, RejectedError, TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from tccli.core.client import Client
    from tccli.core.tasks.log_lines import LineFilter
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.remote import RemoteFile

MIN_PAUSE_SECONDS = 0.5
"""A log usually ends just before its task."""
POLLS_PER_READ = 4
"""After the end of a live log, how many polls are made before it is read again, in case that it was only cut off."""
STATUS_INTERVAL_SECONDS = 30.0
"""How often the status of a task is requested while its log is silent."""
WORKER_GONE_REASONS = frozenset({"canceled", "claim-expired", "deadline-exceeded", "worker-shutdown"})
"""Of runs that the queue has ended: their workers may not upload the rest of the log any more."""


class LostLogError(NotFoundError):
    """
    The log was only at its worker, which is gone.
    """


class LogOptions(NamedTuple):
    """
    What is read of a log.

    Attributes:
        lines: Selects lines; copied, not fed.
        tail: How many of the last ones of these, or None for all.
        follows: Wait for what a task that runs still writes.
    """

    lines: LineFilter
    tail: int | None = None
    follows: bool = True


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
    ) -> None:
        self._client = client
        self._run = run
        self._options = options
        self._report = report
        definition = fetch_definition(client, run.task_id) if run.definition is None else run.definition
        self.remote: RemoteFile = open_log(client, context, run.task_id, run.run_id, find_log_name(definition))
        self.was_live = False
        self._lines = options.lines.copy()

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
                yield from filter(None, self._lines.feed(block))
        yield from filter(None, self._lines.end())

    def read_blocks(self) -> Iterator[bytes]:
        """
        Yield the log, or its last lines that are selected and what follows them; empty blocks as `read` does.

        Raises:
            TcError: As `read`.
        """
        pauses = Pauses(None, self._sleep)
        source: LogReader | Tail | None = None
        reader = LogReader(self.remote)
        failure, position = "", -1
        while True:
            # Before the log is read: what a run has written when it is resolved is all.
            is_resolved = self._is_resolved()
            # A log moves when its task ends.
            self.remote.forget_location()
            try:
                if source is None and self._options.tail is not None:
                    source = Tail(self.remote, self._options.tail, self._options.lines)
                    reader = source.reader
                    any(map(self._lines.take_time, reversed(source.before)))
                else:
                    source = reader
                yield from self._read_until_silent(source, reader, is_resolved=is_resolved)
                if not reader.is_live or not self._options.follows:
                    return
            except (NoAnswerError, FailedError, NotFoundError, RejectedError) as error:
                if self.remote.is_stopped:
                    raise NoAnswerError("the transfer was stopped", final=True) from None
                # A log may not exist yet, and its server on the worker ends a moment before the task does.
                if is_resolved or not self._options.follows or _is_final(error):
                    self._raise_unless_ended(error)
                    return
                if failure != error.message:
                    failure = error.message
                    self._report(f"{failure}; waiting for the log")
            if is_resolved:
                return
            self.was_live = True
            yield b""
            if reader.position > position:
                pauses.restart()
                pauses.shorten(MIN_PAUSE_SECONDS)
            position = reader.position
            self._wait_for_change(pauses)

    def _read_until_silent(self, source: LogReader | Tail, reader: LogReader, *, is_resolved: bool) -> Iterator[bytes]:
        checked = time.monotonic()
        reader.may_be_silent = not is_resolved
        for block in source.blocks():
            if block:
                yield block
                continue
            if is_resolved:
                continue
            self.was_live = True
            if not self._options.follows:
                return
            yield b""
            if time.monotonic() - checked >= STATUS_INTERVAL_SECONDS:
                if self._is_resolved():
                    return
                checked = time.monotonic()

    def _wait_for_change(self, pauses: Pauses) -> None:
        """
        Wait until the run is resolved, or its log is somewhere else; sometimes also read again what is known.
        """
        before = self._find_url()
        # To read a live log again is to read all of it.
        for _ in range(POLLS_PER_READ):
            pauses.begin()
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
        return self._run.is_resolved or self._fetch_run().get("state") in RESOLVED_STATES

    def _fetch_run(self) -> dict[str, Any]:
        return find_run(fetch_status(self._client, self._run.task_id), self._run.run_id)

    def _raise_unless_ended(self, error: TcError) -> None:
        """
        Raise an error, unless the log was followed to the end that the queue has made of the run.
        """
        run = self._fetch_run()
        reason = run.get("reasonResolved")
        if reason in WORKER_GONE_REASONS and self.was_live and not _is_final(error):
            self._report(f"run {self._run.run_id} ended as {reason}: what its log had later, if anything, is lost")
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
