"""
index: what is kept: a task for each path, and the namespaces that lead to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import DAY
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tccli.sandbox.state import State

service = Service("index")

service.add_tables("""
CREATE TABLE IF NOT EXISTS indexed_tasks (
    namespace TEXT NOT NULL, name TEXT NOT NULL, rank INTEGER NOT NULL, task_id TEXT NOT NULL, data TEXT NOT NULL,
    expires INTEGER NOT NULL, PRIMARY KEY (namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS index_namespaces (
    parent TEXT NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (parent, name)
) WITHOUT ROWID;
""")


def split(path: str) -> tuple[str, str]:
    """
    Return a path's namespace, perhaps empty, and the name in it.
    """
    namespace, _, name = path.rpartition(".")
    return namespace, name


def join(namespace: str, name: str) -> str:
    """
    Return the path of a name in a namespace.
    """
    return f"{namespace}.{name}" if namespace else name


def get(state: State, path: str) -> sqlite3.Row | None:
    """
    Return what is indexed at a path, expired or not.
    """
    return state.store.one("SELECT * FROM indexed_tasks WHERE namespace = ? AND name = ?", *split(path))


def list_page(state: State, paths: Sequence[str], after: str, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* tasks at these paths, sorted by namespace and name, that come after the path *after*.

    A path of one word is never found: the service looks for words before the last dot.
    """
    sql = (
        "SELECT * FROM indexed_tasks WHERE (namespace, name) IN "
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)) "
        "AND (namespace, name) > (?, ?) AND expires > ? ORDER BY namespace, name LIMIT ?"
    )
    wanted = json.dumps([split(path) for path in paths if "." in path])
    return state.store.all(sql, wanted, *split(after), state.clock.now(), number)


def list_namespace(state: State, namespace: str, after: str, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* tasks of a namespace, sorted by name, that come after the name *after*.
    """
    sql = "SELECT * FROM indexed_tasks WHERE namespace = ? AND name > ? AND expires > ? ORDER BY name LIMIT ?"
    return state.store.all(sql, namespace, after, state.clock.now(), number)


def list_namespaces(state: State, parent: str, after: str, number: int) -> list[sqlite3.Row]:
    """
    Return at most *number* namespaces directly below another, sorted by name, that come after the name *after*.
    """
    sql = "SELECT * FROM index_namespaces WHERE parent = ? AND name > ? AND expires > ? ORDER BY name LIMIT ?"
    return state.store.all(sql, parent, after, state.clock.now(), number)


def insert(state: State, path: str, *, task_id: str, rank: int, data: dict[str, Any], expires: int) -> sqlite3.Row:
    """
    Put a task at a path, unless one of a higher rank is there, and return what is there then.

    Args:
        expires: Milliseconds since 1970.
    """
    namespace, name = split(path)
    row = {"namespace": namespace, "name": name, "rank": rank, "task_id": task_id, "data": data, "expires": expires}
    with state.store.transaction():
        existing = get(state, path)
        if existing is None or existing["rank"] <= rank:
            state.store.insert("indexed_tasks", row, replace=True)
            _ensure_namespace(state, namespace, _end_of_day(expires))
        kept = get(state, path)
    assert kept is not None
    return kept


def delete(state: State, path: str) -> None:
    """
    Take away what is at a path; the namespaces stay.
    """
    state.store.run("DELETE FROM indexed_tasks WHERE namespace = ? AND name = ?", *split(path))


def _ensure_namespace(state: State, path: str, expires: int) -> None:
    """
    Let a namespace and all above it live until *expires* at least.
    """
    while path:
        parent, name = split(path)
        row = state.store.one("SELECT expires FROM index_namespaces WHERE parent = ? AND name = ?", parent, name)
        if row is not None and row["expires"] >= expires:
            return
        state.store.insert("index_namespaces", {"parent": parent, "name": name, "expires": expires}, replace=True)
        path = parent


def _end_of_day(instant: int) -> int:
    """
    Return the next midnight: namespaces are not written anew for every task.
    """
    return (instant // DAY + 1) * DAY
