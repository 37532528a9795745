"""
The log of a task, to the end of the task, and what became of it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from typing import IO, TYPE_CHECKING, Any

from tccli.errors import NegativeAnswerError, NoAnswerError, NotFoundError, RefusedError, TcError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.tasks.log_follow import LogOptions
    from tccli.core.tasks.waiting import Snapshot
    from tccli.core.transfer.remote import RemoteFile

MAX_END_SECONDS = 5.0
"""How long a run may take to end after its log is complete. A worker uploads the log and then reports the end."""


class LogWait:
    """
    What is waited for to print a log, and how long.

    Args:
        seconds: From now on; None for ever.
        for_start: Whether the start of the task is waited for.
    """

    def __init__(self, seconds: float | None = None, *, for_start: bool = False) -> None:
        self.for_start = for_start
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def remaining(self) -> float | None:
        """
        Seconds until the end, at least 0; None for ever.
        """
        return None if self._end is None else max(self._end - time.monotonic(), 0.0)

    @contextmanager
    def end(self, remote: RemoteFile, task_id: str) -> Iterator[None]:
        """
        End the reading of a file when the time is up.

        Raises:
            WaitTimeoutError: It was ended.
        """
        from tccli.core.threads import start_timer

        remaining = self.remaining
        if remaining is None:
            yield
            return
        timer = start_timer(remaining, remote.stop)
        try:
            yield
        except NoAnswerError:
            if not remote.is_stopped:
                raise
            raise WaitTimeoutError(_still_runs(task_id)) from None
        finally:
            timer.cancel()


def print_task_log(
    context: Context,
    client: Client,
    task_id: str,
    out: IO[bytes],
    *,
    options: LogOptions,
    run_id: int | None = None,
    wait: LogWait,
) -> int:
    """
    Print the log of a run, and return which run it was.

    Without *run_id*, the latest; if it is followed and the task is then retried, also that of each of the next runs.

    Args:
        wait: Ended, when the time is up.

    Raises:
        WaitTimeoutError: The time is up.
        NotFoundError: There is no such run, or it has no log.
        NegativeAnswerError: The task can never run.
        TcError: The log of a run cannot be read; those of the next runs are printed nevertheless.
    """
    from tccli.core.tasks.log_follow import Run, RunLog, is_log_missing
    from tccli.core.tasks.members import RESOLVED_STATES
    from tccli.core.tasks.queue import fetch_definition, fetch_status, find_run
    from tccli.core.tasks.runs import describe_end, has_next_run, was_started

    status = fetch_status(client, task_id)
    follows = run_id is None and options.follows and status["state"] not in RESOLVED_STATES
    number, is_resolved = _find_run(context, client, status, run_id, wait)
    definition = fetch_definition(client, task_id)
    failure: TcError | None = None
    while True:
        has_log = True
        try:
            run = Run(task_id, number, definition, is_resolved)
            log = RunLog(client, context.transfer_context(), run, options, report=context.note)
            with nullcontext() if is_resolved else wait.end(log.remote, task_id):
                _copy(log.read(), out)
        except TcError as error:
            if not follows or isinstance(error, WaitTimeoutError):
                raise
            status = fetch_status(client, task_id)
            has_log = not is_log_missing(error)
            failure = _judge_failure(context, error, status, number) or failure
        else:
            if not follows:
                return number
            status = _wait_for_end(context, client, task_id, wait, number)
        is_last = not has_next_run(status, number)
        if not (is_last and has_log):
            context.note(describe_end(status, number, has_log=has_log))
        if is_last:
            break
        # The queue retries tasks whose worker has ended.
        number, options = number + 1, options._replace(tail=None)
        is_resolved = find_run(status, number)["state"] in RESOLVED_STATES
        if not was_started(status, number) and not is_resolved:
            is_resolved = _wait_for_start(context, client, task_id, wait, number, is_next=True)
    if failure is not None:
        raise failure
    return number


def _copy(blocks: Iterator[bytes], out: IO[bytes]) -> None:
    for block in blocks:
        if block:
            out.write(block)
        out.flush()


def _find_run(
    context: Context, client: Client, status: dict[str, Any], run_id: int | None, wait: LogWait
) -> tuple[int, bool]:
    """
    Return the run whose log is to be printed, when it has started, and whether it has ended.
    """
    from tccli.core.tasks import queue
    from tccli.core.tasks.members import RESOLVED_STATES

    task_id = status["taskId"]
    run = queue.find_run(status, run_id)
    number = queue.find_latest_run_id(status["runs"]) if run_id is None else run_id
    if run["state"] in {"unscheduled", "pending"}:
        if not wait.for_start:
            hint = "--wait waits until it starts" if run_id is None else ""
            if run["state"] == "unscheduled" and _can_never_run(client, status):
                what = f"task {task_id} has no log: it can never run, since a task that it depends on did not complete"
                raise NotFoundError(what, status=404, hint=f"tc task why {task_id} names it")
            raise NotFoundError(f"task {task_id} has no log yet: it is {run['state']}", status=404, hint=hint)
        number = number or 0
        return number, _wait_for_start(context, client, task_id, wait, number)
    if number is None:
        raise NotFoundError(f"task {task_id} has no log: it is {run['state']}, without a run", status=404)
    return number, run["state"] in RESOLVED_STATES


def _can_never_run(client: Client, status: dict[str, Any]) -> bool:
    """
    Return whether an unscheduled task depends on one that did not complete; False if that cannot be seen.
    """
    from tccli.core.tasks import queue
    from tccli.core.tasks.blocking import find_blocked, find_outside
    from tccli.core.tasks.members import Member

    task_id = status["taskId"]
    try:
        definition = queue.fetch_definition(client, task_id)
        queue.read_name(task_id, definition)
        members = {task_id: Member({"status": status, "task": definition})}
        outside = find_outside(members)
        blocked = find_blocked(members, queue.fetch_states(client, sorted(outside)) if outside else {})
    except TcError:
        return False
    return task_id in blocked and blocked[task_id].is_final


def _wait_for_start(
    context: Context, client: Client, task_id: str, wait: LogWait, run_id: int, *, is_next: bool = False
) -> bool:
    """
    Wait until a run of a task runs or has run, and return whether it has ended.

    Args:
        is_next: It is also enough that it has ended without having run.

    Raises:
        NegativeAnswerError: It never will.
        WaitTimeoutError: The time is up.
    """
    from tccli.cli.tasks.waits import describe_failures
    from tccli.core.tasks.verdicts import judge

    for snapshot in _watch(context, client, task_id, wait.remaining):
        (member,) = snapshot.members.values()
        if (member.run_id or 0) > run_id or (is_next and member.is_resolved):
            return True
        verdict = judge("running", snapshot)
        if verdict.failed:
            raise NegativeAnswerError(describe_failures(snapshot, verdict.failed))
        if verdict.is_over:
            return member.is_resolved
    raise WaitTimeoutError(f"the time is up: task {task_id} does not run yet")


def _wait_for_end(context: Context, client: Client, task_id: str, wait: LogWait, run_id: int) -> dict[str, Any]:
    """
    Wait a moment until a run has ended whose log is complete, and return the status of the task.
    """
    from tccli.core.tasks.members import RESOLVED_STATES
    from tccli.core.tasks.queue import fetch_status, find_run

    status = fetch_status(client, task_id)
    if find_run(status, run_id)["state"] in RESOLVED_STATES:
        return status
    remaining = wait.remaining
    seconds = MAX_END_SECONDS if remaining is None else min(remaining, MAX_END_SECONDS)
    for snapshot in _watch(context, client, task_id, seconds):
        (member,) = snapshot.members.values()
        if (member.run_id or 0) > run_id or member.is_resolved:
            break
    return fetch_status(client, task_id)


def _judge_failure(context: Context, error: TcError, status: dict[str, Any], run_id: int) -> TcError | None:
    """
    Return an error of a log that is raised after the logs of the next runs; None if there may be no such log.

    Raises:
        TcError: It is the error of the whole command.
    """
    from tccli.core.tasks.log_follow import LostLogError, is_log_missing
    from tccli.core.tasks.runs import has_next_run, was_started

    has_next = has_next_run(status, run_id)
    if is_log_missing(error) and (has_next or not was_started(status, run_id)):
        return None
    # Of responses that refuse, the queue's have a code, those of a worker have none.
    if not has_next or (isinstance(error, RefusedError) and error.code):
        raise error
    context.note(str(error))
    return None if isinstance(error, LostLogError) else error


def check_outcome(
    context: Context,
    client: Client,
    task_id: str,
    run_id: int | None = None,
    *,
    waits: bool = True,
    wait: LogWait,
) -> None:
    """
    Wait until a run has ended; without *run_id*, until the task is completed, or never will be.

    Raises:
        NegativeAnswerError: It is not completed.
        WaitTimeoutError: The time is up.
    """
    from tccli.cli.tasks.waits import describe_failures
    from tccli.core.tasks import queue
    from tccli.core.tasks.members import RESOLVED_STATES
    from tccli.core.tasks.verdicts import judge

    for snapshot in _watch(context, client, task_id, wait.remaining):
        if run_id is not None:
            run = queue.find_run(queue.fetch_status(client, task_id), run_id)
            if run["state"] in RESOLVED_STATES or not waits:
                if run["state"] != "completed":
                    raise NegativeAnswerError(f"run {run_id} of task {task_id}: {queue.format_run(run)}")
                return
            continue
        verdict = judge("completed", snapshot)
        if verdict.failed:
            raise NegativeAnswerError(describe_failures(snapshot, verdict.failed))
        if verdict.is_over:
            return
    raise WaitTimeoutError(_still_runs(task_id))


def _still_runs(task_id: str) -> str:
    return f"the time is up: task {task_id} has not ended"


def _watch(context: Context, client: Client, task_id: str, seconds: float | None) -> Iterator[Snapshot]:
    from tccli.cli.tasks.waits import note_unknown_queues
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.waiting import watch_tasks

    found = watch_tasks(client, [task_id], Pauses(seconds), report=context.note)
    return note_unknown_queues(context, client, found)
