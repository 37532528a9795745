"""
The queue's methods for tasks and groups, as functions. Errors are those of `Client.call_json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.payload import encode
from tccli.core.response_fields import read_field
from tccli.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.client import Client

LIFECYCLE = ("unscheduled", "pending", "running", "completed", "failed", "exception")
"""The states of a task, in their order."""


def fetch_status(client: Client, task_id: str) -> dict[str, Any]:
    """
    Return the status of a task: ``state``, ``runs`` and so on.
    """
    return _read_status(task_id, client.call_json(references.method("queue", "status"), [task_id]))


def fetch_definition(client: Client, task_id: str) -> dict[str, Any]:
    """
    Return the definition of a task.
    """
    found: dict[str, Any] = client.call_json(references.method("queue", "task"), [task_id])
    return found


def read_name(task_id: str, definition: Mapping[str, Any]) -> str:
    """
    Return the name in the metadata of a definition.
    """
    return read_field(
        f"task {task_id}", read_field(f"task {task_id}", definition, "metadata", dict), "metadata.name", str
    )


def call_status_method(client: Client, method: str, args: list[str], payload: Any = None) -> dict[str, Any]:
    """
    Call a method of the queue that responds with the status of a task, and return that.
    """
    body = None if payload is None else encode(payload)
    return _read_status(args[0], client.call_json(references.method("queue", method), args, payload=body))


def list_group(client: Client, group_id: str) -> Iterator[dict[str, Any]]:
    """
    Yield ``{"status": …, "task": …}`` for each task of a group, page by page, in the queue's order.
    """
    call = client.prepare(references.method("queue", "listTaskGroup"), [group_id])
    for page in client.paginate(call):
        for entry in read_field(f"group {group_id}", page, "tasks", list):
            status, task = (read_field(f"group {group_id}", entry, name, dict) for name in ("status", "task"))
            for name in ("taskId", "state"):
                read_field(f"group {group_id}", status, f"status.{name}", str)
            read_name(str(status["taskId"]), task)
            yield {"status": status, "task": task}


def find_run(status: Mapping[str, Any], run_id: int | None) -> dict[str, Any]:
    """
    Return a run; without *run_id* the latest, and before there is one, the state of the task.

    Raises:
        NotFoundError: The task has no such run.
    """
    runs: list[dict[str, Any]] = read_field("the status of a task", status, "runs", list)
    if run_id is None:
        return runs[-1] if runs else {"state": status["state"]}
    if run_id >= len(runs):
        have = f"the latest is run {len(runs) - 1}" if runs else "it has no runs yet"
        raise NotFoundError(f"task {status['taskId']} has no run {run_id}", status=404, hint=have)
    return runs[run_id]


def format_run(run: Mapping[str, Any]) -> str:
    """
    Return the state of a run as the Go client prints it: ``completed 'completed'``, ``pending``.
    """
    reason = run.get("reasonResolved")
    return f"{run.get('state')} '{reason}'" if reason else str(run.get("state"))


def _read_status(task_id: str, document: Any) -> dict[str, Any]:
    status: dict[str, Any] = read_field(f"task {task_id}", document, "status", dict)
    for name in ("taskId", "state"):
        read_field(f"task {task_id}", status, f"status.{name}", str)
    read_field(f"task {task_id}", status, "status.runs", list)
    return status
