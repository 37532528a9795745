"""
Failures of a group by their signature: which runs failed, the line of each log that explains it, which are alike.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.natural_order import name_key
from tccli.core.tasks.log_ranks import Rank
from tccli.core.tasks.logs import open_log, read_last_lines
from tccli.core.tasks.signatures import find_context, find_exit_code, find_failure_line, is_vague
from tccli.core.times import format_timestamp
from tccli.errors import NotFoundError, TcError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tccli.core.client import Client
    from tccli.core.tasks.members import Member
    from tccli.core.transfer.context import TransferContext

MAX_TAIL_BYTES = 256 * 1024
"""Of each log, at its end."""
MAX_LONG_TAIL_BYTES = 4 << 20
"""Of a log whose tail does not tell what went wrong. One at a time, in one thread: each thread reserves its memory."""
UNSUCCESSFUL_STATES = frozenset({"failed", "exception"})
MIN_EXCEPTION_RANKS = {
    "malformed-payload": Rank.WORKER,
    "resource-unavailable": Rank.ARTIFACT,
    "internal-error": Rank.ARTIFACT,
    # The command has ended in a way for which its payload asks for a retry.
    "intermittent-task": Rank.TRACE,
}
"""Reasons of exceptions that the log explains, and the lowest rank of a line that does."""
MAX_WRITTEN_IDS = 10
"""In a command line."""
ID_CHARACTERS = 10


class RunHistory(NamedTuple):
    """
    What the listing of a group tells about the runs of a task.

    Attributes:
        runs: State of each, why it was resolved, and why it was created.
        can_rerun: Whether the task is resolved, and its deadline is not over.
        is_past_deadline: Whether its deadline is over.
    """

    runs: Sequence[tuple[str, str, str]]
    can_rerun: bool
    is_past_deadline: bool


def read_history(entry: Mapping[str, Any], now: datetime) -> RunHistory:
    """
    Return the history in an entry of `tccli.core.tasks.queue.list_group`, at a time by the deployment's clock.
    """
    deadline = entry["task"].get("deadline")
    is_over = isinstance(deadline, str) and deadline < format_timestamp(now)
    runs = entry["status"].get("runs")
    found = [
        _read_run(run) if isinstance(run, dict) else ("", "", "") for run in (runs if isinstance(runs, list) else [])
    ]
    can_rerun = entry["status"]["state"] in UNSUCCESSFUL_STATES and not is_over
    return RunHistory(found, can_rerun, is_over)


def _read_run(run: Mapping[str, Any]) -> tuple[str, str, str]:
    state, reason, created = (str(run.get(name) or "") for name in ("state", "reasonResolved", "reasonCreated"))
    return sys.intern(state), sys.intern(reason), sys.intern(created)


class FailedRun(NamedTuple):
    """
    A run that failed or is exception.

    Attributes:
        run_id: None if the task has ended without a run.
    """

    member: Member
    run_id: int | None
    state: str
    reason: str


def find_failed_runs(member: Member, *, all_runs: bool = False) -> Iterator[FailedRun]:
    """
    Yield the run because of which a task is not completed: the latest one that has failed, which may be an earlier
    one than that which runs now if the task was rerun. Runs that the queue retries by itself do not count.

    Args:
        member: With a `RunHistory` as *detail*.
        all_runs: Yield all runs that failed, also of a task that is completed.
    """
    history: RunHistory = member.detail
    failed = [
        FailedRun(member, run_id, state, reason)
        for run_id, (state, reason, _) in enumerate(history.runs)
        if state in UNSUCCESSFUL_STATES
    ]
    if not history.runs and member.state in UNSUCCESSFUL_STATES:
        failed = [FailedRun(member, None, member.state, member.reason)]
    if all_runs:
        yield from failed
    elif member.state in UNSUCCESSFUL_STATES or (member.state != "completed" and _is_rerun(history, failed)):
        yield from failed[-1:]


def _is_rerun(history: RunHistory, failed: Sequence[FailedRun]) -> bool:
    last = failed[-1].run_id if failed else None
    return last is not None and any(created == "rerun" for _, _, created in history.runs[last + 1 :])


class Failure(NamedTuple):
    """
    A run that failed, and why.

    Attributes:
        line: From the log, or how the queue resolved the run.
        signature: What is the same in failures of the same kind.
        context: Lines of the log around that line, with it.
        is_selected: Whether the log has the pattern that was asked for.
        error: Why the log could not be read, unless it does not exist.
        is_vague: Whether more of the log may tell more.
        unsearched: Lines of the log in which the pattern is still to be looked for.
    """

    run: FailedRun
    line: str
    signature: str
    context: Sequence[str] = ()
    is_selected: bool = True
    error: TcError | None = None
    is_vague: bool = False
    unsearched: Sequence[str] = ()


class LogExaminer:
    """
    Reads the logs of failed runs. Thread-safe.

    Args:
        context_lines: How many lines around the line that matters are returned.
        pattern: What a line of the log must have, or None.
    """

    def __init__(
        self,
        client: Client,
        transfers: TransferContext,
        *,
        context_lines: int = 0,
        pattern: re.Pattern[str] | None = None,
    ) -> None:
        self._client = client
        self._transfers = transfers
        self._context_lines = context_lines
        self._pattern = pattern

    def examine(self, run: FailedRun) -> Failure:
        """
        Return why a run failed.
        """
        return self._examine(run, MAX_TAIL_BYTES)

    def examine_further(self, failure: Failure) -> Failure:
        """
        Return why a run failed, from more of its log if that may tell more. For the main thread, where Ctrl-C
        interrupts a slow search.
        """
        if failure.is_vague:
            failure = self._examine(failure.run, MAX_LONG_TAIL_BYTES)
        if self._pattern is None or not failure.unsearched:
            return failure
        is_selected = any(self._pattern.search(line) for line in failure.unsearched)
        return failure._replace(is_selected=is_selected, unsearched=())

    def _examine(self, run: FailedRun, max_bytes: int) -> Failure:
        how = f"{run.state} '{run.reason}'" if run.reason and run.reason != run.state else run.state
        if run.run_id is None or (run.state == "exception" and run.reason not in MIN_EXCEPTION_RANKS):
            return Failure(run, how, how, is_selected=self._pattern is None)
        try:
            return self._read(run, how, max_bytes)
        except NotFoundError:
            what = f"{how}, without a log"
            return Failure(run, what, what, is_selected=self._pattern is None)
        except TcError as error:
            what = f"{how}; its log cannot be read"
            return Failure(run, what, what, is_selected=self._pattern is None, error=error)

    def _read(self, run: FailedRun, how: str, max_bytes: int) -> Failure:
        lines, is_cut = self._read_lines(run, max_bytes)
        found = find_failure_line(lines)
        if is_cut and max_bytes < MAX_LONG_TAIL_BYTES and is_vague(found, lines):
            return Failure(run, how, how, is_vague=True)
        is_selected = self._pattern is None
        unsearched = () if is_selected else lines
        if found is None or (run.state == "exception" and found.rank < MIN_EXCEPTION_RANKS[run.reason]):
            what = f"{how}, {_describe_silence(lines)}" if found is None else how
            return Failure(run, what, what, is_selected=is_selected, unsearched=unsearched)
        context = find_context(lines, found.number, self._context_lines) if self._context_lines else []
        prefix = "" if run.state == "failed" else f"{how}: "
        line, signature = f"{prefix}{found.text}", f"{prefix}{found.signature}"
        return Failure(run, line, signature, context, is_selected, unsearched=unsearched)

    def _read_lines(self, run: FailedRun, max_bytes: int) -> tuple[list[str], bool]:
        log = open_log(self._client, self._transfers, run.member.task_id, run.run_id, run.member.log_name)
        return read_last_lines(log, max_bytes)


def _describe_silence(lines: Sequence[str]) -> str:
    code = find_exit_code(lines)
    if code is None:
        return "with an empty log"
    return f"without output, exit code {code}" if code else "without output"


class FailureGroup:
    """
    Failures with the same signature.

    Attributes:
        line: Of the first one by name, as *context* is.
        flaky: Runs whose task, or another one of its name in the group, is completed in another run.
        known: Runs that also failed, in this way, in the group that is compared with; None without one.
    """

    def __init__(self, failure: Failure) -> None:
        self.signature = failure.signature
        self.line = failure.line
        self.context = failure.context
        self.runs: list[FailedRun] = []
        self._first: tuple[str, str, int] | None = None
        self.flaky: set[FailedRun] | None = None
        self.known: set[FailedRun] | None = None

    def add(self, failure: Failure) -> None:
        """
        Add a failure, which may become the first one.
        """
        self.runs.append(failure.run)
        key = _sort_key(failure.run)
        if self._first is None or key < self._first:
            self._first, self.line, self.context = key, failure.line, failure.context

    @property
    def id(self) -> str:
        """
        A short text that stays the same while the signature does.
        """
        return hashlib.sha256(self.signature.encode("utf-8", "replace")).hexdigest()[:ID_CHARACTERS]

    @property
    def names(self) -> list[str]:
        """
        The names of its tasks, each once.
        """
        return list(dict.fromkeys(run.member.name for run in self.runs))

    @property
    def rerun_ids(self) -> list[str]:
        """
        The tasks that can be rerun: those that are resolved, before their deadlines.
        """
        return list(dict.fromkeys(run.member.task_id for run in self.runs if run.member.detail.can_rerun))

    def explain_no_rerun(self) -> str:
        """
        Return why none of its tasks can be rerun, and what to do.
        """
        late = list(dict.fromkeys(run.member.task_id for run in self.runs if run.member.detail.is_past_deadline))
        if not late:
            return "none of them can be rerun now: they are not resolved, or completed since"
        more = "" if len(late) == 1 else "; so for each of them"
        copy = f"tc task retrigger {late[0]} creates a copy, with --group new if its group is sealed"
        return f"too late for a rerun: the deadline is over; {copy}{more}"

    def count_new(self) -> int:
        """
        Return how many runs did not fail like this in the group that is compared with.
        """
        return len(self.runs) - len(self.known or ())

    def rerun_command(self, source: str) -> str | None:
        """
        Return the command that reruns these tasks and no others; None if none of them can be rerun.

        Args:
            source: A command that prints these groups of failures.
        """
        ids = self.rerun_ids
        if not ids:
            return None
        if len(ids) <= MAX_WRITTEN_IDS:
            return f"tc task rerun {' '.join(ids)}"
        return f"""{source} --jq '.[]|select(.id=="{self.id}").rerunIds[]' -r | tc task rerun -"""

    def as_document(self, source: str) -> dict[str, Any]:
        """
        Return it as JSON. *source* is as for `rerun_command`.
        """
        document: dict[str, Any] = {
            "id": self.id,
            "signature": self.signature,
            "line": self.line,
            "count": len(self.runs),
            "tasks": [self._describe(run) for run in self.runs],
            "context": list(self.context),
            "rerunIds": self.rerun_ids,
            "rerun": self.rerun_command(source),
        }
        if self.known is not None:
            document["new"] = self.count_new()
        if self.flaky is not None:
            document["flaky"] = len(self.flaky)
        return document

    def _describe(self, run: FailedRun) -> dict[str, Any]:
        described: dict[str, Any] = {
            "taskId": run.member.task_id,
            "name": run.member.name,
            "run": run.run_id,
            "state": run.member.state,
            "reason": run.reason,
        }
        if self.known is not None:
            described["new"] = run not in self.known
        if self.flaky is not None:
            described["flaky"] = run in self.flaky
        return described


def group_failures(failures: Iterable[Failure]) -> list[FailureGroup]:
    """
    Return failures by signature, those of most tasks first.
    """
    found: dict[str, FailureGroup] = {}
    for failure in failures:
        group = found.get(failure.signature)
        if group is None:
            group = found[failure.signature] = FailureGroup(failure)
        group.add(failure)
    for group in found.values():
        group.runs.sort(key=_sort_key)
    return sort_groups(found.values())


def _sort_key(run: FailedRun) -> tuple[str, str, int]:
    return name_key(run.member.name), run.member.task_id, run.run_id or 0


def sort_groups(groups: Iterable[FailureGroup]) -> list[FailureGroup]:
    """
    Return groups of failures in the order of their importance: new ones first, then those of most tasks.
    """
    return sorted(groups, key=lambda group: (-bool(group.count_new()), -len(group.runs), group.signature))


def mark_known(groups: Iterable[FailureGroup], before: Iterable[Failure]) -> None:
    """
    Mark the runs that have failed before: a task of the same name, with the same signature.
    """
    known = {(failure.run.member.name, failure.signature) for failure in before}
    for group in groups:
        group.known = {run for run in group.runs if (run.member.name, group.signature) in known}


def mark_flaky(groups: Iterable[FailureGroup], completed_names: set[str]) -> None:
    """
    Mark the runs of tasks that were completed in another run.

    Args:
        completed_names: Of tasks of the group that have a run that is completed.
    """
    for group in groups:
        group.flaky = {run for run in group.runs if run.member.name in completed_names}
