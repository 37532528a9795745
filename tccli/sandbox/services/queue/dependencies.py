"""
queue: dependencies between tasks, and the consequences of a task's end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.index import tasks as index
from tccli.sandbox.services.queue import events, run_states, task_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task
    from tccli.sandbox.state import State
    from tccli.sandbox.store import Store

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS dependencies (
    task_id TEXT COLLATE en_US NOT NULL, required_task_id TEXT NOT NULL, is_satisfied INTEGER NOT NULL,
    PRIMARY KEY (task_id, required_task_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dependents ON dependencies (required_task_id, task_id);
""")


def begin(state: State, task: Task) -> None:
    """
    Store a new task's dependencies, and schedule the task if they are satisfied already.

    Raises:
        ApiError: 400, a dependency does not exist or expires before the deadline. The task is deleted then.
    """
    store = state.store
    required = {task_id: task_table.get(store, task_id) for task_id in task.definition["dependencies"]}
    problem = _problem(required, task.definition["deadline"])
    if problem:
        task_table.delete(store, task.task_id)
        store.run("DELETE FROM dependencies WHERE task_id = ?", task.task_id)
        raise ApiError("InputError", problem)
    is_satisfied = False
    for task_id, other in required.items():
        assert other is not None
        store.insert("dependencies", {"task_id": task.task_id, "required_task_id": task_id, "is_satisfied": 0})
        if _satisfies(other, task):
            _satisfy(store, task.task_id, task_id)
            is_satisfied = True
    if not task.runs and is_satisfied and not _is_blocked(store, task.task_id):
        run_states.schedule(task, "scheduled", state.clock.now())
        task_table.update(store, task)


def schedule(state: State, task: Task) -> bool:
    """
    Schedule a task without runs, whatever its dependencies; return False after its deadline.
    """
    now = state.clock.now()
    if from_json(task.definition["deadline"]) < now:
        return False
    if not task.runs:
        run_states.schedule(task, "scheduled", now)
        task_table.update(state.store, task)
        events.pending(state, task, 0)
    return True


def cancel(state: State, task: Task, reason: str = "canceled") -> bool:
    """
    Resolve a task as an exception; return False if it is resolved. A task without runs gets one.
    """
    if not run_states.cancel(task, state.clock.now(), reason):
        return False
    with state.store.transaction():
        task_table.update(state.store, task)
        events.ended(state, task, len(task.runs) - 1)
        resolved(state, task)
    return True


def resolved(state: State, task: Task) -> None:
    """
    Index a completed task, and schedule the tasks whose last dependency it was.
    """
    if task.state == "completed":
        index.index_task(state, task.task_id, task.definition)
    sql = "SELECT task_id FROM dependencies WHERE required_task_id = ? AND is_satisfied = 0 ORDER BY task_id"
    for row in state.store.all(sql, task.task_id):
        dependent = task_table.get(state.store, row["task_id"])
        if dependent is None or not _satisfies(task, dependent):
            continue
        # A dependency stays satisfied, even if the required task is rerun and fails.
        _satisfy(state.store, dependent.task_id, task.task_id)
        if not _is_blocked(state.store, dependent.task_id):
            schedule(state, dependent)
    events.group_resolved(state, task.definition["taskGroupId"])


def delete(store: Store, task_id: str) -> None:
    """
    Delete the dependencies of a task, and those on it.
    """
    store.run("DELETE FROM dependencies WHERE task_id = ? OR required_task_id = ?", task_id, task_id)


@service.method("listDependentTasks")
def list_dependent_tasks(call: Call) -> Response:
    store, task_id = call.state.store, call.args["taskId"]
    sql = "SELECT task_id FROM dependencies WHERE required_task_id = ? AND task_id > ? ORDER BY task_id LIMIT ?"
    found = page(
        call.query,
        "dependents" + task_id,
        lambda row: str(row["task_id"]),
        lambda after, number: store.all(sql, task_id, after, number),
        allows_empty=True,
    )
    if task_table.get(store, task_id) is None:
        raise ApiError("ResourceNotFound", "Task with taskId: `{{taskId}}` was not found", taskId=task_id)
    tasks = [task for row in found.rows if (task := task_table.get(store, row["task_id"]))]
    listed = [{"status": task.status(), "task": task.definition} for task in tasks]
    return Response(found.document(taskId=task_id, tasks=listed))


def _problem(required: dict[str, Task | None], deadline: str) -> str:
    missing = [task_id for task_id, other in required.items() if other is None]
    expiring = [task_id for task_id, other in required.items() if other and deadline > other.definition["expires"]]
    message = ""
    if missing:
        listed = "\n".join(f" * {task_id}" for task_id in missing)
        message += f"`task.dependencies` references non-existing tasks: \n{listed}\n"
        message += "All taskIds in `task.dependencies` **must** exist\nbefore the task is created.\n"
    elif expiring:
        listed = "\n".join(f" * {task_id}," for task_id in expiring)
        message += "`task.dependencies` references tasks that expires\n"
        message += f"before `task.deadline` this is not allowed, see tasks: \n{listed}\n"
        message += "All taskIds in `task.dependencies` **must** have\n"
        message += "`task.expires` greater than the `deadline` for this task.\n"
    return message


def _satisfies(required: Task, task: Task) -> bool:
    all_resolved = task.definition["requires"] == "all-resolved"
    return required.state == "completed" or (all_resolved and required.state in task_table.RESOLVED)


def _satisfy(store: Store, task_id: str, required: str) -> None:
    sql = "UPDATE dependencies SET is_satisfied = 1 WHERE task_id = ? AND required_task_id = ?"
    store.run(sql, task_id, required)


def _is_blocked(store: Store, task_id: str) -> bool:
    sql = "SELECT 1 FROM dependencies WHERE task_id = ? AND is_satisfied = 0 LIMIT 1"
    return store.one(sql, task_id) is not None
