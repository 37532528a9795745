"""
A run of ``tc batch``: lines to calls, calls to the journal and to services, results to the output.
"""

from __future__ import annotations

import errno
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.cli.batch.first_calls import MIN_FIRST_CALLS, FirstCalls
from tccli.cli.batch.items import Item, ItemMaker, open_journal
from tccli.cli.batch.progress import Counts, show_progress
from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.cli.batch.stdin import find_size, open_stdin
from tccli.core.batch.lines import read_lines, refuse_other_files
from tccli.core.journal import State
from tccli.core.parallel import Schedule, make_parallel_client, run_parallel
from tccli.core.printable import escape_line_breaks
from tccli.errors import BrokenAnswerError, NegativeAnswerError, TcError, UsageError
from tccli.output import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tccli.cli.context import Context
    from tccli.core.batch.calls import BadLine, BatchCall
    from tccli.core.batch.lines import Line
    from tccli.core.client import Client
    from tccli.core.journal import Journal

    ReadCalls = Callable[[Iterable[Line]], Iterator[BatchCall | BadLine]]

OTHER_FILES = 64
"""That a process has open besides its connections: modules, standard streams, the journal."""
MAX_END_SECONDS = 0.5
"""How long calls that are cancelled are waited for."""


JQ_HINT = "it gets id, status, and response or error: select(.response) leaves out failures, .response? allows them"


class BatchOptions(NamedTuple):
    """
    How calls are made.

    Attributes:
        journal: The path of a journal, or None.
        checks_schema: Whether payloads must match the schemas.
        stops_if_hopeless: Whether the first calls decide on the others: see `FirstCalls`.
    """

    schedule: Schedule
    journal: str | None = None
    checks_schema: bool = True
    dry_run: bool = False
    stops_if_hopeless: bool = False


class CallFailedError(TcError):
    """
    Tells the engine that a call has failed. It has the result, and is not printed.
    """

    def __init__(self, result: BatchResult) -> None:
        super().__init__("")
        self.result = result


class CallNotMadeError(TcError):
    """
    Tells the engine that a call was not made, since all first calls failed. It is not printed.
    """


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
    write = context.writer()
    _allow_connections(options.schedule.jobs)
    client = make_parallel_client(context.client())
    # Its environment is read once, before there are threads.
    context.redactor.redact_text("")
    is_traced = bool(chosen.verbose or context.environ.get("TC_LOG"))
    runner = CallRunner(context, client, checks_schema=options.checks_schema, is_traced=is_traced)
    with open_journal(options.journal, client.account.root_url, read_only=options.dry_run) as journal:
        run = _Run(context, client, runner, journal, options)
        with show_progress(context, run.counts), closing(run.results(read_calls)) as documents:
            try:
                write(Result(documents, is_stream=True, is_live=True, report_misfit=run.report_misfit))
            except BaseException as error:
                # Also where the output was interrupted, and the calls go on.
                documents.close()
                is_appended = context.options.format == "jsonl" and not context.options.pager
                if isinstance(error, KeyboardInterrupt) and is_appended and chosen.output in {None, "-"}:
                    rest = run.remaining_results()
                    write(Result(rest, is_stream=True, is_live=True, report_misfit=run.report_misfit))
                run.report_end(error)
                raise
        run.summarize()


