"""
index: the tables of indexed tasks, one for each path, and of namespaces.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import DAY
from tccli.sandbox.registry import Service
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tccli.sandbox.state import State

service = Service("index")

service.add_tables("""
CREATE TABLE IF NOT EXISTS indexed_tasks (
    namespace TEXT COLLATE en_US NOT NULL, name TEXT COLLATE en_US NOT NULL,
    rank INTEGER NOT NULL, task_id TEXT NOT NULL, data TEXT NOT NULL,
    expires INTEGER NOT NULL, PRIMARY KEY (namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS index_namespaces (
    parent TEXT COLLATE en_US NOT NULL, name TEXT COLLATE en_US NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (parent, name)
) WITHOUT ROWID;
""")


def split(path: str) -> tuple[str, str]:
    """
    Split a path into namespace, which may be empty, and name.
    """
    namespace, _, name = path.rpartition(".")
    return namespace, name


def join(namespace: str, name: str) -> str:
    return f"{namespace}.{name}" if namespace else name


def get(state: State, path: str) -> sqlite3.Row | None:
    """
    Return the task at a path, also an expired one.
    """
    return state.store.one("SELECT * FROM indexed_tasks WHERE namespace = ? AND name = ?", *split(path))


def list_page(state: State, paths: Sequence[str], after: int, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* tasks at these paths after the path number *after*, in the order of the paths.

    As in the service, a path without a dot is never found, and expired tasks are, until they are deleted.

    Returns:
        Rows with the number of the path, from 1.
    """
    sql = (
        "SELECT indexed_tasks.*, paths.key + 1 AS number FROM json_each(?) AS paths JOIN indexed_tasks "
        "ON namespace = json_extract(value, '$[0]') AND name = json_extract(value, '$[1]') "
        "WHERE paths.key >= ? ORDER BY paths.key LIMIT ?"
    )
    to_jsonb(paths)
    pairs = json.dumps([split(path) if "." in path else [] for path in paths])
    return state.store.all(sql, pairs, after, number)


def list_namespace(state: State, namespace: str, after: str, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* tasks of a namespace after the name *after*, sorted by name.
    """
    sql = "SELECT * FROM indexed_tasks WHERE namespace = ? AND name > ? AND expires > ? ORDER BY name LIMIT ?"
    return state.store.all(sql, namespace, after, state.clock.now(), number)


def list_namespaces(state: State, parent: str, after: str, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* namespaces directly below another after the name *after*, sorted by name.
    """
    sql = "SELECT * FROM index_namespaces WHERE parent = ? AND name > ? AND expires > ? ORDER BY name LIMIT ?"
    return state.store.all(sql, parent, after, state.clock.now(), number)


def insert(state: State, path: str, *, task_id: str, rank: int, data: dict[str, Any], expires: int) -> sqlite3.Row:
    """
    Store a task at a path, unless the task there has a higher rank. Return the task that is there then.

    Args:
        expires: Milliseconds since 1970.
    """
    namespace, name = split(path)
    row = {"namespace": namespace, "name": name, "rank": rank, "task_id": task_id, "data": data, "expires": expires}
    with state.store.transaction():
        existing = get(state, path)
        if existing is None or existing["rank"] <= rank:
            state.store.insert("indexed_tasks", row, replace=True)
            ensure_namespace(state, namespace, expires)
        stored = get(state, path)
    assert stored is not None
    return stored


def delete(state: State, path: str) -> None:
    """
    Delete the task at a path, but not its namespaces.
    """
    state.store.run("DELETE FROM indexed_tasks WHERE namespace = ? AND name = ?", *split(path))


def ensure_namespace(state: State, path: str, expires: int) -> None:
    """
    Store a namespace and those above it; each expires later than what is in it.

    Args:
        expires: Of the task in it.
    """
    while path:
        # Rounded up, so that not every task updates all namespaces.
        expires = (expires // DAY + 1) * DAY
        parent, name = split(path)
        row = state.store.one("SELECT expires FROM index_namespaces WHERE parent = ? AND name = ?", parent, name)
        if row is not None and row["expires"] >= expires:
            return
        state.store.insert("index_namespaces", {"parent": parent, "name": name, "expires": expires}, replace=True)
        path = parent
