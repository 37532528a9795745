"""
queue: the tables of task queues and workers that have claimed work or were declared.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import DAY, HOUR
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.state import State

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS task_queues (
    task_queue_id TEXT PRIMARY KEY, expires INTEGER NOT NULL, last_date_active INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_workers (
    task_queue_id TEXT NOT NULL, worker_group TEXT NOT NULL, worker_id TEXT NOT NULL, expires INTEGER NOT NULL,
    last_date_active INTEGER NOT NULL, first_claim INTEGER NOT NULL, quarantine_until INTEGER NOT NULL,
    quarantine_details TEXT NOT NULL, recent_tasks TEXT NOT NULL,
    PRIMARY KEY (task_queue_id, worker_group, worker_id)
) WITHOUT ROWID;
""")

QUEUE_LIFETIME, WORKER_LIFETIME = 5 * DAY, DAY
MAX_RECENT_TASKS = 20
LAST_ACTIVE_RESOLUTION = 6 * HOUR
_KEY = "task_queue_id = ? AND worker_group = ? AND worker_id = ?"


def record_seen(state: State, queue: str, group: str = "", worker_id: str = "", expires: int | None = None) -> None:
    """
    Record the use of a queue, and by a worker if given.

    Args:
        expires: Expiry of both in milliseconds; None extends it from now.
    """
    store, now = state.store, state.clock.now()
    row = {"task_queue_id": queue, "expires": expires or now + QUEUE_LIFETIME, "last_date_active": now}
    if not store.insert("task_queues", row):
        until = "max(expires, ?)" if expires is None else "?"
        sql = f"UPDATE task_queues SET expires = {until}, last_date_active = ? WHERE task_queue_id = ?"  # noqa: S608
        store.run(sql, row["expires"], now, queue)
    if not worker_id:
        return
    row = {
        "task_queue_id": queue,
        "worker_group": group,
        "worker_id": worker_id,
        "expires": expires or now + WORKER_LIFETIME,
        "last_date_active": now,
        "first_claim": now,
        "quarantine_until": now,
        "quarantine_details": [],
        "recent_tasks": [],
    }
    if store.insert("queue_workers", row):
        return
    if expires is None:
        # As in the service, the expiry is updated only after half of its time.
        sql = f"UPDATE queue_workers SET expires = ? WHERE {_KEY} AND expires < ?"  # noqa: S608 - a constant
        store.run(sql, row["expires"], queue, group, worker_id, now + WORKER_LIFETIME // 2)
    else:
        store.run(f"UPDATE queue_workers SET expires = ? WHERE {_KEY}", expires, queue, group, worker_id)  # noqa: S608
    sql = f"UPDATE queue_workers SET last_date_active = ? WHERE {_KEY} AND last_date_active < ?"  # noqa: S608
    store.run(sql, now, queue, group, worker_id, now - LAST_ACTIVE_RESOLUTION)


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
    Store the end of a worker's quarantine.
    """
    sql = f"UPDATE queue_workers SET quarantine_until = ?, quarantine_details = ? WHERE {_KEY}"  # noqa: S608
    all_details = json.dumps([*json.loads(row["quarantine_details"]), details])
    state.store.run(sql, until, all_details, row["task_queue_id"], row["worker_group"], row["worker_id"])


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
