"""
worker-manager: errors of worker pools.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import slugid

from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, HOUR, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.notify import outbox
from tccli.sandbox.services.worker_manager import events, pool_table, worker_table
from tccli.sandbox.services.worker_manager.pools import load
from tccli.sandbox.services.worker_manager.providers import LAUNCH_CONFIG
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("worker-manager")

service.add_tables("""
CREATE TABLE IF NOT EXISTS worker_pool_errors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, error_id TEXT NOT NULL, worker_pool_id TEXT NOT NULL,
    reported INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL,
    extra TEXT NOT NULL, launch_config_id TEXT
);
CREATE INDEX IF NOT EXISTS worker_pool_errors_by_pool ON worker_pool_errors (worker_pool_id, number);
""")
TEXTS = ("kind", "title", "description", "extra")
service.check_query("workerPoolErrorStats", workerPoolId="^([a-zA-Z0-9/-]+)?$")
service.check_query("listWorkerPoolErrors", launchConfigId=LAUNCH_CONFIG, errorId="^[a-zA-Z0-9-_]+$")


@service.method("reportWorkerError")
def report_worker_error(call: Call) -> Response:
    payload, pool_id = call.payload, call.args["workerPoolId"]
    names = {"workerGroup": payload["workerGroup"], "workerId": payload["workerId"]}
    call.authorize(workerPoolId=pool_id, **names)
    pool = load(call)
    worker = worker_table.get(call.state.store, pool_id, *names.values())
    row: dict[str, Any] = {
        "error_id": slugid.nice(),
        "worker_pool_id": pool_id,
        "reported": call.now,
        **{name: payload[name] for name in TEXTS[:3]},
        "extra": {**payload["extra"], **names},
        "launch_config_id": None if worker is None else worker.launch_config_id,
    }
    # As JSON, since the service stores any text of these, also NUL and lone surrogates.
    call.state.store.insert("worker_pool_errors", {**row, **{name: dumps(row[name]) for name in TEXTS}})
    if pool.email_on_error:
        subject = f"Taskcluster Worker Manager Error: {payload['title']}"
        content = f"In worker pool {pool_id}:\n\n{payload['description']}\n\n{json.dumps(row['extra'], indent=2)}\n"
        email = {"address": pool.owner, "subject": subject, "content": content}
        outbox.store(call.state, "email", pool.owner, email)
    events.report_error(call.state, pool, row)
    return Response(_document(row))


@service.method("listWorkerPoolErrors")
def list_errors(call: Call) -> Response:
    pool = call.args["workerPoolId"]
    filters = (call.query.get("errorId", ""), call.query.get("launchConfigId", ""))

    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        sql = (
            "SELECT * FROM worker_pool_errors WHERE worker_pool_id = ? AND ? IN ('', error_id) "
            "AND ? IN ('', launch_config_id) AND number < ? ORDER BY number DESC LIMIT ?"
        )
        return call.state.store.all(sql, pool, *filters, int(after or 2**62), number)

    found = page(call.query, "errors" + pool, lambda row: str(row["number"]), fetch)
    errors = [_document({**dict(row), **{name: _parse(row[name]) for name in TEXTS}}) for row in found.rows]
    return Response(found.document(workerPoolErrors=errors))


@service.method("workerPoolErrorStats")
def count_errors(call: Call) -> Response:
    pool = call.query.get("workerPoolId", "")
    call.authorize(workerPoolId=pool or "*")
    if pool and pool_table.get(call.state.store, pool) is None:
        raise ApiError("ResourceNotFound", "Worker pool does not exist")
    rows = call.state.store.all("SELECT * FROM worker_pool_errors WHERE ? IN ('', worker_pool_id)", pool)
    reported = [row["reported"] for row in rows]
    daily = _histogram(reported, call.now // DAY * DAY - 6 * DAY, DAY, 7)
    # As in the service, the counts by title, code, launch configuration and pool are of all errors that are stored.
    totals = {
        "total": sum(daily.values()),
        "daily": daily,
        "hourly": _histogram(reported, call.now // HOUR * HOUR - 23 * HOUR, HOUR, 24),
        "title": Counter(_parse(row["title"]) for row in rows),
        "code": Counter(str(json.loads(row["extra"]).get("code", "other")) for row in rows),
        "launchConfig": Counter(row["launch_config_id"] or "unknown" for row in rows if pool),
        "workerPool": Counter(row["worker_pool_id"] for row in rows),
    }
    return Response({"workerPoolId": pool, "totals": totals})


def _parse(text: str) -> Any:
    # An earlier version of the sandbox stored titles as they are.
    try:
        return loads_leniently(text)
    except ValueError:
        return text


def _histogram(instants: list[int], start: int, width: int, number: int) -> dict[str, int]:
    starts = [start + place * width for place in range(number)]
    return {to_json(since): sum(since <= instant < since + width for instant in instants) for since in starts}


def _document(row: dict[str, Any]) -> dict[str, Any]:
    launch_config = {} if row["launch_config_id"] is None else {"launchConfigId": row["launch_config_id"]}
    return {
        "errorId": row["error_id"],
        "workerPoolId": row["worker_pool_id"],
        "reported": to_json(row["reported"]),
        **{name: row[name] for name in TEXTS},
        **launch_config,
    }
