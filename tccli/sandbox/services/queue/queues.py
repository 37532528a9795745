"""
queue: task queues, their provisioners and worker types, and the numbers of their tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response, require_scopes
from tccli.sandbox.clock import to_json
from tccli.sandbox.collation import sort_key
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import MAX_LIMIT, page, read_limit
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import pending_runs, task_table, worker_table

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("queue")


@service.method("listTaskQueues")
def list_task_queues(call: Call) -> Response:
    found = page(
        call.query,
        "task-queues",
        lambda row: str(row["task_queue_id"]),
        lambda after, number: worker_table.list_queues(call.state, after, number),
        allows_empty=True,
    )
    return Response(found.document(taskQueues=[_document(row) for row in found.rows]))


@service.method("getTaskQueue")
def get_task_queue(call: Call) -> Response:
    row = worker_table.get_queue(call.state, call.args["taskQueueId"])
    if row is None:
        message = "Task queue with `{{taskQueueId}}` not found. Are you sure it was created?"
        raise ApiError("ResourceNotFound", message, **call.args)
    return Response(_document(row))


@service.method("listWorkerTypes")
def list_worker_types(call: Call) -> Response:
    first = call.args["provisionerId"] + "/"
    rows = [row for row in worker_table.list_queues(call.state) if row["task_queue_id"].startswith(first)]
    found = page(
        call.query,
        "worker-types" + first,
        lambda row: str(row["task_queue_id"]),
        lambda after, number: [row for row in rows if sort_key(row["task_queue_id"]) > sort_key(after)][:number],
        allows_empty=True,
    )
    return Response(
        found.document(workerTypes=[{**_document(row), **_parts(row["task_queue_id"])} for row in found.rows])
    )


@service.method("getWorkerType")
def get_worker_type(call: Call) -> Response:
    queue = f"{call.args['provisionerId']}/{call.args['workerType']}"
    row = worker_table.get_queue(call.state, queue)
    if row is None:
        message = "Worker-type `{{workerType}}` with Provisioner `{{provisionerId}}` not found."
        raise ApiError("ResourceNotFound", message + " Are you sure it was created?", **call.args)
    return Response({**_document(row), **_parts(queue)})


@service.method("listProvisioners")
def list_provisioners(call: Call) -> Response:
    # As in the service, there is no token for the next page, and a limit of 0 is none.
    size = read_limit(call.query.get("limit"), MAX_LIMIT) or None
    return Response({"provisioners": list(_provisioners(call).values())[:size]})


@service.method("getProvisioner")
def get_provisioner(call: Call) -> Response:
    found = _provisioners(call).get(call.args["provisionerId"])
    if found is None:
        message = "Provisioner `{{provisionerId}}` not found. Are you sure it was created?"
        raise ApiError("ResourceNotFound", message, **call.args)
    return Response(found)


@service.method("pendingTasks")
def count_pending_tasks(call: Call) -> Response:
    return Response(
        {name: value for name, value in _counts(call, call.args["taskQueueId"]).items() if name != "claimedTasks"}
    )


@service.method("taskQueueCounts")
def count_tasks(call: Call) -> Response:
    return Response(_counts(call, call.args["taskQueueId"]))


@service.method("taskQueueCountsBatch")
def count_tasks_of_several(call: Call) -> Response:
    # The published references lack the schemas of this method, so the payload is checked here.
    names = call.payload.get("taskQueueIds") if isinstance(call.payload, dict) else None
    if (
        not isinstance(names, list)
        or not 1 <= len(names) <= MAX_LIMIT
        or not all(isinstance(name, str) for name in names)
    ):
        message = "\nSchema Validation Failed!\nErrors:\n  * taskQueueIds: expected 1 to 1000 task queue ids"
        raise ApiError("InputValidationError", message)
    kinds = ("pending", "claimed")
    require_scopes(call.identity, {"AllOf": [f"queue:{kind}-count:{name}" for name in names for kind in kinds]})
    return Response({"taskQueueCounts": [_counts(call, name) for name in dict.fromkeys(names)]})


@service.method("listPendingTasks")
def list_pending_tasks(call: Call) -> Response:
    queue, store, now = call.args["taskQueueId"], call.state.store, call.now
    found = page(
        call.query,
        "pending" + queue,
        lambda row: str(row["sequence"]),
        lambda after, number: pending_runs.list_pending(store, queue, now, int(after or 0), number),
        by_index=True,
    )
    return Response(found.document(tasks=[_run(call, row, "scheduled") for row in found.rows]))


@service.method("listClaimedTasks")
def list_claimed_tasks(call: Call) -> Response:
    queue, store = call.args["taskQueueId"], call.state.store
    found = page(
        call.query,
        "claimed" + queue,
        lambda row: str(row["sequence"]),
        lambda after, number: pending_runs.list_claimed(store, queue, int(after or 0), number),
        by_index=True,
    )
    return Response(found.document(tasks=[_run(call, row, "started") for row in found.rows]))


def _run(call: Call, row: sqlite3.Row, time: str) -> dict[str, Any]:
    task = task_table.get(call.state.store, row["task_id"])
    assert task is not None
    run = task.runs[row["run_id"]]
    entry = {"taskId": task.task_id, "runId": row["run_id"], "task": task.definition}
    if time == "scheduled":
        return {**entry, "inserted": run["scheduled"]}
    return {**entry, "claimed": run["started"], **{name: run[name] for name in ("workerGroup", "workerId")}}


def _counts(call: Call, queue: str) -> dict[str, Any]:
    store = call.state.store
    return {
        **_parts(queue),
        "taskQueueId": queue,
        "pendingTasks": pending_runs.count_pending(store, queue, call.now),
        "claimedTasks": pending_runs.count_claimed(store, queue),
    }


def _provisioners(call: Call) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in worker_table.list_queues(call.state):
        document = _document(row)
        provisioner_id = _parts(document.pop("taskQueueId"))["provisionerId"]
        known = found.setdefault(provisioner_id, {"provisionerId": provisioner_id, **document})
        for name in ("expires", "lastDateActive"):
            known[name] = max(known[name], document[name])
    return found


def _parts(queue: str) -> dict[str, str]:
    provisioner_id, _, worker_type = queue.partition("/")
    return {"provisionerId": provisioner_id, "workerType": worker_type}


def _document(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "taskQueueId": row["task_queue_id"],
        "expires": to_json(row["expires"]),
        "lastDateActive": to_json(row["last_date_active"]),
        "description": "",
        "stability": "experimental",
    }
