"""
Handlers of the purge-cache service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, HOUR, MINUTE, from_json, to_json
from tccli.sandbox.http.pages import page
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


DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d))?)?"
    r"([T ](?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
PARTS = {"day": 1, "hour": 0, "minute": 0, "second": 0}
MAX_DAY, MAX_MINUTE = 31, 59


def _since_problem(text: str) -> str | None:
    # As in the service, the first instant of 1970 counts as invalid.
    return None if _instant(text) else "Invalid Date"


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
    since = _instant(call.query.get("since", "")) or 0
    sql = "SELECT * FROM cache_purges WHERE worker_pool_id = ? AND before >= ? AND expires > ? ORDER BY cache_name"
    rows = call.state.store.all(sql, call.args["workerPoolId"], since, call.now)
    return Response({"requests": [_document(row) for row in rows]})


def _instant(text: str) -> int | None:
    # As JavaScript's Date.parse reads ISO 8601: 30 February is 2 March, and 24:00 is the beginning of the next day.
    found = DATE.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second = (int(found[name] or default) for name, default in PARTS.items())
    time = hour * HOUR + minute * MINUTE + second * 1000 + int(f"{found['fraction'] or 0:0<3}"[:3])
    if not 1 <= day <= MAX_DAY or minute > MAX_MINUTE or second > MAX_MINUTE or time > DAY:
        return None
    try:
        # Checks the month, and the offset from UTC.
        month = from_json(f"{found['year']}-{found['month'] or '01'}-01T00:00:00{found['zone'] or 'Z'}")
    except ValueError:
        return None
    return month + (day - 1) * DAY + time


def _document(row: sqlite3.Row) -> dict[str, Any]:
    provisioner, _, worker_type = row["worker_pool_id"].partition("/")
    return {
        "provisionerId": provisioner,
        "workerType": worker_type,
        "cacheName": row["cache_name"],
        "before": to_json(row["before"]),
    }
