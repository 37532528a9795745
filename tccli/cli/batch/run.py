"""
A run of ``tc batch``: lines to calls, calls to the journal and to services, results to the output.
"""

from __future__ import annotations

import errno
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.cli.batch.assumed_ends import AssumedEnds
from tccli.cli.batch.items import Item, ItemMaker, open_journal
from tccli.cli.batch.make_calls import MAX_END_SECONDS, CallFailedError, CallMaker, CallNotMadeError
from tccli.cli.batch.open_files import allow_connections
from tccli.cli.batch.progress import show_progress
from tccli.cli.batch.reachability import MIN_FAILURES
from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.cli.batch.stdin import find_size, open_stdin
from tccli.cli.batch.summary import Summary
from tccli.cli.batch.workers import MAX_WORKERS, make_helper, start_workers
from tccli.core.batch.lines import read_lines, refuse_other_files
from tccli.core.parallel import Schedule, make_parallel_client, run_parallel
from tccli.core.printable import list_some
from tccli.core.time_limit import TimeLimitError, limit_time
from tccli.errors import BrokenAnswerError, TcError, UsageError
from tccli.interrupts import interrupts
from tccli.output import Result
from tccli.output.live_stream import WrittenPart
from tccli.output.writer import check_file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tccli.cli.context import Context
    from tccli.core.batch.calls import BadLine, BatchCall
    from tccli.core.batch.lines import Line
    from tccli.core.client import Client
    from tccli.core.journal.file import Journal
    from tccli.core.worker_processes import WorkerPool

    ReadCalls = Callable[[Iterable[Line]], Iterator[BatchCall | BadLine]]


class BatchOptions(NamedTuple):
    """
    How calls are made.

    Attributes:
        journal: The path of a journal, or None.
        checks_schema: Whether payloads must match the schemas.
        stops_if_hopeless: Whether failures in a row end the batch: see `Reachability`.
        ends: What the user knows about calls that are uncertain.
    """

    schedule: Schedule
    journal: str | None = None
    checks_schema: bool = True
    dry_run: bool = False
    stops_if_hopeless: bool = False
    ends: AssumedEnds = AssumedEnds()


def run_batch(context: Context, read_calls: ReadCalls, options: BatchOptions) -> None:
    """
    Make the calls that *read_calls* finds in the lines of stdin, and write a document for each.

    Raises:
        NegativeAnswerError: Some calls failed.
        UsageError: Nothing was sent, because the input is wrong.
        LocalFileError: The journal cannot be used.
    """
    chosen = context.options
    if options.journal is not None and chosen.output not in {None, "-"}:
        hint = "write > FILE, and >> FILE to resume"
        raise UsageError("--output writes all results at the end, which is too late for --journal", hint=hint)
    is_default = chosen.format is None and chosen.columns is None
    # One line for each call, wherever the output goes.
    context = context.replace(
        format="jsonl" if is_default else chosen.format, pager=False if chosen.pager is None else chosen.pager
    )
    if chosen.format is None and chosen.output is not None:
        check_file_name(chosen.output)
    write = context.writer()
    allow_connections(options.schedule.jobs)
    client = make_parallel_client(context.client(), 1 + MAX_WORKERS)
    # Its environment is read once, before there are threads.
    context.redactor.redact_text("")
    runner = CallRunner(context, client, checks_schema=options.checks_schema, is_traced=context.traces)
    with (
        open_journal(options.journal, client.account.root_url, read_only=options.dry_run) as journal,
        start_workers(context, client, runner, journal, options.schedule, dry_run=options.dry_run) as pool,
    ):
        run = _Run(context, client, runner, journal, options, pool)
        result = Result(
            is_stream=True,
            is_live=True,
            written=run.written,
            report_misfit=run.report_misfit,
            key_columns=("id", "error.message"),
        )
        is_to_stdout = chosen.output in {None, "-"}
        is_appended = is_to_stdout and context.options.format == "jsonl" and not context.options.pager
        try:
            with show_progress(context, run.counts), closing(run.results(read_calls)) as documents:
                try:
                    write(result._replace(documents=documents))
                except KeyboardInterrupt:
                    # Also where the output was interrupted, and the calls continue.
                    documents.close()
                    if is_appended:
                        run.wait()
                        # A filter may never end, and a reader may read slowly.
                        with suppress(TimeLimitError), limit_time(MAX_END_SECONDS):
                            write(result._replace(documents=run.remaining_results()))
                    raise
        except BaseException as error:
            # Below the progress, which has ended.
            run.report_end(error, is_appended=is_appended)
            raise
        run.summarize()


