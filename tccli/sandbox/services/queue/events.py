"""
queue: what is published about tasks and their groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox import events
from tccli.sandbox.clock import to_json

if TYPE_CHECKING:
    from tccli.sandbox.services.queue.task_table import Task
    from tccli.sandbox.state import State

ENDS = {"completed": "taskCompleted", "failed": "taskFailed", "exception": "taskException"}
"""The event that says of a run how it ended."""


def created(state: State, task: Task, *, is_new: bool) -> None:
    """
    Say that a task is there, and that it is pending, if it is; said again when it is made again.
    """
    if state.on_message is None:
        return
    if is_new or not task.runs:
        # As it was before anything happened to it.
        status = {**task.status(), "state": "unscheduled", "runs": []}
        _publish(state, "taskDefined", task, {"status": status, "task": _task(task)})
    if task.runs and task.runs[0]["state"] == "pending":
        pending(state, task, 0)


def pending(state: State, task: Task, run_id: int) -> None:
    """
    Say that a run waits for a worker.
    """
    if state.on_message is not None:
        _publish(state, "taskPending", task, {"status": task.status(), "runId": run_id, "task": _task(task)})


def running(state: State, task: Task, run_id: int) -> None:
    """
    Say that a worker has a run.
    """
    if state.on_message is not None:
        content = {"takenUntil": task.runs[run_id]["takenUntil"], "task": _task(task)}
        _publish(state, "taskRunning", task, {**_run(task, run_id), **content})


def ended(state: State, task: Task, run_id: int) -> None:
    """
    Say how a run ended; or, if the task is tried again, only that its next run is pending.
    """
    if state.on_message is None:
        return
    if run_id + 1 < len(task.runs) and task.state == "pending":
        pending(state, task, run_id + 1)
        return
    event = ENDS[task.runs[run_id]["state"]]
    _publish(state, event, task, {**_run(task, run_id), "task": _task(task)})


def artifact_created(state: State, task: Task, run_id: int, artifact: dict[str, Any]) -> None:
    """
    Say that a run has an artifact.
    """
    if state.on_message is not None:
        _publish(state, "artifactCreated", task, {**_run(task, run_id), "artifact": artifact})


def priority_changed(state: State, task: Task, before: str) -> None:
    """
    Say that a task waits with another priority.
    """
    if state.on_message is not None:
        content = {"oldPriority": before, "newPriority": task.definition["priority"]}
        _publish(state, "taskPriorityChanged", task, {"status": task.status(), **content})


def group_resolved(state: State, task_group_id: str) -> None:
    """
    Say that all tasks of a group are resolved, or were once; if they are.
    """
    if state.on_message is None:
        return
    sql = "SELECT 1 FROM tasks WHERE task_group_id = ? AND was_resolved = 0 LIMIT 1"
    row = state.store.one("SELECT * FROM task_groups WHERE task_group_id = ?", task_group_id)
    if row is None or state.store.one(sql, task_group_id) is not None:
        return
    group = {"taskGroupId": task_group_id, "schedulerId": row["scheduler_id"], "expires": to_json(row["expires"])}
    group_changed(state, "taskGroupResolved", group | ({"sealed": to_json(row["sealed"])} if row["sealed"] else {}))


def group_changed(state: State, event: str, group: dict[str, Any]) -> None:
    """
    Publish a message about a group that holds its id and its scheduler's.
    """
    events.publish(state, f"queue.{event}", group, {"version": 1, **group})


def _publish(state: State, event: str, task: Task, content: dict[str, Any]) -> None:
    message = {"version": 1, **content}
    events.publish(state, f"queue.{event}", {**message["status"], **content}, message, task.definition["routes"])


def _run(task: Task, run_id: int) -> dict[str, Any]:
    """
    Return what a message says of a run that a worker had, or never had.
    """
    run = task.runs[run_id]
    worker: dict[str, Any] = {name: run[name] for name in ("workerGroup", "workerId") if name in run}
    return {"status": task.status(), "runId": run_id, **worker}


def _task(task: Task) -> dict[str, Any]:
    return {"tags": task.definition["tags"]}