class _Run:
    def __init__(
        self, context: Context, client: Client, runner: CallRunner, journal: Journal | None, options: BatchOptions
    ) -> None:
        self._context = context
        self._client = client
        self._runner = runner
        self._journal = journal
        self._options = options
        self._first_failure: BatchResult | None = None
        # The result that the output has.
        self._current: BatchResult | None = None
        self._misfits = 0
        jobs = options.schedule.jobs
        self._first_calls = FirstCalls(max(jobs, MIN_FIRST_CALLS) if options.stops_if_hopeless else 0)
        self._is_cut_short = False
        self._is_told = False
        self._input_error: TcError | None = None
        # Calls that are not idempotent, from when they are sent until their results are written.
        self._unfinished: dict[int, str] = {}
        # What has ended, until it is written.
        self._ended: dict[int, tuple[Item, BatchResult]] = {}
        self._working = 0
        self._changed = threading.Condition()
        self.counts = Counts()

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
                self._process,
                items,
                schedule=self._options.schedule,
                cancellation=self._client.cancellation,
                back_off=self._client.back_off,
            )
        try:
            with closing(outcomes):
                for item, outcome in outcomes:
                    if isinstance(outcome, CallFailedError):
                        result = outcome.result
                    elif isinstance(outcome, CallNotMadeError):
                        self._is_cut_short = True
                        if not self._ended:
                            break
                        continue
                    elif isinstance(outcome, TcError):
                        # Not of a call: the journal cannot be written.
                        raise outcome
                    else:
                        result = outcome
                    yield from self._write(item, result)
                    if self._is_cut_short and not self._ended:
                        # The next line may take a while.
                        break
        except _InputError as error:
            self._input_error = error.reason

    def remaining_results(self) -> Iterator[dict[str, Any]]:
        """
        Yield a document for each call that has ended, and was not written when the calls were interrupted.
        """
        self._wait_for_threads()
        with self._changed:
            ended = [self._ended[number] for number in sorted(self._ended)]
        for item, result in ended:
            if not _is_writable():
                return
            yield from self._write(item, result)

    def _wait_for_threads(self) -> None:
        """
        Wait for the calls that were cancelled, a moment: most know whether they were sent.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._working, MAX_END_SECONDS)

    def _write(self, item: Item, result: BatchResult) -> Iterator[dict[str, Any]]:
        self._current = result
        yield self._as_document(result)
        # It is written, or the output was interrupted: then it is written again, since a part of it may be missing.
        self._ended.pop(result.number, None)
        self._count(result)
        self._finish(item, result)

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
            maker = ItemMaker(self._runner, self._journal, path, resends=resends)
            for call in read_calls(refuse_other_files(read_lines(stream, self._count_bytes))):
                if self._first_calls.is_hopeless:
                    self._is_cut_short = True
                    return
                item = maker.make(call)
                if item is None:
                    self.counts.skipped += 1
                else:
                    self.counts.taken += 1
                    yield item
        except TcError as error:
            raise _InputError(error) from None

    def _process(self, item: Item) -> BatchResult:
        """
        Make a call, in one of several threads.

        Raises:
            CallFailedError: It failed.
            CallNotMadeError: The first calls have all failed, or the batch was interrupted.
            LocalFileError: The journal cannot be written.
        """
        result = item.result
        if item.call is not None and result is None:
            cancellation = self._client.cancellation
            if not self._first_calls.begin() or (cancellation is not None and cancellation.is_cancelled):
                raise CallNotMadeError("")
            with self._changed:
                self._working += 1
            try:
                result = self._make_call(item, item.call)
                self._first_calls.end(result)
            finally:
                with self._changed:
                    self._working -= 1
                    if not self._working:
                        self._changed.notify_all()
        assert result is not None
        # What was uncertain before does not stop this run: it would do so each time.
        if result.error is not None and (item.result is None or not result.is_uncertain):
            raise CallFailedError(result)
        return result

    def _make_call(self, item: Item, call: BatchCall) -> BatchResult:
        if item.is_recorded:
            if self._journal is not None:
                self._journal.record(item.key, item.digest, State.STARTED)
            with self._changed:
                self._unfinished[call.number] = call.label
        result = self._runner.run(call)
        cancellation = self._client.cancellation
        if result.error is None or result.status is not None or cancellation is None or not cancellation.is_cancelled:
            with self._changed:
                self._ended[call.number] = item, result
        elif item.is_recorded and not result.is_uncertain:
            # It was cancelled before it was sent.
            with self._changed:
                self._unfinished.pop(call.number, None)
            if self._journal is not None:
                self._journal.record(item.key, item.digest, State.FAILED)
        return result

    def _describe(self, item: Item) -> BatchResult:
        if item.call is None or item.result is not None:
            assert item.result is not None
            return item.result
        return self._runner.describe(item.call)

    def _count(self, result: BatchResult) -> None:
        counts = self.counts
        counts.ended += 1
        if result.error is None:
            counts.cut_off += isinstance(result.content, dict) and bool(result.content.get("continuationToken"))
            return
        counts.failed += 1
        counts.bad += result.is_bad_input
        self._first_failure = self._first_failure or result
        if result.is_uncertain:
            counts.uncertain += 1
            self._report(f"{result.label} is uncertain: {result.error['message']}")
        elif result.is_unreachable and not self._first_calls.is_passed and not self._is_told:
            # The summary may take a while, since each call is retried.
            self._report(f"{result.label}: {result.error['message']}")
        self._is_told = self._is_told or result.is_unreachable

    def _finish(self, item: Item, result: BatchResult) -> None:
        """
        Record the end of a call whose result is written.
        """
        if item.call is None or self._options.dry_run:
            return
        if self._journal is not None:
            failed = State.UNCERTAIN if result.is_uncertain else State.FAILED
            self._journal.record(item.key, item.digest, State.DONE if result.error is None else failed)
        with self._changed:
            self._unfinished.pop(item.call.number, None)

    def _count_bytes(self, count: int) -> None:
        self.counts.read_bytes += count

    def _report(self, line: str) -> None:
        """
        Print a line that ``--quiet`` does not suppress.
        """
        self._context.print_message(escape_line_breaks(f"tc: {line}"))

    def report_misfit(self, error: BrokenAnswerError) -> None:
        """
        Report that ``--jq`` failed for the current result, and what the result is.

        Raises:
            BrokenAnswerError: The call succeeded, with ``--fail-fast``.
        """
        result = self._current
        assert result is not None
        end = "the call succeeded" if result.error is None else f"the call failed: {result.error['message']}"
        message = f"{result.label}: {error.message}{'' if self._options.dry_run else f'; {end}'}"
        # A failure of a call stops the batch anyway.
        if self._options.schedule.stops_at_error and result.error is None:
            raise BrokenAnswerError(message, hint=JQ_HINT)
        self._misfits += 1
        self._report(message)

    def report_end(self, error: BaseException) -> None:
        """
        Report how far a run came that *error* has ended, and each call of which it is not known whether it took effect.
        """
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            # The reader of the results has gone away.
            return
        context = self._context
        self._wait_for_threads()
        with self._changed:
            unfinished = list(self._unfinished.items())
        for number, label in unfinished:
            if number in self._ended:
                self._report(f"{label}: the call has ended, and its result was not written")
            else:
                self._report(f"{label} is uncertain: the call was sent, and its end is not known")
        if self._options.dry_run:
            return
        resume = (
            "run it again with the same journal to resume"
            if self._journal is not None
            else "the results have the ids of what is done; with --journal, it can be resumed"
        )
        what = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
        context.note(f"{what} after {self.counts.describe()}; {resume}")

    def summarize(self) -> None:
        """
        Report the numbers.

        Raises:
            NegativeAnswerError: Some calls failed.
            UsageError: Nothing was sent, because the input is wrong.
        """
        counts = self.counts
        is_unsent = counts.ended == counts.bad or self._options.dry_run
        if counts.cut_off:
            what = "result has" if counts.cut_off == 1 else "results have"
            self._context.note(f"{counts.cut_off} {what} a continuationToken: there are more pages")
        misfit = None
        if self._misfits:
            what = "result" if self._misfits == 1 else "results"
            misfit = BrokenAnswerError(f"--jq does not fit {self._misfits} {what} of {counts.ended}", hint=JQ_HINT)
            misfit.counts = counts.as_document()
        if misfit is not None and (self._input_error is not None or self._first_failure is not None):
            self._report(str(misfit))
        if self._input_error is not None:
            if counts.ended:
                self._context.note(f"stopped after {counts.describe()}")
            if is_unsent:
                raise self._input_error
            stopped = NegativeAnswerError(self._input_error.message, hint=self._input_error.hint)
            stopped.counts = counts.as_document()
            raise stopped
        if self._first_failure is None or self._first_failure.error is None:
            if misfit is not None:
                raise misfit
            self._context.note(f"{counts.describe()}{'; nothing was sent' if self._options.dry_run else ''}")
            return
        error = self._first_failure.error
        first = (
            error["message"]
            if error["message"].startswith("line ")
            else f"{self._first_failure.label}: {error['message']}"
        )
        message = f"{counts.failed} of {counts.ended} calls failed"
        details = ", ".join(
            filter(
                None,
                [
                    f"{counts.uncertain} of them uncertain" if counts.uncertain else "",
                    f"{counts.skipped} were done before" if counts.skipped else "",
                    "the others were not made" if self._options.schedule.stops_at_error else "",
                    "none succeeded, so the others were not made" if self._is_cut_short else "",
                ],
            )
        )
        message = f"{message}{f' ({details})' if details else ''}; {'such as ' if counts.failed > 1 else ''}{first}"
        is_usage = is_unsent and counts.bad == counts.failed
        hint = "; ".join(filter(None, [error.get("hint"), "--keep-going makes them all" if self._is_cut_short else ""]))
        failure = (UsageError if is_usage else NegativeAnswerError)(message, hint=hint)
        failure.counts = counts.as_document()
        raise failure


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


def _allow_connections(jobs: int) -> None:
    """
    Allow this process as many open files as it needs.

    Raises:
        UsageError: The system does not allow that.
    """
    try:
        import resource
    except ImportError:
        return
    needed = jobs + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in {resource.RLIM_INFINITY, -1} or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        most = max(1, soft - OTHER_FILES)
        message = f"--jobs {jobs} needs as many connections, and this process may have {soft} open files"
        raise UsageError(message, hint=f"give --jobs {most}, or raise the limit: ulimit -n") from None
