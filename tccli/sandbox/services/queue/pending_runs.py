"""
queue: the tables of pending runs, in the order of their claims, and of claimed runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.core.scopes.required import PRIORITIES
from tccli.sandbox.clock import from_json
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tccli.sandbox.store import Store

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS pending_runs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT UNIQUE NOT NULL, run_id INTEGER NOT NULL,
    task_queue_id TEXT NOT NULL, priority INTEGER NOT NULL, deadline INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS pending_by_queue ON pending_runs (task_queue_id, priority, sequence);
CREATE TABLE IF NOT EXISTS claimed_runs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT UNIQUE NOT NULL, run_id INTEGER NOT NULL,
    task_queue_id TEXT NOT NULL, taken_until INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS claimed_by_queue ON claimed_runs (task_queue_id, sequence);
CREATE INDEX IF NOT EXISTS claimed_by_end ON claimed_runs (taken_until);
""")


def enqueue(store: Store, task_id: str, run_id: int, definition: Mapping[str, Any]) -> None:
    """
    Add a run to the end of its queue; a run that is in the queue stays where it is.
    """
    row = {
        "task_id": task_id,
        "run_id": run_id,
        "task_queue_id": definition["taskQueueId"],
        "priority": PRIORITIES.index(definition["priority"]),
        "deadline": from_json(definition["deadline"]),
    }
    store.insert("pending_runs", row)


def reprioritize(store: Store, task_id: str, priority: str) -> None:
    """
    Change the priority of a task's pending run, if it has one.
    """
    store.run("UPDATE pending_runs SET priority = ? WHERE task_id = ?", PRIORITIES.index(priority), task_id)


def dequeue(store: Store, task_id: str) -> None:
    """
    Remove a task's pending run from its queue, if it has one.
    """
    store.run("DELETE FROM pending_runs WHERE task_id = ?", task_id)


def record_claim(store: Store, task_id: str, run_id: int, queue: str, taken_until: int) -> None:
    """
    Store the claim of a run, or the new end of its claim.
    """
    sql = (
        "INSERT INTO claimed_runs (task_id, run_id, task_queue_id, taken_until) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (task_id) DO UPDATE SET run_id = excluded.run_id, taken_until = excluded.taken_until"
    )
    store.run(sql, task_id, run_id, queue, taken_until)


def delete_claim(store: Store, task_id: str) -> None:
    """
    Delete the claim of a task's run, if there is one.
    """
    store.run("DELETE FROM claimed_runs WHERE task_id = ?", task_id)


def most_urgent(store: Store, queue: str, now: int, number: int) -> list[str]:
    """
    Return the ids of the first tasks in a queue: by priority, then by waiting time.
    """
    sql = (
        "SELECT task_id FROM pending_runs WHERE task_queue_id = ? AND deadline > ? ORDER BY priority, sequence LIMIT ?"
    )
    return [row["task_id"] for row in store.all(sql, queue, now, number)]


def queues_with_work(store: Store, now: int) -> list[str]:
    """
    Return the ids of queues with pending runs.
    """
    sql = "SELECT DISTINCT task_queue_id FROM pending_runs WHERE deadline > ? ORDER BY task_queue_id"
    return [row["task_queue_id"] for row in store.all(sql, now)]


def count_pending(store: Store, queue: str, now: int) -> int:
    """
    Return the number of pending runs.
    """
    sql = "SELECT count(*) AS number FROM pending_runs WHERE task_queue_id = ? AND deadline > ?"
    row = store.one(sql, queue, now)
    return 0 if row is None else int(row["number"])


def count_claimed(store: Store, queue: str) -> int:
    """
    Return the number of claimed runs.
    """
    row = store.one("SELECT count(*) AS number FROM claimed_runs WHERE task_queue_id = ?", queue)
    return 0 if row is None else int(row["number"])


def list_pending(store: Store, queue: str, now: int, after: int, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* pending runs after the sequence number *after*, oldest first.
    """
    sql = (
        "SELECT * FROM pending_runs WHERE task_queue_id = ? AND deadline > ? AND sequence > ? ORDER BY sequence LIMIT ?"
    )
    return store.all(sql, queue, now, after, number)


def list_claimed(store: Store, queue: str, after: int, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* claimed runs after the sequence number *after*, oldest first.
    """
    sql = "SELECT * FROM claimed_runs WHERE task_queue_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
    return store.all(sql, queue, after, number)


def list_expired_claims(store: Store, now: int) -> list[sqlite3.Row]:
    """
    Return the runs whose claims have expired, in the order of their expiry.
    """
    return store.all("SELECT * FROM claimed_runs WHERE taken_until <= ? ORDER BY taken_until", now)
