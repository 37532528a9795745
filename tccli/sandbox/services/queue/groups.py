"""
queue: task groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import dependencies, events, task_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS task_groups (
    task_group_id TEXT PRIMARY KEY, scheduler_id TEXT NOT NULL, expires INTEGER NOT NULL, sealed INTEGER
) WITHOUT ROWID;
""")


def join(call: Call, definition: dict[str, Any]) -> None:
    """
    Create or extend the group of a new task.

    Raises:
        ApiError: 409, the group has another scheduler, or is sealed.
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


@service.method("getTaskGroup")
def get_task_group(call: Call) -> Response:
    return Response(_document(call))


@service.method("listTaskGroup")
def list_task_group(call: Call) -> Response:
    group_id = call.args["taskGroupId"]
    found = page(
        call.query,
        "task-group" + group_id,
        lambda task: str(task.task_id),
        lambda after, number: task_table.list_group(call.state.store, group_id, after, number),
        allows_empty=True,
    )
    tasks = [{"status": task.status(), "task": task.definition} for task in found.rows]
    return Response(found.document(**_document(call), tasks=tasks))


@service.method("sealTaskGroup")
def seal_task_group(call: Call) -> Response:
    # Sealing a group twice leaves the time of the first seal.
    _authorize(call)
    sql = "UPDATE task_groups SET sealed = ? WHERE task_group_id = ? AND sealed IS NULL"
    call.state.store.run(sql, call.now, call.args["taskGroupId"])
    group = _document(call)
    events.group_changed(call.state, "taskGroupSealed", group)
    return Response(group)


@service.method("cancelTaskGroup")
def cancel_task_group(call: Call) -> Response:
    group_id = call.args["taskGroupId"]
    if "sealed" not in _document(call):
        message = "Cannot cancel unsealed task group: `{{taskGroupId}}`"
        raise ApiError("RequestConflict", message, taskGroupId=group_id)
    _authorize(call)
    with call.state.store.transaction():
        tasks = task_table.list_group(call.state.store, group_id, "", -1)
        in_time = [task for task in tasks if from_json(task.definition["deadline"]) > call.now]
        cancelled = [task.task_id for task in in_time if dependencies.cancel(call.state, task)]
    document = {"taskGroupId": group_id, "taskGroupSize": len(tasks), "cancelledCount": len(cancelled)}
    return Response({**document, "taskIds": cancelled})


@service.method("changeTaskGroupPriority")
def change_priority(call: Call) -> Response:
    group, priority, store = _authorize(call), call.payload["newPriority"], call.state.store
    with store.transaction():
        tasks = task_table.list_group(store, group["taskGroupId"], "", -1)
        changed = [task.task_id for task in tasks if task_table.change_priority(store, task, priority, call.now)]
    document = {name: group[name] for name in ("taskGroupId", "schedulerId")}
    document |= {"newPriority": priority, "tasksAffected": len(changed)}
    events.group_changed(call.state, "taskGroupPriorityChanged", document)
    return Response({**document, "taskIds": changed})


def _authorize(call: Call) -> dict[str, Any]:
    """
    Return the group of an authorized call.
    """
    document = _document(call)
    call.authorize(**{name: document[name] for name in ("taskGroupId", "schedulerId")})
    return document


def _document(call: Call) -> dict[str, Any]:
    group_id = call.args["taskGroupId"]
    row = call.state.store.one("SELECT * FROM task_groups WHERE task_group_id = ?", group_id)
    if row is None:
        message = "No task-group with taskGroupId: `{{taskGroupId}}`"
        raise ApiError("ResourceNotFound", message, taskGroupId=group_id)
    document = {"taskGroupId": group_id, "schedulerId": row["scheduler_id"], "expires": to_json(row["expires"])}
    return document if row["sealed"] is None else {**document, "sealed": to_json(row["sealed"])}
