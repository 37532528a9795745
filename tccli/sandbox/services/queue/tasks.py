"""
queue: creation and lookup of tasks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tccli.core.scopes.required import PRIORITIES
from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, MINUTE, InvalidTimeError, from_json, one_year_after, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.clients import reject_double_stars
from tccli.sandbox.services.queue import dependencies, events, groups, run_states, task_table
from tccli.sandbox.services.queue.task_table import Task

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("queue")

SLUGID = "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$"
NAME = "^[a-zA-Z0-9-_]{1,38}$"
service.match_arguments(
    taskId=SLUGID,
    taskGroupId=SLUGID,
    taskQueueId="^[a-zA-Z0-9-_]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$",
    provisionerId=NAME,
    workerType=NAME,
    workerGroup=NAME,
    workerId=NAME,
    runId="^[1-9]*[0-9]+$",
    name=r"^[\x20-\x7e]+$",
)
service.allow_slashes("name")

MAX_CLOCK_SKEW = 15 * MINUTE
MAX_DEADLINE_DAYS = 5


@service.method("createTask")
def create_task(call: Call) -> Response:
    # Creating a task twice with the same definition succeeds.
    task_id, definition = call.args["taskId"], call.payload
    _name_queue(definition)
    call.authorize(
        **{name: definition[name] for name in ("routes", "scopes", "schedulerId", "projectId")},
        **{name: definition[name] for name in ("provisionerId", "workerType")},
        priorities=list(PRIORITIES[: PRIORITIES.index(definition["priority"]) + 1]),
    )
    _set_times(call, task_id, definition)
    reject_double_stars(definition["scopes"])
    problem = None
    with call.state.store.transaction():
        groups.join(call, definition)
        task = Task.new(task_id, definition)
        if not definition["dependencies"]:
            run_states.schedule(task, "scheduled", call.now)
        is_new = task_table.insert(call.state.store, task)
        if not is_new:
            existing = task_table.get(call.state.store, task_id)
            if existing is None or existing.definition != task.definition:
                message = (
                    "taskId `{{taskId}}` already used by another task.\nThis could be the result of faulty idempotency!"
                )
                raise ApiError("RequestConflict", message, taskId=task_id)
            task = existing
        if definition["dependencies"]:
            problem = _begin_dependencies(call, task)
    if problem is not None:
        raise problem
    events.created(call.state, task, is_new=is_new)
    return Response({"status": task.status()})


def _begin_dependencies(call: Call, task: Task) -> ApiError | None:
    # The error is returned so that the transaction commits the task group, as the service does.
    try:
        dependencies.begin(call.state, task)
    except ApiError as error:
        return error
    return None


def _name_queue(definition: dict[str, Any]) -> None:
    # A definition has the task queue's id both as a whole and in two parts.
    parts = definition.get("provisionerId"), definition.get("workerType")
    joined = definition.get("taskQueueId")
    if all(parts):
        if joined and joined != "/".join(map(str, parts)):
            raise ApiError("InputError", 'taskQueueId must match "provisionerId/workerType"')
        definition["taskQueueId"] = "/".join(map(str, parts))
    elif joined:
        definition["provisionerId"], _, definition["workerType"] = joined.partition("/")
    else:
        message = 'at least a provisionerId and a workerType or a taskQueueId must be provided"'
        raise ApiError("InputError", message)


def _set_times(call: Call, task_id: str, definition: dict[str, Any]) -> None:
    # Checks the times, and writes them in one format.
    now = call.now
    created, deadline = _parse_time(definition["created"]), _parse_time(definition["deadline"])
    expires = _parse_time(definition["expires"]) if "expires" in definition else _one_year_after(deadline)
    definition.setdefault("taskGroupId", task_id)
    days = MAX_DEADLINE_DAYS
    checks = (
        (created < now - MAX_CLOCK_SKEW, "`created` cannot be in the past (max 15min drift)"),
        (created > now + MAX_CLOCK_SKEW, "`created` cannot be in the future (max 15min drift)"),
        (created > deadline, "`deadline` cannot be later than `created`"),
        (deadline < now, "`deadline` cannot be in the past"),
        (deadline > now + days * DAY + MAX_CLOCK_SKEW, f"`deadline` cannot be more than {days} days into the future"),
        (deadline > expires, "`expires` cannot be before `deadline`"),
    )
    for is_wrong, message in checks:
        if is_wrong:
            raise ApiError("InputError", message)
    for name, instant in (("created", created), ("deadline", deadline), ("expires", expires)):
        definition[name] = to_json(0 if math.isnan(instant) else int(instant))


def _parse_time(text: str) -> float:
    # What is not a time passes all checks of the service, and is stored as the start of 1970.
    try:
        return from_json(text)
    except InvalidTimeError:
        return math.nan


def _one_year_after(instant: float) -> float:
    return instant if math.isnan(instant) else one_year_after(int(instant))


@service.method("task")
def show_task(call: Call) -> Response:
    return Response(_load(call, "Are you sure this task has already been submitted?").definition)


@service.method("status")
def show_status(call: Call) -> Response:
    return Response({"status": _load(call, "Are you sure this task exists?").status()})


@service.method("tasks")
def show_tasks(call: Call) -> Response:
    tasks, token = _list_tasks(call)
    return Response({"tasks": [{"taskId": task.task_id, "task": task.definition} for task in tasks], **token})


@service.method("statuses")
def show_statuses(call: Call) -> Response:
    tasks, token = _list_tasks(call)
    return Response({"statuses": [{"taskId": task.task_id, "status": task.status()} for task in tasks], **token})


def _load(call: Call, question: str) -> Task:
    task = task_table.get(call.state.store, call.args["taskId"])
    if task is None:
        message = "`{{taskId}}` does not correspond to a task that exists.\n" + question
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"])
    return task


def _list_tasks(call: Call) -> tuple[list[Task], dict[str, str]]:
    task_ids = call.payload["taskIds"]
    call.authorize(taskIds=task_ids)
    found = page(
        call.query,
        "tasks",
        lambda task: str(task.task_id),
        lambda after, number: task_table.list_page(call.state.store, task_ids, after, number),
    )
    return list(found.rows), found.document()
