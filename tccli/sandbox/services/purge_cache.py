"""
Handlers of the purge-cache service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, to_json
from tccli.sandbox.http.pages import page
from tccli.sandbox.javascript import dates
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("purge-cache")

service.add_tables("""
CREATE TABLE IF NOT EXISTS cache_purges (
    worker_pool_id TEXT COLLATE en_US NOT NULL, cache_name TEXT COLLATE en_US NOT NULL,
    before INTEGER NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (worker_pool_id, cache_name)
) WITHOUT ROWID;
""")


def _since_problem(text: str) -> str | None:
    # As in the service, the first instant of 1970 counts as invalid.
    return None if dates.parse(text) else "Invalid Date"


service.match_arguments(workerPoolId="^[A-Za-z0-9_-]{1,38}/[A-Za-z0-9_-]{1,38}$")
service.allow_slashes("workerPoolId")
service.check_query("purgeRequests", since=_since_problem)


@service.method("purgeCache")
def purge_cache(call: Call) -> Response:
    pool, cache = call.args["workerPoolId"], call.payload["cacheName"]
    call.authorize(workerPoolId=pool, cacheName=cache)
    row = {"worker_pool_id": pool, "cache_name": cache, "before": call.now, "expires": call.now + DAY}
    call.state.store.insert("cache_purges", row, replace=True)
    return Response()


@service.method("allPurgeRequests")
def list_all_requests(call: Call) -> Response:
    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        sql = (
            "SELECT * FROM cache_purges WHERE (worker_pool_id, cache_name) > (?, ?) AND expires > ? "
            "ORDER BY worker_pool_id, cache_name LIMIT ?"
        )
        pool, _, cache = after.partition(" ")
        return call.state.store.all(sql, pool, cache, call.now, number)

    found = page(call.query, "purges", lambda row: f"{row['worker_pool_id']} {row['cache_name']}", fetch)
    return Response(found.document(requests=[_document(row) for row in found.rows]))


@service.method("purgeRequests")
def list_requests(call: Call) -> Response:
    since = dates.parse(call.query.get("since", "")) or 0
    sql = "SELECT * FROM cache_purges WHERE worker_pool_id = ? AND before >= ? AND expires > ? ORDER BY before"
    rows = call.state.store.all(sql, call.args["workerPoolId"], since, call.now)
    return Response({"requests": [_document(row) for row in rows]})


def _document(row: sqlite3.Row) -> dict[str, Any]:
    provisioner, _, worker_type = row["worker_pool_id"].partition("/")
    return {
        "provisionerId": provisioner,
        "workerType": worker_type,
        "cacheName": row["cache_name"],
        "before": to_json(row["before"]),
    }
