"""
queue: the tables of task queues and workers that have claimed work or were declared.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import DAY, MINUTE
from tccli.sandbox.registry import Service
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.state import State

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS task_queues (
    task_queue_id TEXT COLLATE en_US PRIMARY KEY, expires INTEGER NOT NULL, last_date_active INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_workers (
    task_queue_id TEXT COLLATE en_US NOT NULL, worker_group TEXT COLLATE en_US NOT NULL,
    worker_id TEXT COLLATE en_US NOT NULL, expires INTEGER NOT NULL,
    last_date_active INTEGER NOT NULL, first_claim INTEGER NOT NULL, quarantine_until INTEGER NOT NULL,
    quarantine_details TEXT NOT NULL, recent_tasks TEXT NOT NULL,
    PRIMARY KEY (task_queue_id, worker_group, worker_id)
) WITHOUT ROWID;
""")

QUEUE_LIFETIME, WORKER_LIFETIME = 5 * DAY, DAY
MAX_RECENT_TASKS = 20
UPDATE_INTERVAL = 30 * MINUTE
"""Claims within this time of the last one recorded change neither its time nor the expiry."""
NEVER_QUARANTINED = 3652 * DAY
"""Milliseconds from the end of the quarantine of a worker that never was in quarantine to its first use."""
_KEY = "task_queue_id = ? AND worker_group = ? AND worker_id = ?"


def record_seen(state: State, queue: str, group: str = "", worker_id: str = "", expires: int | None = None) -> None:
    """
    Record the use of a queue, and by a worker if given. An expiry never becomes sooner.

    Args:
        expires: Of a declaration, in milliseconds; None for a claim, which extends the expiry from now: by a day, or
            by five days for a queue that no worker is given for.
    """
    store, now = state.store, state.clock.now()
    recorded_before = now if expires is not None else now - UPDATE_INTERVAL
    if expires is None:
        expires = now + (WORKER_LIFETIME if worker_id else QUEUE_LIFETIME)
    changes = "SET expires = max(expires, ?), last_date_active = ?"
    row = {"task_queue_id": queue, "expires": expires, "last_date_active": now}
    if not store.insert("task_queues", row):
        sql = f"UPDATE task_queues {changes} WHERE task_queue_id = ? AND last_date_active <= ?"
        store.run(sql, expires, now, queue, recorded_before)
    if not worker_id:
        return
    row = {
        "task_queue_id": queue,
        "worker_group": group,
        "worker_id": worker_id,
        "expires": expires,
        "last_date_active": now,
        "first_claim": now,
        "quarantine_until": now - NEVER_QUARANTINED,
        "quarantine_details": [],
        "recent_tasks": [],
    }
    if not store.insert("queue_workers", row):
        sql = f"UPDATE queue_workers {changes} WHERE {_KEY} AND last_date_active <= ?"
        store.run(sql, expires, now, queue, group, worker_id, recorded_before)


def record_claim(state: State, queue: str, group: str, worker_id: str, statuses: list[dict[str, Any]]) -> None:
    """
    Record the runs that a worker claimed.
    """
    row = get(state, queue, group, worker_id)
    if not statuses or row is None:
        return
    new = [{"taskId": status["taskId"], "runId": len(status["runs"]) - 1} for status in statuses]
    tasks = [*json.loads(row["recent_tasks"]), *new][-MAX_RECENT_TASKS:]
    sql = f"UPDATE queue_workers SET recent_tasks = ? WHERE {_KEY}"  # noqa: S608 - a constant
    state.store.run(sql, json.dumps(tasks), queue, group, worker_id)


def quarantine(state: State, row: sqlite3.Row, until: int, details: dict[str, Any]) -> None:
    """
    Store the end of a worker's quarantine. The worker does not expire within a day.
    """
    changes = "SET quarantine_until = ?, quarantine_details = ?, expires = max(expires, ?)"
    all_details = to_jsonb([*json.loads(row["quarantine_details"]), details])
    expires = state.clock.now() + WORKER_LIFETIME
    key = (row["task_queue_id"], row["worker_group"], row["worker_id"])
    state.store.run(f"UPDATE queue_workers {changes} WHERE {_KEY}", until, all_details, expires, *key)


def is_quarantined(state: State, queue: str, group: str, worker_id: str) -> bool:
    row = get(state, queue, group, worker_id)
    return row is not None and row["quarantine_until"] > state.clock.now()


def get(state: State, queue: str, group: str, worker_id: str) -> sqlite3.Row | None:
    """
    Return a worker, also an expired one.
    """
    sql = f"SELECT * FROM queue_workers WHERE {_KEY}"  # noqa: S608 - a constant
    return state.store.one(sql, queue, group, worker_id)


def list_page(state: State, queue: str, after: tuple[str, str], number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* workers of a queue after *after*, sorted by group and id.
    """
    sql = (
        "SELECT * FROM queue_workers WHERE task_queue_id = ? AND (worker_group, worker_id) > (?, ?) "
        "ORDER BY worker_group, worker_id LIMIT ?"
    )
    return state.store.all(sql, queue, *after, number)


def get_queue(state: State, queue: str) -> sqlite3.Row | None:
    """
    Return a task queue that is not expired.
    """
    sql = "SELECT * FROM task_queues WHERE task_queue_id = ? AND expires > ?"
    return state.store.one(sql, queue, state.clock.now())


def list_queues(state: State, after: str = "", number: int = -1) -> list[sqlite3.Row]:
    """
    Return the task queues that are not expired, sorted by id.
    """
    sql = "SELECT * FROM task_queues WHERE expires > ? AND task_queue_id > ? ORDER BY task_queue_id LIMIT ?"
    return state.store.all(sql, state.clock.now(), after, number)
