"""
The queue's methods for tasks and groups, as functions. Errors are those of `Client.call_json`.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.parameters import matches_pattern, show_value
from tccli.core.payload import encode
from tccli.core.response_fields import read_field
from tccli.core.responses import read_timestamp
from tccli.core.times import format_span
from tccli.errors import BrokenAnswerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tccli.core.calls import PreparedCall
    from tccli.core.client import Client

DEFAULT_LOG = "public/logs/live.log"
MAX_IDS_PER_REQUEST = 1000
"""Of ``queue.statuses`` and ``queue.tasks``."""
MAX_REPEATED_PAGES = 100
"""Of a listing, one after the other, that have no new task: pages may be empty, but not for ever."""
LIFECYCLE = ("unscheduled", "pending", "running", "completed", "failed", "exception")
"""The states of a task, in their order."""


def check_allowed(client: Client, method: str) -> None:
    """
    Check that a method of the queue may be called, before anything is fetched for it.

    Raises:
        UsageError: Read-only mode refuses it.
    """
    client.check_allowed(references.method("queue", method))


def fetch_status(client: Client, task_id: str) -> dict[str, Any]:
    """
    Return the status of a task: ``state``, ``runs`` and so on.
    """
    with _suggest_task(task_id):
        return _read_status(task_id, client.call_json(references.method("queue", "status"), [task_id]))


def fetch_statuses(client: Client, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """
    Return the statuses of tasks by their ids; those that do not exist are left out.
    """
    entries = _fetch_many(client, "statuses", task_ids)
    return {task_id: _read_status(task_id, entry) for task_id, entry in entries.items()}


def fetch_definitions(client: Client, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """
    Return the definitions of tasks by their ids; those that do not exist are left out.
    """
    found = {}
    for task_id, entry in _fetch_many(client, "tasks", task_ids).items():
        found[task_id] = read_field(f"task {task_id}", entry, "task", dict)
        read_name(task_id, found[task_id])
    return found


def _fetch_many(client: Client, name: str, task_ids: Sequence[str]) -> dict[str, Any]:
    found = {}
    for start in range(0, len(task_ids), MAX_IDS_PER_REQUEST):
        payload = encode({"taskIds": [*task_ids[start : start + MAX_IDS_PER_REQUEST]]})
        method = references.method("queue", name)
        for page in client.paginate(client.prepare(method, [], payload=payload, checks_schema=False)):
            for entry in read_field(f"queue.{name}", page, name, list):
                found[read_id(f"queue.{name}", entry, "taskId")] = entry
    for task_id in found.keys() - set(task_ids):
        raise BrokenAnswerError(f"queue.{name}: the response has task {task_id}, which was not asked for")
    return found


def fetch_states(client: Client, task_ids: Sequence[str]) -> dict[str, str | None]:
    """
    Return the states of tasks by their ids; None for those that do not exist.
    """
    found = fetch_statuses(client, task_ids)
    return {task_id: found[task_id]["state"] if task_id in found else None for task_id in task_ids}


def fetch_definition(client: Client, task_id: str) -> dict[str, Any]:
    """
    Return the definition of a task.
    """
    with _suggest_task(task_id):
        found: dict[str, Any] = client.call_json(references.method("queue", "task"), [task_id])
    return found


def read_name(task_id: str, definition: Mapping[str, Any]) -> str:
    """
    Return the name in the metadata of a definition.
    """
    return read_field(
        f"task {task_id}", read_field(f"task {task_id}", definition, "metadata", dict), "metadata.name", str
    )


def find_log_name(definition: Mapping[str, Any]) -> str:
    """
    Return the name of the artifact with a task's log, which its payload may choose.

    Source: the payload schemas of docker-worker (``log``) and generic-worker (``logs.live``).
    """
    payload = definition.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    logs = payload.get("logs")
    name = payload.get("log") or (logs.get("live") if isinstance(logs, dict) else None)
    return name if isinstance(name, str) and name else DEFAULT_LOG


def call_status_method(client: Client, method: str, args: list[str], payload: Any = None) -> dict[str, Any]:
    """
    Call a method of the queue that responds with the status of a task, and return that.
    """
    body = None if payload is None else encode(payload)
    # What does not exist yet is not a group either.
    with nullcontext() if method == "createTask" else _suggest_task(args[0]):
        return _read_status(args[0], client.call_json(references.method("queue", method), args, payload=body))


def call_group_method(client: Client, method: str, group_id: str, payload: Any = None) -> dict[str, Any]:
    """
    Call a method of the queue for a group, and return the object of the response.
    """
    body = None if payload is None else encode(payload)
    with _suggest_group(group_id):
        document = client.call_json(references.method("queue", method), [group_id], payload=body)
    what = f"group {group_id}"
    response_id = read_id(what, document, "taskGroupId")
    if response_id != group_id:
        raise BrokenAnswerError(f"{what}: the response is of another group, {response_id}")
    found: dict[str, Any] = document
    return found


def fetch_scheduler_id(client: Client, group_id: str, advice: str) -> str:
    """
    Return the scheduler of a group: a task that is created in it must have the same one.

    Args:
        advice: What creates a task in a new group: a group does not exist before its first task.
    """
    try:
        group = call_group_method(client, "getTaskGroup", group_id)
    except NotFoundError as error:
        error.hint = f"{advice}; {error.hint}"
        raise
    return read_field(f"group {group_id}", group, "schedulerId", str)


def list_group(client: Client, group_id: str) -> Iterator[dict[str, Any]]:
    """
    Yield ``{"status": …, "task": …}`` for each task of a group once, page by page, in the queue's order.
    """
    call = client.prepare(references.method("queue", "listTaskGroup"), [group_id])
    what = f"group {group_id}"
    seen: set[str] = set()
    repeated_pages = 0
    for page in _list_pages(client, call, group_id):
        number_before = len(seen)
        for entry in read_field(what, page, "tasks", list):
            status, task = (read_field(what, entry, name, dict) for name in ("status", "task"))
            task_id = read_id(what, status, "status.taskId")
            read_field(what, status, "status.state", str)
            read_name(task_id, task)
            if status.get("taskGroupId", group_id) != group_id:
                raise BrokenAnswerError(f"{what}: the response has task {task_id}, which is of another group")
            # A task that was created while the pages were read may be on two of them.
            if task_id not in seen:
                seen.add(task_id)
                yield {"status": status, "task": task}
        repeated_pages = 0 if len(seen) > number_before else repeated_pages + 1
        if repeated_pages == MAX_REPEATED_PAGES:
            raise BrokenAnswerError(f"{what}: the listing does not end: {MAX_REPEATED_PAGES} pages have no new task")


def _list_pages(client: Client, call: PreparedCall, group_id: str) -> Iterator[Any]:
    with _suggest_group(group_id):
        yield from client.paginate(call)


def read_id(what: str, document: Any, name: str) -> str:
    """
    Return a field of a response with the id of a task or of a group: it is requested and printed, also in commands.

    Raises:
        BrokenAnswerError: It is not an id, or as `read_field`.
    """
    value = read_field(what, document, name, str)
    check_id(what, name, value)
    return value


def check_id(what: str, name: str, value: str) -> None:
    """
    Check a value of a response that is used as the id of a task or of a group.

    Raises:
        BrokenAnswerError: It is not an id.
    """
    if not matches_pattern(references.method("queue", "task"), "taskId", value):
        raise BrokenAnswerError(f"{what}: the response is malformed: {name} is {show_value(value)}; expected a slugid")


@contextmanager
def _suggest_task(task_id: str) -> Iterator[None]:
    try:
        yield
    except NotFoundError as error:
        error.hint = error.hint or suggest_group_list(task_id)
        raise


def suggest_group_list(task_id: str) -> str:
    """
    Return what helps if a task does not exist.
    """
    return f"if {task_id} is a group, tc group list {task_id} prints its tasks"


@contextmanager
def _suggest_group(group_id: str) -> Iterator[None]:
    # Most tasks have another id than their group.
    try:
        yield
    except NotFoundError as error:
        error.hint = error.hint or f"if {group_id} is a task, tc task group {group_id} prints its group"
        raise


def find_run(status: Mapping[str, Any], run_id: int | None) -> dict[str, Any]:
    """
    Return a run; without *run_id* the latest, and before there is one, the state of the task.

    Raises:
        NotFoundError: The task has no such run.
    """
    runs: list[dict[str, Any]] = read_field("the status of a task", status, "runs", list)
    for run in runs:
        read_field("the status of a task", run, "runs.state", str)
        if run.get("reasonResolved") is not None:
            read_field("the status of a task", run, "runs.reasonResolved", str)
    if run_id is None:
        return runs[-1] if runs else {"state": status["state"]}
    if run_id >= len(runs):
        have = f"the latest is run {len(runs) - 1}" if runs else "it has no runs yet"
        raise NotFoundError(f"task {status['taskId']} has no run {run_id}", status=404, hint=have)
    return runs[run_id]


def find_latest_run_id(runs: Sequence[Any]) -> int | None:
    """
    Return the number of the latest run, or None before there is one.
    """
    return len(runs) - 1 if runs else None


def explain_age(what: str, run: Mapping[str, Any], now: datetime, max_age: float | None) -> str:
    """
    Return that a run was resolved longer ago than *max_age* seconds; empty if it was not.

    Args:
        what: The task, for an error.
    """
    resolved = run.get("resolved")
    if max_age is None or resolved is None:
        return ""
    age = (now - read_timestamp(what, resolved)).total_seconds()
    return f"was resolved {format_span(age)} ago; --max-age is {format_span(max_age)}" if age > max_age else ""


def format_run(run: Mapping[str, Any]) -> str:
    """
    Return the state of a run as the Go client prints it: ``completed 'completed'``, ``pending``.
    """
    reason = run.get("reasonResolved")
    return f"{run.get('state')} '{reason}'" if reason else str(run.get("state"))


def _read_status(task_id: str, document: Any) -> dict[str, Any]:
    what = f"task {task_id}"
    status: dict[str, Any] = read_field(what, document, "status", dict)
    found = read_id(what, status, "status.taskId")
    if found != task_id:
        raise BrokenAnswerError(f"{what}: the response has the status of another task, {found}")
    read_field(what, status, "status.state", str)
    read_field(what, status, "status.runs", list)
    return status
