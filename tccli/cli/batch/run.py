"""
A run of ``tc batch``: lines to calls, calls to the journal and to services, results to the output.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tccli.cli.batch.progress import Counts, show_progress
from tccli.cli.batch.runner import BatchResult, CallRunner
from tccli.core.batch.calls import BadLine
from tccli.core.batch.lines import read_lines
from tccli.core.journal import Journal, State, digest
from tccli.core.parallel import Schedule, make_parallel_client, run_parallel
from tccli.core.printable import escape_line_breaks
from tccli.errors import NegativeAnswerError, TcError, UsageError
from tccli.output import Result
from tccli.strict_json import dump_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tccli.cli.context import Context
    from tccli.core.batch.calls import BatchCall
    from tccli.core.batch.lines import Line
    from tccli.core.client import Client

    ReadCalls = Callable[[Iterable[Line]], Iterator[BatchCall | BadLine]]

OTHER_FILES = 64
"""That a process has open besides its connections: modules, standard streams, the journal."""
UNCERTAIN_HINT = "it may have taken effect: check that, and send it again with --retry-unsafe if it has not"


class BatchOptions(NamedTuple):
    """
    How calls are made.

    Attributes:
        journal: The path of a journal, or None.
        checks_schema: Whether payloads must match the schemas.
    """

    schedule: Schedule
    journal: str | None = None
    checks_schema: bool = True
    dry_run: bool = False


class CallFailedError(TcError):
    """
    Tells the engine that a call has failed. It has the result, and is not printed.
    """

    def __init__(self, result: BatchResult) -> None:
        super().__init__("")
        self.result = result


class _Item(NamedTuple):
    """
    A call, or the result that it has already.

    Attributes:
        key: Names the call in the journal.
        digest: Of the call.
        is_recorded: Whether it is recorded before it is sent, since it is not idempotent.
    """

    call: BatchCall | None = None
    result: BatchResult | None = None
    key: str = ""
    digest: int = 0
    is_recorded: bool = False


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
    with _open_journal(options, client.account.root_url) as journal:
        run = _Run(context, client, runner, journal, options)
        with show_progress(context, run.counts), closing(run.results(read_calls)) as documents:
            try:
                write(Result(documents, is_stream=True, is_live=True))
            except BaseException as error:
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
        self._input_error: TcError | None = None
        # Calls that are not idempotent, from when they are sent until their results are written.
        self._unfinished: dict[int, str] = {}
        self._lock = threading.Lock()
        self.counts = Counts()

    def results(self, read_calls: ReadCalls) -> Generator[dict[str, Any]]:
        """
        Yield a document for each call. A call is done when the next document is asked for.
        """
        items = self._read_items(read_calls)
        outcomes: Iterable[tuple[_Item, BatchResult | TcError]]
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
            for item, outcome in outcomes:
                if isinstance(outcome, CallFailedError):
                    result = outcome.result
                elif isinstance(outcome, TcError):
                    # Not of a call: the journal cannot be written.
                    raise outcome
                else:
                    result = outcome
                self._count(result)
                yield self._as_document(result)
                self._finish(item, result)
        except _InputError as error:
            self._input_error = error.reason

    def _as_document(self, result: BatchResult) -> dict[str, Any]:
        document = result.as_document()
        if self._options.dry_run and result.error is None:
            return {"id": document["id"], **result.content}
        return document

    def _read_items(self, read_calls: ReadCalls) -> Iterator[_Item]:
        try:
            with _open_stdin(self._context) as stream:
                self.counts.total_bytes = _find_size(stream)
                for call in read_calls(read_lines(stream, self._count_bytes)):
                    item = self._make_item(call)
                    if item is not None:
                        yield item
        except TcError as error:
            raise _InputError(error) from None

    def _make_item(self, call: BatchCall | BadLine) -> _Item | None:
        """
        Return a call with what the journal has about it; None if it is done.
        """
        if isinstance(call, BadLine):
            return _Item(result=self._runner.fail(call))
        may_repeat = self._runner.may_repeat(call)
        if self._journal is None:
            return _Item(call, is_recorded=not may_repeat)
        key = f"line {call.number}" if call.id is None else f"id {dump_exactly(call.id)}"
        item = _Item(call, None, key, digest(_identify(self._runner, call)), is_recorded=not may_repeat)
        entry = self._journal.claim(key, item.digest)
        if entry is None:
            return item
        if entry.is_of_this_run:
            error = UsageError(f"{call.label}: another line has the same id", hint="with --journal, each id is unique")
            return _Item(result=self._runner.fail(BadLine(call.number, call.id, error)))
        if entry.digest != item.digest and entry.state is not State.FAILED:
            raise UsageError(
                f"{call.label} is another call than in the journal {self._options.journal}",
                hint="give the same input again, or name a new journal; nothing was sent for this line and those after",
            )
        if entry.state is State.DONE:
            self.counts.skipped += 1
            return None
        if entry.state is State.FAILED or self._client.policy.unsafe:
            return item
        method = self._runner.find_method(call)
        message = f"{method.id}: uncertain: an earlier run has sent the call, and its end is not known"
        uncertain = NegativeAnswerError(message, hint=UNCERTAIN_HINT).as_document()
        return _Item(result=BatchResult(call.number, call.id, error=uncertain, is_uncertain=True))

    def _process(self, item: _Item) -> BatchResult:
        """
        Make a call, in one of several threads.

        Raises:
            CallFailedError: It failed.
            LocalFileError: The journal cannot be written.
        """
        result = item.result
        if item.call is not None and result is None:
            if item.is_recorded:
                if self._journal is not None:
                    self._journal.record(item.key, item.digest, State.STARTED)
                with self._lock:
                    self._unfinished[item.call.number] = item.call.label
            result = self._runner.run(item.call)
        assert result is not None
        # What was uncertain before does not stop this run: it would do so each time.
        if result.error is not None and (item.result is None or not result.is_uncertain):
            raise CallFailedError(result)
        return result

    def _describe(self, item: _Item) -> BatchResult:
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

    def _finish(self, item: _Item, result: BatchResult) -> None:
        """
        Record the end of a call whose result is written.
        """
        if item.call is None or self._options.dry_run:
            return
        if self._journal is not None:
            failed = State.UNCERTAIN if result.is_uncertain else State.FAILED
            self._journal.record(item.key, item.digest, State.DONE if result.error is None else failed)
        with self._lock:
            self._unfinished.pop(item.call.number, None)

    def _count_bytes(self, count: int) -> None:
        self.counts.read_bytes += count

    def _report(self, line: str) -> None:
        """
        Print a line that ``--quiet`` does not suppress.
        """
        self._context.print_message(escape_line_breaks(f"tc: {line}"))

    def report_end(self, error: BaseException) -> None:
        """
        Report how far a run came that *error* has ended, and each call of which it is not known whether it took effect.
        """
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            # The reader of the results has gone away.
            return
        context = self._context
        with self._lock:
            unfinished = list(self._unfinished.values())
        for label in unfinished:
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
        is_unsent = counts.bad == counts.failed and (counts.ended == counts.bad or self._options.dry_run)
        if counts.cut_off:
            what = "result has" if counts.cut_off == 1 else "results have"
            self._context.note(f"{counts.cut_off} {what} a continuationToken: there are more pages")
        if self._input_error is not None:
            if counts.ended:
                self._context.note(f"stopped after {counts.describe()}")
            raise self._input_error
        if self._first_failure is None or self._first_failure.error is None:
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
                ],
            )
        )
        message = f"{message}{f' ({details})' if details else ''}; {'the first: ' if counts.failed > 1 else ''}{first}"
        raise (UsageError if is_unsent else NegativeAnswerError)(message, hint=error.get("hint", ""))


class _InputError(TcError):
    """
    Has the error of the input, after which no line is read. It is not that of a call, and is not printed.
    """

    def __init__(self, reason: TcError) -> None:
        super().__init__("")
        self.reason = reason


def _open_journal(options: BatchOptions, root_url: str) -> AbstractContextManager[Journal | None]:
    """
    Open the journal, if there is one.

    Raises:
        UsageError: It is also the file of the results.
    """
    path = options.journal
    if path is None:
        return nullcontext()
    with suppress(OSError, ValueError, AttributeError):
        if os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno())):
            raise UsageError(f"{path} cannot have the journal and the results", hint="name another file")
    return Journal(path, root_url, read_only=options.dry_run)


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


def _identify(runner: CallRunner, call: BatchCall) -> list[Any]:
    """
    Return what makes a call this one, however its line is written.
    """
    with suppress(UsageError):
        method = runner.find_method(call)
        return [method.service, method.name, list(call.args), dict(call.query), call.payload]
    return [call.service, call.method, list(call.args), dict(call.query), call.payload]


def _open_stdin(context: Context) -> Any:
    if sys.stdin is None:
        return nullcontext(_Empty())
    if sys.stdin.isatty():
        context.print_message("tc: batch: reading the calls from the terminal; Ctrl-D ends the input")
    # Not the buffered stream: the thread that waits for it would have its lock when the interpreter ends.
    return nullcontext(getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))


class _Empty:
    def read(self, _count: int) -> bytes:
        return b""


def _find_size(stream: IO[bytes]) -> int | None:
    """
    Return the number of bytes that a file has from its position on, or None for a pipe.
    """
    try:
        status = os.fstat(stream.fileno())
        return max(0, status.st_size - stream.tell()) if stat.S_ISREG(status.st_mode) else None
    except (OSError, AttributeError, ValueError):
        return None
