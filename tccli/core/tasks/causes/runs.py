"""
Why a run has not ended, or how it ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tccli.core.tasks.causes.model import Cause, LogFinding, TaskFacts
from tccli.core.times import format_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REASONS = {
    "canceled": "it was cancelled; the queue does not record by whom",
    "deadline-exceeded": "it was not resolved before its deadline",
    "claim-expired": "its worker was not heard of any more, and all retries are used",
    "worker-shutdown": "its worker was shut down, and all retries are used",
    "malformed-payload": "the worker does not accept its payload",
    "resource-unavailable": "the worker could not get something that the payload names, such as an image",
    "internal-error": "the worker failed; that is not the task's fault",
    "superseded": "a newer task has taken its place",
    "intermittent-task": "it failed in a way that it retries for, and all retries are used",
}
"""Source: the documentation of the queue's reasonResolved."""
LOGGED_REASONS = frozenset({"malformed-payload", "resource-unavailable", "internal-error", "intermittent-task"})
"""The worker explains these in the log."""
FAILURES = {
    "command": "its command ended with an error",
    "max-run-time": "the worker ended it, because it ran longer than its payload allows",
    "artifact": "the worker could not upload an artifact",
    "worker": "the worker reports an error",
}
"""By the kind of a `LogFinding`."""


def explain_run(facts: TaskFacts, read_log: Callable[[TaskFacts], LogFinding]) -> Iterator[Cause]:
    """
    Yield why the latest run has not ended, or how it ended.

    Args:
        read_log: Returns what the log of a task that has ended tells.
    """
    if facts.state == "running":
        yield from _explain_running(facts)
    elif facts.state == "completed":
        ago = facts.span_since(facts.run.get("resolved"), before=" ")
        yield Cause("completed", f"completed{ago} ago{_took(facts)}", f"tc task artifacts {facts.task_id}")
    elif facts.state == "failed":
        yield from _explain_failed(facts, read_log)
    else:
        yield from _explain_exception(facts, read_log)
    earlier = [str(run.get("reasonResolved")) for run in facts.runs[:-1]]
    if earlier:
        yield Cause("retry", f"earlier runs: {', '.join(earlier[-5:])}", f"tc task status -a {facts.task_id}")


def _explain_running(facts: TaskFacts) -> Iterator[Cause]:
    run = facts.run
    worker = f"{run.get('workerGroup')}/{run.get('workerId')}"
    text = f"running{facts.span_since(run.get('started'))} on {worker} of {facts.queue}"
    yield Cause("running", text, f"tc task log {facts.task_id}")
    most = _max_run_time(facts)
    seconds = facts.seconds_since(run.get("started"))
    if most is not None and seconds is not None:
        left = most - seconds
        when = f"{format_span(left)} are left" if left > 0 else f"it should have ended {format_span(-left)} ago"
        yield Cause("max-run-time", f"it may run for {format_span(most)}, of which {when}" if left > 0 else when)
    claim = facts.seconds_since(run.get("takenUntil"))
    if claim is not None and claim > 0:
        text = f"its worker has not been heard of since its claim expired {format_span(claim)} ago; a retry follows"
        yield Cause("claim-expired", text, f"tc task why {facts.task_id}")


def _explain_failed(facts: TaskFacts, read_log: Callable[[TaskFacts], LogFinding]) -> Iterator[Cause]:
    ago = facts.span_since(facts.run.get("resolved"), before=" ")
    found = read_log(facts)
    how = f": {FAILURES[found.kind]}" if found.kind else ""
    yield Cause("failed", f"failed{ago} ago{_took(facts)}{how}", _log_command(facts))
    seconds = _max_run_time(facts)
    if found.kind == "max-run-time" and seconds is not None:
        change = f"--set payload.maxRunTime:={2 * seconds:g}"
        text = f"the limit, payload.maxRunTime, is {format_span(seconds)}"
        yield Cause("max-run-time", text, f"tc task retrigger {facts.task_id} {change}")
    yield Cause("log", found.text)
    yield _again(facts)


def _explain_exception(facts: TaskFacts, read_log: Callable[[TaskFacts], LogFinding]) -> Iterator[Cause]:
    run = facts.run
    reason = str(run.get("reasonResolved") or "exception")
    ago = facts.span_since(run.get("resolved"), before=" ")
    what = REASONS.get(reason, "no more is known")
    if reason == "deadline-exceeded":
        what = f"{what}, and {'was still running' if run.get('started') else 'no worker took it before'}"
    has_log = reason in LOGGED_REASONS
    yield Cause(reason, f"exception{ago} ago ({reason}): {what}", _log_command(facts) if has_log else "")
    if has_log:
        yield Cause("log", read_log(facts).text)
    if reason != "malformed-payload":
        yield _again(facts)


def _again(facts: TaskFacts) -> Cause:
    if facts.is_past_deadline:
        text = "its deadline is over, so it cannot be rerun; a retrigger creates a copy of it"
        return Cause("retrigger", text, f"tc task retrigger {facts.task_id}")
    return Cause("rerun", "a rerun tries again", f"tc task rerun {facts.task_id}")


def _log_command(facts: TaskFacts) -> str:
    return f"tc task log -r {max(len(facts.runs) - 1, 0)} {facts.task_id}"


def _max_run_time(facts: TaskFacts) -> float | None:
    """
    Return the seconds that the payload allows.
    """
    payload = facts.definition.get("payload")
    most = payload.get("maxRunTime") if isinstance(payload, Mapping) else None
    if isinstance(most, int | float) and not isinstance(most, bool) and 0 < most < 1e9:
        return most
    return None


def _took(facts: TaskFacts) -> str:
    start, end = (facts.seconds_since(facts.run.get(name)) for name in ("started", "resolved"))
    return "" if start is None or end is None else f", after {format_span(start - end)}"