class _Run:
    def __init__(
        self,
        context: Context,
        client: Client,
        runner: CallRunner,
        journal: Journal | None,
        options: BatchOptions,
        pool: WorkerPool | None,
    ) -> None:
        self._context = context
        self._client = client
        self._runner = runner
        self._journal = journal
        self._options = options
        self._pool = pool
        # The result that the output has, and how much of it.
        self._current: BatchResult | None = None
        self.written = WrittenPart()
        self._is_cut_short = False
        self._input_error: TcError | None = None
        self._summary = Summary(
            context,
            is_dry=options.dry_run,
            stops_at_error=options.schedule.stops_at_error,
            has_journal=journal is not None,
        )
        max_failures = max(options.schedule.jobs, MIN_FAILURES) if options.stops_if_hopeless else 0
        self._calls = CallMaker(client, runner, journal, self._summary, max_failures)
        self.counts = self._summary.counts

    def results(self, read_calls: ReadCalls) -> Generator[dict[str, Any]]:
        """
        Yield a document for each call. A call is done when the next document is asked for.
        """
        items = self._read_items(read_calls)
        outcomes: Generator[tuple[Item, BatchResult | TcError]]
        if self._options.dry_run:
            outcomes = ((item, self._describe(item)) for item in items)
        else:
            outcomes = run_parallel(
                self._calls.process,
                items,
                schedule=self._options.schedule,
                cancellation=self._client.cancellation,
                back_off=self._client.back_off,
                helper=None if self._pool is None else make_helper(self._pool, self._calls, self._options.schedule),
            )
        try:
            with closing(outcomes):
                for item, outcome in outcomes:
                    if isinstance(outcome, CallFailedError):
                        result = outcome.result
                    elif isinstance(outcome, CallNotMadeError):
                        self._is_cut_short = True
                        if self._calls.is_idle:
                            break
                        continue
                    elif isinstance(outcome, TcError):
                        # Not of a call: the journal cannot be written.
                        raise outcome
                    else:
                        result = outcome
                    yield from self._write(item, result)
                    if self._is_cut_short and self._calls.is_idle:
                        # The next line may take a while.
                        break
        except _InputError as error:
            self._input_error = error.reason

    def wait(self) -> None:
        """
        Wait for the calls that were cancelled.
        """
        self._calls.wait()

    def remaining_results(self) -> Iterator[dict[str, Any]]:
        """
        Yield a document for each call that has ended, and was not written when the calls were interrupted.
        """
        ended = [found for _, found in sorted(self._calls.ended.copy().items())]
        # A line of which a part is written comes first: it is continued.
        ended.sort(key=lambda found: found[1] is not self._current)
        for item, result in ended:
            if not _is_writable():
                return
            yield from self._write(item, result)

    def _write(self, item: Item, result: BatchResult) -> Iterator[dict[str, Any]]:
        self.written.turn_to(result)
        self._current = result
        yield self._as_document(result)
        # It is written, or the output was interrupted: then it is continued, if it can be.
        with interrupts:
            if not self._options.dry_run:
                self._calls.finish(item, result)
            self._calls.ended.pop(result.number, None)
            self._summary.count(result, is_first=not self._calls.reachability.is_proven)

    def _as_document(self, result: BatchResult) -> dict[str, Any]:
        document = result.as_document()
        if self._options.dry_run and result.error is None:
            return {"id": document["id"], **result.content}
        return document

    def _read_items(self, read_calls: ReadCalls) -> Iterator[Item]:
        try:
            stream = open_stdin(self._context)
            self.counts.total_bytes = find_size(stream)
            resends, path = self._client.policy.unsafe, self._options.journal
            maker = ItemMaker(self._runner, self._journal, path, resends=resends, ends=self._options.ends)
            for call in read_calls(refuse_other_files(read_lines(stream, self._count_bytes))):
                if self._calls.reachability.is_lost:
                    self._is_cut_short = True
                    return
                item = maker.make(call)
                if item is None:
                    self.counts.skipped += 1
                else:
                    self.counts.taken += 1
                    yield item
            for option, ids in self._options.ends.list_unused():
                self._context.note(f"{option}: no call of the input has the id {list_some(ids)}")
        except TcError as error:
            raise _InputError(error) from None

    def _describe(self, item: Item) -> BatchResult:
        if item.call is None or item.result is not None:
            assert item.result is not None
            return item.result
        return self._runner.describe(item.call)

    def report_misfit(self, error: BrokenAnswerError) -> None:
        """
        Report that ``--jq`` failed for the result that the output has.

        Raises:
            BrokenAnswerError: The call succeeded, with ``--fail-fast``.
        """
        assert self._current is not None
        self._summary.report_misfit(error, self._current)

    def summarize(self) -> None:
        """
        Report the numbers, and raise the error of the batch if there was one.
        """
        reachability = self._calls.reachability if self._is_cut_short else None
        self._summary.finish(self._input_error, reachability)

    def _count_bytes(self, count: int) -> None:
        self.counts.read_bytes += count

    def report_end(self, error: BaseException, *, is_appended: bool) -> None:
        """
        Report how far a run came that *error* has ended, and each call of which it is not known whether it took effect.

        Args:
            is_appended: Whether results are in the output as soon as they are written.
        """
        is_closed = isinstance(error, OSError) and error.errno == errno.EPIPE
        if self._options.dry_run or (is_closed and not self._runner.may_change):
            # The reader of what was read had enough.
            return
        if isinstance(error, KeyboardInterrupt):
            self._context.end_interrupted_line()
        calls = self._calls
        calls.wait()
        unwritten = calls.record_unwritten()
        ended = {result.number: result for result in unwritten}
        for number, label in calls.unfinished.copy().items():
            if number not in ended:
                self._summary.report(f"{label} is uncertain: the call was sent, and its end is not known")
            elif not ended[number].is_uncertain:
                self._summary.report(f"{label}: the call has ended, and its result was not written")
        for result in unwritten:
            self._summary.count(result, is_first=False)
        is_interruption = isinstance(error, KeyboardInterrupt)
        what = "interrupted" if is_interruption else "stopped"
        if is_closed:
            what = "stopped, since the reader of the results has closed them,"
        self._summary.report_end(
            what,
            is_interruption=is_interruption,
            unwritten=len(unwritten),
            unanswered=calls.unanswered,
            is_appended=is_appended,
        )


def _is_writable() -> bool:
    """
    Return whether stdout takes something at once. A reader that does not read must not delay the end.
    """
    import select

    try:
        return bool(select.select([], [sys.stdout], [], 0)[1])
    except (OSError, ValueError, AttributeError):
        # Windows has this for sockets only.
        return True


class _InputError(TcError):
    """
    Has the error of the input, after which no line is read. It is not that of a call, and is not printed.
    """

    def __init__(self, reason: TcError) -> None:
        super().__init__("")
        self.reason = reason
