"""
hooks: firing a hook, which creates a task from its template, and the log of fires.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import slugid

from tccli import references
from tccli.sandbox import internal_client, templates
from tccli.sandbox.auth.accounts import HOOKS_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, to_json
from tccli.sandbox.http import errors
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.javascript.values import Date
from tccli.sandbox.registry import Service
from tccli.sandbox.services.hooks import hook_table
from tccli.sandbox.services.queue import task_table
from tccli.sandbox.templates import TemplateError
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.services.hooks.hook_table import Hook
    from tccli.sandbox.state import State

service = Service("hooks")

service.add_tables("""
CREATE TABLE IF NOT EXISTS last_fires (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hook_group_id TEXT NOT NULL, hook_id TEXT NOT NULL,
    fired_by TEXT NOT NULL, task_id TEXT NOT NULL, task_create_time INTEGER NOT NULL, result TEXT NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS last_fires_by_hook ON last_fires (hook_group_id, hook_id, number);
""")

DEFAULT_DEADLINE, DEFAULT_EXPIRES = DAY, 30 * DAY
"""Of a task whose template does not set them, from the time of the fire."""
RETENTION = 365 * DAY
MAX_ERROR_CHARACTERS = 128 * 1024


class FireError(Exception):
    """
    A hook was fired and created no task.

    Attributes:
        error: The queue's response, or None if the template cannot be rendered.
        document: What the log of fires stores.
    """

    def __init__(self, text: str, error: ApiError | None = None, document: Any = None) -> None:
        super().__init__(text)
        self.error = error
        self.document = document


async def fire(
    state: State, hook: Hook, context: dict[str, Any], *, task_id: str | None = None, created: int | None = None
) -> str | None:
    """
    Create a hook's task.

    Args:
        hook: Its role has the scopes of the task.
        context: Of the template, without ``now`` and ``taskId``, and with at least ``firedBy``.
        task_id: None for a new one.
        created: Milliseconds since 1970; None for now.

    Returns:
        The task's id, or None if the template renders to nothing.

    Raises:
        FireError: No task was created. The log of fires has the reason.
    """
    task_id = task_id or slugid.nice()
    created = state.clock.now() if created is None else created
    fired = (hook, context["firedBy"], task_id)
    try:
        task = _render(hook, {"now": Date(to_json(created)), "taskId": task_id, **context}, created)
        if task is None:
            return None
        scopes = [f"assume:hook-id:{hook.name}"]
        await internal_client.call(state, HOOKS_CLIENT, scopes, "queue.createTask", {"taskId": task_id}, task)
    except TemplateError as error:
        _record(state, *fired, error=str(error))
        raise FireError(str(error), document={"message": str(error)}) from None
    except ApiError as error:
        document = _error_document(state, task_id, task, error)
        _record(state, *fired, error=json.dumps(document, indent=2)[:MAX_ERROR_CHARACTERS])
        raise FireError(document["body"]["message"], error, document) from None
    _record(state, *fired)
    return task_id


def _render(hook: Hook, context: dict[str, Any], created: int) -> Any:
    task = templates.render(hook.task, context)
    if isinstance(task, str | int | float) and task:
        raise TemplateError("the template does not render to an object")
    if not isinstance(task, dict):
        return task if isinstance(task, list) else None
    times = {"created": created, "deadline": created + DEFAULT_DEADLINE, "expires": created + DEFAULT_EXPIRES}
    defaults = {"taskGroupId": context["taskId"], **{name: to_json(instant) for name, instant in times.items()}}
    return {**task, **{name: value for name, value in defaults.items() if not task.get(name)}}


def _error_document(state: State, task_id: str, task: Any, error: ApiError) -> dict[str, Any]:
    name = references.method("queue", "createTask").name
    time = to_json(state.clock.now())
    payload = task if error.payload is None else error.payload
    body = errors.body(error, method=name, params={"taskId": task_id}, payload=payload, time=time)
    return {
        "name": "Error",
        "message": body["message"],
        "code": error.code,
        "statusCode": error.status,
        "body": body,
    }


def _record(state: State, hook: Hook, fired_by: str, task_id: str, error: str = "") -> None:
    row = {
        "hook_group_id": hook.hook_group_id,
        "hook_id": hook.hook_id,
        "fired_by": fired_by,
        "task_id": task_id,
        "task_create_time": state.clock.now(),
        "result": "error" if error else "success",
        "error": error,
    }
    state.store.insert("last_fires", row)


@service.periodic
def delete_old(state: State) -> None:
    """
    Delete entries that are older than the retention.
    """
    state.store.run("DELETE FROM last_fires WHERE task_create_time < ?", state.clock.now() - RETENTION)


@service.method("listLastFires")
def list_last_fires(call: Call) -> Response:
    group, hook_id = call.args["hookGroupId"], call.args["hookId"]
    found = page(
        call.query,
        f"fires{group}/{hook_id}",
        lambda row: str(row["number"]),
        lambda after, number: _fires(call, int(after or 2**62), number),
        allows_empty=True,
    )
    if not found.rows:
        raise ApiError("ResourceNotFound", "No such hook or never fired")
    return Response(found.document(lastFires=[_document(call, row) for row in found.rows]))


@service.method("getHookStatus")
def get_hook_status(call: Call) -> Response:
    hook = hook_table.get(call.state.store, call.args["hookGroupId"], call.args["hookId"])
    if hook is None:
        raise ApiError("ResourceNotFound", "No such hook")
    document: dict[str, Any] = {"lastFire": {"result": "no-fire"}}
    for row in _fires(call, 2**62, 1):
        outcome = {"error": _parsed(row["error"])} if row["error"] else {"taskId": row["task_id"]}
        document["lastFire"] = {"result": row["result"], **outcome, "time": to_json(row["task_create_time"])}
    if hook.schedule:
        document["nextScheduledDate"] = to_json(hook.next_date)
    return Response(document)


def delete(state: State, hook_group_id: str, hook_id: str) -> None:
    state.store.run("DELETE FROM last_fires WHERE hook_group_id = ? AND hook_id = ?", hook_group_id, hook_id)


def _fires(call: Call, before: int, number: int) -> list[sqlite3.Row]:
    sql = "SELECT * FROM last_fires WHERE hook_group_id = ? AND hook_id = ? AND number < ? ORDER BY number DESC LIMIT ?"
    return call.state.store.all(sql, call.args["hookGroupId"], call.args["hookId"], before, number)


def _document(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    task = task_table.get(call.state.store, row["task_id"])
    return {
        "hookGroupId": row["hook_group_id"],
        "hookId": row["hook_id"],
        "firedBy": row["fired_by"],
        "taskId": row["task_id"],
        "taskCreateTime": to_json(row["task_create_time"]),
        "result": row["result"],
        "error": row["error"],
        "taskState": task.state if task is not None and task.runs else "unknown",
    }


def _parsed(error: str) -> Any:
    # An error that was cut off is not JSON.
    try:
        return loads_leniently(error)
    except ValueError:
        return {"message": error}
