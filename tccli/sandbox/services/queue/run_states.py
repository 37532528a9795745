"""
queue: the state machine of a task's runs.

A task without runs is unscheduled; otherwise its state is that of its last run: pending, running, completed, failed or
exception. Each function changes a task in memory only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.clock import to_json
from tccli.sandbox.services.queue.task_table import RESOLVED

if TYPE_CHECKING:
    from tccli.sandbox.services.queue.task_table import Task

MAX_RUNS = 50


def schedule(task: Task, reason: str, now: int) -> None:
    """
    Add a pending run.

    Args:
        reason: ``scheduled``, ``retry``, ``task-retry`` or ``rerun``.
        now: Milliseconds since 1970, as in the functions below.
    """
    task.runs.append({"state": "pending", "reasonCreated": reason, "scheduled": to_json(now)})


def claim(task: Task, run_id: int, worker: tuple[str, str], now: int, taken_until: int, *, hint: str = "") -> bool:
    """
    Claim a pending run.

    Args:
        worker: Group and id.
        taken_until: The end of the claim.
        hint: Identifies a claimWork call: the run of another call belongs to another claim.

    Returns:
        Whether the worker has the run, also by an earlier claim.
    """
    if run_id != len(task.runs) - 1:
        return False
    run, (group, worker_id) = task.runs[run_id], worker
    if run["state"] == "pending":
        run |= {"state": "running", "workerGroup": group, "workerId": worker_id}
        run |= {"takenUntil": to_json(taken_until), "started": to_json(now)}
        if hint:
            run["hintId"] = hint
    return (
        run["state"] == "running" and (run["workerGroup"], run["workerId"]) == worker and run.get("hintId", "") == hint
    )


def reclaim(task: Task, run_id: int, taken_until: int) -> bool:
    """
    Extend a claim; return False if the run is not running.
    """
    run = task.runs[run_id]
    if run_id != len(task.runs) - 1 or run["state"] != "running":
        return False
    run["takenUntil"] = to_json(taken_until)
    return True


def resolve(task: Task, run_id: int, state: str, reason: str, now: int, *, retry: str = "") -> bool:
    """
    Resolve a running run, and add another if *retry* is given and retries are left.

    Args:
        state: ``completed``, ``failed`` or ``exception``.
        reason: The run's ``reasonResolved``.
        retry: The next run's ``reasonCreated``.

    Returns:
        Whether the run has this resolution, also by an earlier call, and no later run except the retry exists.
    """
    run = task.runs[run_id]
    if run_id == len(task.runs) - 1 and run["state"] == "running":
        run |= {"state": state, "reasonResolved": reason, "resolved": to_json(now)}
        if retry and task.retries_left > 0:
            task.retries_left -= 1
            schedule(task, retry, now)
    latest = run_id + (1 if state == "exception" else 0)
    return len(task.runs) - 1 <= latest and (run["state"], run.get("reasonResolved")) == (state, reason)


def cancel(task: Task, now: int, reason: str = "canceled") -> bool:
    """
    Resolve a task as an exception; return False if it is resolved. A task without runs gets one.
    """
    if task.state in RESOLVED:
        return False
    if not task.runs:
        task.runs.append({"state": "exception", "reasonCreated": "exception", "scheduled": to_json(now)})
    task.runs[-1] |= {"state": "exception", "reasonResolved": reason, "resolved": to_json(now)}
    return True


def expire_claim(task: Task, run_id: int, now: int) -> bool:
    """
    Resolve a run whose claim expired, and add another if retries are left; return False if it is not running.
    """
    if run_id != len(task.runs) - 1 or task.runs[run_id]["state"] != "running":
        return False
    return resolve(task, run_id, "exception", "claim-expired", now, retry="retry")


def rerun(task: Task, now: int) -> bool:
    """
    Add a run with all retries, unless one is pending or running; return False if there are too many runs.
    """
    if task.state in {"pending", "running"}:
        return True
    if len(task.runs) >= MAX_RUNS:
        return False
    schedule(task, "rerun", now)
    task.retries_left = min(task.definition["retries"], MAX_RUNS - len(task.runs))
    return True
