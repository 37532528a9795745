"""
queue: messages about tasks and task groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox import events
from tccli.sandbox.clock import from_json, to_database_json, to_json

if TYPE_CHECKING:
    from tccli.sandbox.services.queue.task_table import Task
    from tccli.sandbox.state import State

RESOLVED_EVENTS = {"completed": "taskCompleted", "failed": "taskFailed", "exception": "taskException"}
"""By the state of a run."""


def created(state: State, task: Task, *, is_new: bool) -> None:
    """
    Publish that a task is defined and, if it is, that it is pending. The latter is repeated for each createTask.
    """
    if not state.has_listeners:
        return
    if is_new or not task.runs:
        # The status from before its first run.
        status = {**task.status(), "state": "unscheduled", "runs": []}
        _publish(state, "taskDefined", task, {"status": status, "task": _task(task)})
    if task.runs and task.runs[0]["state"] == "pending":
        pending(state, task, 0)


def pending(state: State, task: Task, run_id: int) -> None:
    if state.has_listeners:
        _publish(state, "taskPending", task, {"status": task.status(), "runId": run_id, "task": _task(task)})


def running(state: State, task: Task, run_id: int) -> None:
    if state.has_listeners:
        taken_until = to_database_json(from_json(task.runs[run_id]["takenUntil"]))
        content = {"takenUntil": taken_until, "task": _task(task)}
        _publish(state, "taskRunning", task, {**_run(task, run_id), **content})


def ended(state: State, task: Task, run_id: int) -> None:
    """
    Publish how a run ended; or if the task is retried, only that the next run is pending.
    """
    if not state.has_listeners:
        return
    if run_id + 1 < len(task.runs) and task.state == "pending":
        pending(state, task, run_id + 1)
        return
    event = RESOLVED_EVENTS[task.runs[run_id]["state"]]
    _publish(state, event, task, {**_run(task, run_id), "task": _task(task)})


def artifact_created(state: State, task: Task, run_id: int, artifact: dict[str, Any]) -> None:
    if state.has_listeners:
        _publish(state, "artifactCreated", task, {**_run(task, run_id), "artifact": artifact})


def priority_changed(state: State, task: Task, before: str) -> None:
    if state.has_listeners:
        content = {"oldPriority": before, "newPriority": task.definition["priority"]}
        _publish(state, "taskPriorityChanged", task, {"status": task.status(), **content})


def group_resolved(state: State, task_group_id: str) -> None:
    """
    Publish that all tasks of a group are or were resolved, if they are.
    """
    if not state.has_listeners:
        return
    sql = "SELECT 1 FROM tasks WHERE task_group_id = ? AND was_resolved = 0 LIMIT 1"
    row = state.store.one("SELECT * FROM task_groups WHERE task_group_id = ?", task_group_id)
    if row is None or state.store.one(sql, task_group_id) is not None:
        return
    group = {"taskGroupId": task_group_id, "schedulerId": row["scheduler_id"], "expires": to_json(row["expires"])}
    group_changed(state, "taskGroupResolved", group | ({"sealed": to_json(row["sealed"])} if row["sealed"] else {}))


def group_changed(state: State, event: str, group: dict[str, Any]) -> None:
    """
    Publish a message about a group.

    Args:
        group: Its id, its scheduler's id and the other properties of the message.
    """
    events.publish(state, f"queue.{event}", group, {"version": 1, **group})


def _publish(state: State, event: str, task: Task, content: dict[str, Any]) -> None:
    message = {"version": 1, **content}
    events.publish(state, f"queue.{event}", {**message["status"], **content}, message, task.definition["routes"])


def _run(task: Task, run_id: int) -> dict[str, Any]:
    # A run that was cancelled before it was claimed has no worker.
    run = task.runs[run_id]
    worker: dict[str, Any] = {name: run[name] for name in ("workerGroup", "workerId") if name in run}
    return {"status": task.status(), "runId": run_id, **worker}


def _task(task: Task) -> dict[str, Any]:
    return {"tags": task.definition["tags"]}
