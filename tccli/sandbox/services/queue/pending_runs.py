"""
queue: which runs wait for a worker, in which order, and which ones a worker has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.clock import from_json
from tccli.sandbox.registry import tables

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.services.queue.task_table import Task
    from tccli.sandbox.store import Store

tables("""
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

PRIORITIES = ("highest", "very-high", "high", "medium", "low", "very-low", "lowest")


def place(store: Store, task: Task) -> None:
    """
    Put the last run of a task where it belongs: among the pending ones, among the claimed ones, or nowhere.
    """
    run_id, queue = len(task.runs) - 1, task.definition["taskQueueId"]
    if task.state == "pending":
        row = {"task_id": task.task_id, "run_id": run_id, "task_queue_id": queue}
        deadline = from_json(task.definition["deadline"])
        store.insert("pending_runs", {**row, "priority": _rank(task), "deadline": deadline})
    else:
        store.run("DELETE FROM pending_runs WHERE task_id = ?", task.task_id)
    if task.state == "running":
        sql = (
            "INSERT INTO claimed_runs (task_id, run_id, task_queue_id, taken_until) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (task_id) DO UPDATE SET run_id = excluded.run_id, taken_until = excluded.taken_until"
        )
        store.run(sql, task.task_id, run_id, queue, from_json(task.runs[run_id]["takenUntil"]))
    else:
        store.run("DELETE FROM claimed_runs WHERE task_id = ?", task.task_id)


def move(store: Store, task: Task) -> None:
    """
    Give a pending run the priority of its task.
    """
    store.run("UPDATE pending_runs SET priority = ? WHERE task_id = ?", _rank(task), task.task_id)


def leave(store: Store, task_id: str) -> None:
    """
    Forget where a task stands.
    """
    for table in ("pending_runs", "claimed_runs"):
        store.run(f"DELETE FROM {table} WHERE task_id = ?", task_id)  # noqa: S608 - names are ours


def most_urgent(store: Store, queue: str, now: int, number: int) -> list[str]:
    """
    Return the tasks that come first in a queue: by priority, then by how long they have been waiting.
    """
    sql = (
        "SELECT task_id FROM pending_runs WHERE task_queue_id = ? AND deadline > ? ORDER BY priority, sequence LIMIT ?"
    )
    return [row["task_id"] for row in store.all(sql, queue, now, number)]


def queues_with_work(store: Store, now: int) -> list[str]:
    """
    Return the queues in which something is pending.
    """
    sql = "SELECT DISTINCT task_queue_id FROM pending_runs WHERE deadline > ? ORDER BY task_queue_id"
    return [row["task_queue_id"] for row in store.all(sql, now)]


def count_pending(store: Store, queue: str, now: int) -> int:
    """
    Return the number of runs that wait for a worker.
    """
    sql = "SELECT count(*) AS number FROM pending_runs WHERE task_queue_id = ? AND deadline > ?"
    row = store.one(sql, queue, now)
    return 0 if row is None else int(row["number"])


def count_claimed(store: Store, queue: str) -> int:
    """
    Return the number of runs that workers have.
    """
    row = store.one("SELECT count(*) AS number FROM claimed_runs WHERE task_queue_id = ?", queue)
    return 0 if row is None else int(row["number"])


def list_pending(store: Store, queue: str, now: int, after: int, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* pending runs, oldest first, that come after the one numbered *after*.
    """
    sql = (
        "SELECT * FROM pending_runs WHERE task_queue_id = ? AND deadline > ? AND sequence > ? ORDER BY sequence LIMIT ?"
    )
    return store.all(sql, queue, now, after, number)


def list_claimed(store: Store, queue: str, after: int, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* claimed runs, oldest first, that come after the one numbered *after*.
    """
    sql = "SELECT * FROM claimed_runs WHERE task_queue_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
    return store.all(sql, queue, after, number)


def abandoned(store: Store, now: int) -> list[sqlite3.Row]:
    """
    Return the runs whose claims have ended, those that ended first at the top.
    """
    return store.all("SELECT * FROM claimed_runs WHERE taken_until <= ? ORDER BY taken_until", now)


def _rank(task: Task) -> int:
    return PRIORITIES.index(task.definition["priority"])
