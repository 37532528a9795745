"""
queue: task groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Answer
from tccli.sandbox.clock import from_json, to_json
from tccli.sandbox.errors import ApiError
from tccli.sandbox.pages import page
from tccli.sandbox.registry import handles, tables
from tccli.sandbox.services import task_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

tables("""
CREATE TABLE IF NOT EXISTS task_groups (
    task_group_id TEXT PRIMARY KEY, scheduler_id TEXT NOT NULL, expires INTEGER NOT NULL, sealed INTEGER
) WITHOUT ROWID;
""")


def join(call: Call, definition: dict[str, Any]) -> None:
    """
    Make sure that a task's group is there and takes the task.
    """
    store = call.state.store
    group_id, scheduler_id = definition["taskGroupId"], definition["schedulerId"]
    expires = from_json(definition["expires"])
    store.insert("task_groups", {"task_group_id": group_id, "scheduler_id": scheduler_id, "expires": expires})
    row = store.one("SELECT * FROM task_groups WHERE task_group_id = ?", group_id)
    assert row is not None
    if row["scheduler_id"] != scheduler_id:
        message = (
            "Task group `{{taskGroupId}}` contains tasks with a schedulerId other\nthan `{{schedulerId}}`. "
            "All tasks in the same task-group must have\nthe same schedulerId."
        )
        raise ApiError("RequestConflict", message, taskGroupId=group_id, schedulerId=scheduler_id)
    if row["sealed"] is not None:
        message = "Task group `{{taskGroupId}}` is sealed and does not accept new tasks."
        raise ApiError("RequestConflict", message, taskGroupId=group_id)
    if row["expires"] < expires:
        store.run("UPDATE task_groups SET expires = ? WHERE task_group_id = ?", expires, group_id)


@handles("queue.getTaskGroup")
def get_task_group(call: Call) -> Answer:
    """
    Show a group without its tasks.
    """
    return Answer(_document(call))


@handles("queue.listTaskGroup")
def list_task_group(call: Call) -> Answer:
    """
    List a group's tasks, sorted by id.
    """
    group_id = call.args["taskGroupId"]
    found = page(
        call.query,
        "task-group" + group_id,
        lambda task: str(task.task_id),
        lambda after, number: task_table.load_group(call.state.store, group_id, after, number),
        forgiving=True,
    )
    tasks = [{"status": task.status(), "task": task.definition} for task in found.rows]
    return Answer(found.answer(**_document(call), tasks=tasks))


def _document(call: Call) -> dict[str, Any]:
    group_id = call.args["taskGroupId"]
    row = call.state.store.one("SELECT * FROM task_groups WHERE task_group_id = ?", group_id)
    if row is None:
        message = "No task-group with taskGroupId: `{{taskGroupId}}`"
        raise ApiError("ResourceNotFound", message, taskGroupId=group_id)
    document = {"taskGroupId": group_id, "schedulerId": row["scheduler_id"], "expires": to_json(row["expires"])}
    return document if row["sealed"] is None else {**document, "sealed": to_json(row["sealed"])}
