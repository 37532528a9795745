"""
worker-manager: workers that the queue has seen, joined with those of the pool.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import worker_table as task_workers
from tccli.sandbox.services.worker_manager import worker_table
from tccli.sandbox.services.worker_manager.providers import LAUNCH_CONFIG
from tccli.sandbox.services.worker_manager.workers import STATE

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.services.worker_manager.worker_table import Worker

service = Service("worker-manager")

service.check_query("listWorkers", launchConfigId=LAUNCH_CONFIG, quarantined="^(true|false)$", workerState=STATE)


@service.method("listWorkers")
def list_workers(call: Call) -> Response:
    # The filters apply to a page, so that it may be empty.
    queue, only_quarantined = _queue(call), call.query.get("quarantined") == "true"
    found = page(
        call.query,
        "seen" + queue,
        lambda row: f"{row['worker_group']}/{row['worker_id']}",
        lambda after, number: task_workers.list_page(call.state, queue, _split(after), number),
        allows_empty=True,
    )
    rows = [row for row in found.rows if not only_quarantined or row["quarantine_until"] >= call.now]
    filters = {"state": call.query.get("workerState"), "launchConfigId": call.query.get("launchConfigId")}
    workers: list[dict[str, Any]] = []
    for row in rows:
        # As in the service, workers are joined by their id alone, so one of another pool counts, too.
        joined: list[Worker | None] = [*worker_table.list_with_id(call.state.store, row["worker_id"])]
        for worker in joined or [None]:
            entry = _entry(row, worker)
            if entry in workers:
                raise InternalError("Output schema validation error: data.workers should NOT have duplicate items")
            if all(value in {None, entry.get(name)} for name, value in filters.items()):
                workers.append(entry)
    return Response(found.document(workers=workers))


@service.method("getWorker")
def get_worker(call: Call) -> Response:
    queue, now = _queue(call), call.now
    group, worker_id = call.args["workerGroup"], call.args["workerId"]
    row = task_workers.get(call.state, queue, group, worker_id)
    if row is None or (row["expires"] <= now and row["quarantine_until"] <= now):
        message = (
            "Worker with workerId `{{workerId}}`, workerGroup `{{workerGroup}}`,worker-type `{{workerType}}` "
            "and provisioner `{{provisionerId}}` not found. Are you sure it was created?"
        )
        raise ApiError("ResourceNotFound", message, **call.args)
    return Response(
        {
            **_common(row, worker_table.get(call.state.store, queue, group, worker_id)),
            "provisionerId": call.args["provisionerId"],
            "workerType": call.args["workerType"],
            "expires": to_json(row["expires"]),
            "recentTasks": json.loads(row["recent_tasks"]),
            "quarantineDetails": json.loads(row["quarantine_details"]),
        }
    )


def _entry(row: sqlite3.Row, worker: Worker | None) -> dict[str, Any]:
    tasks = json.loads(row["recent_tasks"])
    return {**_common(row, worker), **({"latestTask": tasks[-1]} if tasks else {})}


def _common(row: sqlite3.Row, worker: Worker | None) -> dict[str, Any]:
    known: dict[str, Any] = {"providerId": "none", "state": "standalone", "capacity": 0}
    if worker is not None:
        document = worker.document()
        known = {name: document[name] for name in (*known, "launchConfigId") if name in document}
    return {
        "workerPoolId": row["task_queue_id"],
        "workerGroup": row["worker_group"],
        "workerId": row["worker_id"],
        **known,
        "firstClaim": to_json(row["first_claim"]),
        "lastDateActive": to_json(row["last_date_active"]),
        "quarantineUntil": to_json(row["quarantine_until"]),
    }


def _queue(call: Call) -> str:
    provisioner_id = call.args["provisionerId"]
    if "/" in provisioner_id:
        # The arguments have no pattern here, so the service fails.
        raise InternalError("AssertionError: provisionerId cannot contain `/`")
    return f"{provisioner_id}/{call.args['workerType']}"


def _split(after: str) -> tuple[str, str]:
    group, _, worker_id = after.partition("/")
    return group, worker_id
