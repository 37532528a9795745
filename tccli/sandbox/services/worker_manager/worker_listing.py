"""
worker-manager: workers that the queue has seen, joined with those of the pool.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import worker_table as task_workers
from tccli.sandbox.services.worker_manager import worker_table
from tccli.sandbox.services.worker_manager.providers import LAUNCH_CONFIG
from tccli.sandbox.services.worker_manager.workers import STATE

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("worker-manager")

service.check_query("listWorkers", launchConfigId=LAUNCH_CONFIG, quarantined="^(true|false)$", workerState=STATE)


@service.method("listWorkers")
def list_workers(call: Call) -> Response:
    # Expired workers are left out of a page, so that it may be empty.
    queue = _queue(call)
    found = page(
        call.query,
        "seen" + queue,
        lambda row: f"{row['worker_group']}/{row['worker_id']}",
        lambda after, number: task_workers.list_page(call.state, queue, _split(after), number),
        allows_empty=True,
    )
    entries = [_entry(call, row) for row in found.rows if _counts(call, row)]
    filters = {"state": call.query.get("workerState"), "launchConfigId": call.query.get("launchConfigId")}
    workers = [entry for entry in entries if all(value in {None, entry.get(name)} for name, value in filters.items())]
    return Response(found.document(workers=workers))


@service.method("getWorker")
def get_worker(call: Call) -> Response:
    queue, now = _queue(call), call.now
    row = task_workers.get(call.state, queue, call.args["workerGroup"], call.args["workerId"])
    is_over = row is not None and row["expires"] < now and row["quarantine_until"] < now
    if row is None or is_over or task_workers.get_queue(call.state, queue) is None:
        message = (
            "Worker with workerId `{{workerId}}`, workerGroup `{{workerGroup}}`,worker-type `{{workerType}}` "
            "and provisioner `{{provisionerId}}` not found. Are you sure it was created?"
        )
        raise ApiError("ResourceNotFound", message, **call.args)
    return Response(
        {
            **_common(call, row),
            "provisionerId": call.args["provisionerId"],
            "workerType": call.args["workerType"],
            "expires": to_json(row["expires"]),
            "recentTasks": json.loads(row["recent_tasks"]),
            "quarantineDetails": json.loads(row["quarantine_details"]),
        }
    )


def _entry(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    tasks = json.loads(row["recent_tasks"])
    return {**_common(call, row), **({"latestTask": tasks[-1]} if tasks else {})}


def _common(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    group, worker_id = row["worker_group"], row["worker_id"]
    worker = worker_table.get(call.state.store, row["task_queue_id"], group, worker_id)
    known: dict[str, Any] = {"providerId": "none", "state": "standalone", "capacity": 0}
    if worker is not None:
        document = worker.document()
        known = {name: document[name] for name in (*known, "launchConfigId") if name in document}
    return {
        "workerPoolId": row["task_queue_id"],
        "workerGroup": group,
        "workerId": worker_id,
        **known,
        "firstClaim": to_json(row["first_claim"]),
        "lastDateActive": to_json(row["last_date_active"]),
        "quarantineUntil": to_json(row["quarantine_until"]),
    }


def _counts(call: Call, row: sqlite3.Row) -> bool:
    # A quarantined worker is listed even after its expiry.
    is_in = row["quarantine_until"] >= call.now
    return (row["expires"] >= call.now or is_in) and call.query.get("quarantined") in {None, str(is_in).lower()}


def _queue(call: Call) -> str:
    return f"{call.args['provisionerId']}/{call.args['workerType']}"


def _split(after: str) -> tuple[str, str]:
    group, _, worker_id = after.partition("/")
    return group, worker_id
