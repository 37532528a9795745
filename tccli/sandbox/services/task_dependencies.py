"""
queue: which tasks wait for which, and what happens when one is resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.clock import from_json
from tccli.sandbox.errors import ApiError
from tccli.sandbox.registry import tables
from tccli.sandbox.services import task_runs, task_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.task_table import Task
    from tccli.sandbox.store import Store

tables("""
CREATE TABLE IF NOT EXISTS dependencies (
    task_id TEXT NOT NULL, required_task_id TEXT NOT NULL, PRIMARY KEY (task_id, required_task_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dependents ON dependencies (required_task_id, task_id);
""")


def record(store: Store, task: Task) -> None:
    """
    Note what a new task waits for.
    """
    for required in task.definition["dependencies"]:
        store.insert("dependencies", {"task_id": task.task_id, "required_task_id": required})


def check(store: Store, task: Task) -> None:
    """
    Refuse dependencies that are not there, or end before the task may.
    """
    required = _required(store, task)
    missing = [task_id for task_id, other in required.items() if other is None]
    deadline = task.definition["deadline"]
    expiring = [task_id for task_id, other in required.items() if other and deadline > other.definition["expires"]]
    message = ""
    if missing:
        listed = "\n".join(f" * {task_id}" for task_id in missing)
        message += f"`task.dependencies` references non-existing tasks: \n{listed}\n"
        message += "All taskIds in `task.dependencies` **must** exist\nbefore the task is created.\n"
    if expiring:
        listed = "\n".join(f" * {task_id}," for task_id in expiring)
        message += "`task.dependencies` references tasks that expires\n"
        message += f"before `task.deadline` this is not allowed, see tasks: \n{listed}\n"
        message += "All taskIds in `task.dependencies` **must** have\n"
        message += "`task.expires` greater than the `deadline` for this task.\n"
    if message:
        raise ApiError("InputError", message)


def schedule_if_free(call: Call, task: Task) -> None:
    """
    Make a task pending that has no run yet and waits for nothing.
    """
    if task.runs or not all(_allows(other, task) for other in _required(call.state.store, task).values()):
        return
    task_runs.schedule(task, "scheduled", call.now)
    task_table.save(call.state.store, task)


def cancel(call: Call, task: Task) -> None:
    """
    Resolve a task as cancelled, unless it is resolved; one that never ran gets a run that says so.
    """
    if not task_runs.cancel(task, call.now):
        return
    with call.state.store.transaction():
        task_table.save(call.state.store, task)
        resolved(call, task)


def resolved(call: Call, task: Task) -> None:
    """
    Schedule the tasks that waited for *task* and now for nothing else.
    """
    rows = call.state.store.all("SELECT task_id FROM dependencies WHERE required_task_id = ?", task.task_id)
    for row in rows:
        dependent = task_table.load(call.state.store, row["task_id"])
        if dependent is not None and from_json(dependent.definition["deadline"]) >= call.now:
            schedule_if_free(call, dependent)


def _required(store: Store, task: Task) -> dict[str, Task | None]:
    return {task_id: task_table.load(store, task_id) for task_id in task.definition["dependencies"]}


def _allows(required: Task | None, task: Task) -> bool:
    if required is None:
        return False
    all_resolved = task.definition["requires"] == "all-resolved"
    return required.state == "completed" or (all_resolved and required.state in task_runs.RESOLVED)
