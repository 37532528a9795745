"""
queue: the table of tasks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import from_json
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import pending_runs
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tccli.sandbox.store import Store

service = Service("queue")

RESOLUTION_DELAY = 2000
"""Milliseconds from the end of a task until its priority cannot change; in the service, a job records the end."""
RESOLVED = frozenset({"completed", "failed", "exception"})

service.add_tables("""
CREATE TABLE IF NOT EXISTS tasks (
    task_id TEXT COLLATE en_US PRIMARY KEY, task_group_id TEXT NOT NULL,
    deadline INTEGER NOT NULL, expires INTEGER NOT NULL,
    definition TEXT NOT NULL, runs TEXT NOT NULL, retries_left INTEGER NOT NULL,
    is_open INTEGER NOT NULL, was_resolved INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_by_group ON tasks (task_group_id, task_id);
CREATE INDEX IF NOT EXISTS tasks_by_expiry ON tasks (expires);
CREATE INDEX IF NOT EXISTS open_tasks ON tasks (deadline) WHERE is_open = 1;
CREATE INDEX IF NOT EXISTS active_tasks ON tasks (task_group_id) WHERE was_resolved = 0;
""")


@dataclass(slots=True)
class Task:
    """
    A task.

    Attributes:
        definition: Complete, as ``queue.task`` returns it.
        runs: As in the status, without ``runId``, and with ``hintId`` for a claim by ``claimWork``.
        was_resolved: Whether it was resolved at any time, also before a rerun.
    """

    task_id: str
    definition: dict[str, Any]
    retries_left: int
    runs: list[dict[str, Any]] = field(default_factory=list)
    was_resolved: bool = False

    @classmethod
    def new(cls, task_id: str, payload: dict[str, Any]) -> Task:
        """
        Return a task without runs from a complete payload of ``createTask``.
        """
        return cls(task_id, payload, payload["retries"])

    @property
    def state(self) -> str:
        """
        The state of the last run.
        """
        return str(self.runs[-1]["state"]) if self.runs else "unscheduled"

    def status(self) -> dict[str, Any]:
        """
        Return the status as methods return it.
        """
        queue = {name: self.definition[name] for name in ("provisionerId", "workerType", "taskQueueId")}
        names = ("schedulerId", "projectId", "taskGroupId", "priority", "deadline", "expires")
        return {
            "taskId": self.task_id,
            **queue,
            **{name: self.definition[name] for name in names},
            "retriesLeft": self.retries_left,
            "state": self.state,
            "runs": [
                {"runId": number, **{name: value for name, value in run.items() if name != "hintId"}}
                for number, run in enumerate(self.runs)
            ],
        }


def insert(store: Store, task: Task) -> bool:
    """
    Insert a task and its pending run; return False if it exists.
    """
    definition = task.definition
    is_new = store.insert(
        "tasks",
        {
            "task_id": task.task_id,
            "task_group_id": definition["taskGroupId"],
            "deadline": from_json(definition["deadline"]),
            "expires": from_json(definition["expires"]),
            "definition": definition,
            "runs": task.runs,
            "retries_left": task.retries_left,
            "is_open": int(task.state not in RESOLVED),
            "was_resolved": 0,
        },
    )
    if is_new and task.runs:
        _update_queue(store, task)
    return is_new


def update(store: Store, task: Task) -> None:
    """
    Store the runs of a task, and update its queue.
    """
    is_resolved = task.state in RESOLVED
    task.was_resolved |= is_resolved
    sql = "UPDATE tasks SET runs = ?, retries_left = ?, is_open = ?, was_resolved = ? WHERE task_id = ?"
    store.run(sql, json.dumps(task.runs), task.retries_left, int(not is_resolved), int(task.was_resolved), task.task_id)
    _update_queue(store, task)


def change_priority(store: Store, task: Task, priority: str, now: int) -> bool:
    """
    Change the priority of a task and of its place in the queue.

    Returns:
        False if the task has this priority, was resolved some seconds ago, also before a rerun, or is past its
        deadline.
    """
    definition = task.definition
    if (
        _was_resolved(task, now - RESOLUTION_DELAY)
        or from_json(definition["deadline"]) <= now
        or definition["priority"] == priority
    ):
        return False
    definition["priority"] = priority
    store.run("UPDATE tasks SET definition = ? WHERE task_id = ?", json.dumps(definition), task.task_id)
    pending_runs.reprioritize(store, task.task_id, priority)
    return True


def _was_resolved(task: Task, before: int) -> bool:
    # A run that was retried did not resolve its task.
    reasons = [run["reasonCreated"] for run in task.runs[1:]] + ["rerun"]
    times = [
        run.get("resolved") for run, next_reason in zip(task.runs, reasons, strict=False) if next_reason == "rerun"
    ]
    return any(time is not None and from_json(time) < before for time in times)


def delete(store: Store, task_id: str) -> None:
    """
    Delete a task and its place in the queue.
    """
    store.run("DELETE FROM tasks WHERE task_id = ?", task_id)
    pending_runs.dequeue(store, task_id)
    pending_runs.delete_claim(store, task_id)


def get(store: Store, task_id: str) -> Task | None:
    row = store.one("SELECT * FROM tasks WHERE task_id = ?", task_id)
    return None if row is None else _task(row)


def list_page(store: Store, task_ids: Sequence[str], after: str, number: int) -> list[Task]:
    """
    Return at most *number* of these tasks after the id *after*, sorted by id.
    """
    sql = (
        "SELECT * FROM tasks WHERE task_id IN (SELECT value FROM json_each(?)) AND task_id > ? ORDER BY task_id LIMIT ?"
    )
    return [_task(row) for row in store.all(sql, to_jsonb(list(task_ids)), after, number)]


def list_group(store: Store, task_group_id: str, after: str, number: int) -> list[Task]:
    """
    Return at most *number* tasks of a group after the id *after*, sorted by id.
    """
    sql = "SELECT * FROM tasks WHERE task_group_id = ? AND task_id > ? ORDER BY task_id LIMIT ?"
    return [_task(row) for row in store.all(sql, task_group_id, after, number)]


def _update_queue(store: Store, task: Task) -> None:
    # Only the last run of a task can be pending or claimed.
    run_id = len(task.runs) - 1
    if task.state == "pending":
        pending_runs.enqueue(store, task.task_id, run_id, task.definition)
    else:
        pending_runs.dequeue(store, task.task_id)
    if task.state == "running":
        taken_until = from_json(task.runs[run_id]["takenUntil"])
        pending_runs.record_claim(store, task.task_id, run_id, task.definition["taskQueueId"], taken_until)
    else:
        pending_runs.delete_claim(store, task.task_id)


def _task(row: sqlite3.Row) -> Task:
    definition, runs = json.loads(row["definition"]), json.loads(row["runs"])
    return Task(row["task_id"], definition, row["retries_left"], runs, bool(row["was_resolved"]))
