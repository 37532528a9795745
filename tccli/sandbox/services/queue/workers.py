"""
queue: workers, their declaration and their quarantine.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_database_input, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import worker_table

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("queue")

service.check_query("listWorkers", quarantined="^(true|false)$")


@service.method("listWorkers")
def list_workers(call: Call) -> Response:
    # Expired workers are left out of a page, so that it may be empty.
    found = page(
        call.query,
        "workers" + _queue(call),
        lambda row: f"{row['worker_group']}/{row['worker_id']}",
        lambda after, number: worker_table.list_page(call.state, _queue(call), _split(after), number),
        allows_empty=True,
    )
    quarantined, now = call.query.get("quarantined"), call.now

    def counts(row: sqlite3.Row) -> bool:
        is_in = row["quarantine_until"] >= now
        return (row["expires"] >= now or is_in) and quarantined in {None, "true" if is_in else "false"}

    return Response(found.document(workers=[_entry(row, now) for row in found.rows if counts(row)]))


@service.method("getWorker")
def get_worker(call: Call) -> Response:
    # A quarantined worker is shown even after its expiry.
    row = _find(call)
    if row is None or _is_over(row, call.now) or worker_table.get_queue(call.state, _queue(call)) is None:
        raise _not_found(call, " Are you sure it was created?")
    return Response(_document(row))


@service.method("quarantineWorker")
def quarantine_worker(call: Call) -> Response:
    # A time in the past ends the quarantine.
    row = _find(call)
    if row is None:
        raise _not_found(call, "")
    until = from_database_input(call.payload["quarantineUntil"])
    details = {
        "clientId": call.client_id,
        "updatedAt": call.now_json,
        "quarantineUntil": to_json(until),
        "quarantineInfo": call.payload.get("quarantineInfo") or "[unspecified]",
    }
    worker_table.quarantine(call.state, row, until, details)
    changed = _find(call)
    assert changed is not None
    return Response(_document(changed))


@service.method("declareWorker")
def declare_worker(call: Call) -> Response:
    call.authorize(**call.args, properties=list(call.payload))
    expires = from_database_input(call.payload["expires"])
    worker_table.record_seen(call.state, _queue(call), *_names(call), expires=expires)
    row = _find(call)
    assert row is not None
    if _is_over(row, call.now):
        # The service stores a worker that has expired, and then does not find it.
        raise InternalError("TypeError: Cannot read properties of undefined (reading 'serialize')")
    return Response(_document(row))


def _is_over(row: sqlite3.Row, now: int) -> bool:
    return bool(row["expires"] < now and row["quarantine_until"] < now)


def _queue(call: Call) -> str:
    return f"{call.args['provisionerId']}/{call.args['workerType']}"


def _names(call: Call) -> tuple[str, str]:
    return call.args["workerGroup"], call.args["workerId"]


def _split(key: str) -> tuple[str, str]:
    group, _, worker_id = key.partition("/")
    return group, worker_id


def _find(call: Call) -> sqlite3.Row | None:
    return worker_table.get(call.state, _queue(call), *_names(call))


def _not_found(call: Call, question: str) -> ApiError:
    message = (
        "Worker with workerId `{{workerId}}`, workerGroup `{{workerGroup}}`,"
        "worker-type `{{workerType}}` and provisionerId `{{provisionerId}}` not found." + question
    )
    return ApiError("ResourceNotFound", message, **call.args)


def _entry(row: sqlite3.Row, now: int) -> dict[str, Any]:
    tasks = json.loads(row["recent_tasks"])
    entry = {
        "workerGroup": row["worker_group"],
        "workerId": row["worker_id"],
        "firstClaim": to_json(row["first_claim"]),
        "lastDateActive": to_json(row["last_date_active"]),
    }
    if tasks:
        entry["latestTask"] = tasks[-1]
    if row["quarantine_until"] > now:
        entry["quarantineUntil"] = to_json(row["quarantine_until"])
    return entry


def _document(row: sqlite3.Row) -> dict[str, Any]:
    provisioner_id, _, worker_type = row["task_queue_id"].partition("/")
    moments = {
        "quarantineUntil": row["quarantine_until"],
        "expires": row["expires"],
        "firstClaim": row["first_claim"],
        "lastDateActive": row["last_date_active"],
    }
    return {
        "taskQueueId": row["task_queue_id"],
        "provisionerId": provisioner_id,
        "workerType": worker_type,
        "workerGroup": row["worker_group"],
        "workerId": row["worker_id"],
        **{name: to_json(moment) for name, moment in moments.items()},
        "recentTasks": json.loads(row["recent_tasks"]),
    }
