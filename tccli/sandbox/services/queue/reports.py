"""
queue: reports of workers about the ends of runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import dependencies, events, run_states, task_table
from tccli.sandbox.services.queue.claims import load_run, not_running

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task

service = Service("queue")

RETRY_REASONS = {"worker-shutdown": "retry", "intermittent-task": "task-retry"}
"""Reasons of exceptions that are retried, and the ``reasonCreated`` of the next run."""


@service.method("reportCompleted")
def report_completed(call: Call) -> Response:
    # Very old workers report failures like this.
    failed = isinstance(call.payload, dict) and call.payload.get("success") is False
    return _report(call, "failed" if failed else "completed")


@service.method("reportFailed")
def report_failed(call: Call) -> Response:
    return _report(call, "failed")


@service.method("reportException")
def report_exception(call: Call) -> Response:
    task, run_id = load_run(call, "Are you sure it exists?")
    reason = call.payload["reason"]
    _resolve(call, task, run_id, "exception", reason, retry=RETRY_REASONS.get(reason, ""))
    return Response({"status": task.status()})


def _report(call: Call, state: str) -> Response:
    task, run_id = load_run(call, "Are you sure it was created?")
    if task.runs[run_id]["state"] not in {"running", state}:
        message = "Run {{runId}} of task `{{taskId}}` is not running or {{targetState}}."
        raise ApiError("RequestConflict", message, taskId=task.task_id, runId=run_id, targetState=state)
    _resolve(call, task, run_id, state, state)
    return Response({"status": task.status()})


def _resolve(call: Call, task: Task, run_id: int, state: str, reason: str, *, retry: str = "") -> None:
    if not run_states.resolve(task, run_id, state, reason, call.now, retry=retry):
        raise not_running(task, run_id)
    with call.state.store.transaction():
        task_table.update(call.state.store, task)
        events.ended(call.state, task, run_id)
        if task.state in task_table.RESOLVED:
            dependencies.resolved(call.state, task)
