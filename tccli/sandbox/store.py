"""
All of a deployment's state: one SQLite database, in memory or in a folder.

One thread uses it. A change is with the operating system when the request that made it is answered, so it outlives
the process, however that ends.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

DATABASE = "sandbox.sqlite"


class Store:
    """
    The database, with JSON in and out.

    Args:
        folder: Where it is kept, made if missing; None keeps it in memory.
        tables: SQL that makes the tables that are not there yet.

    Raises:
        sqlite3.Error: The folder holds something else, or another sandbox uses it.
        OSError: The folder cannot be made.
    """

    def __init__(self, folder: Path | None, tables: Sequence[str]) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = ":memory:" if folder is None else str(folder / DATABASE)
        self._connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=1)
        self._connection.row_factory = sqlite3.Row
        if folder is not None:
            (folder / DATABASE).chmod(0o600)
            # Exclusive: two sandboxes on one folder would not see each other's cached roles.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        for sql in tables:
            self._connection.executescript(sql)
        self._waiting: list[Callable[[], object]] = []

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """
        Return the rows of a query.
        """
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """
        Return the first row of a query, or None.
        """
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: Any) -> int:
        """
        Change something, and return the number of rows that it touched.
        """
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, row: Mapping[str, Any], *, replace: bool = False) -> bool:
        """
        Add a row, lists and dictionaries as JSON.

        Returns:
            False if there is one with the same key already, which then stays as it is, unless *replace*.
        """
        marks = ", ".join("?" * len(row))
        conflict = "REPLACE" if replace else "IGNORE"
        sql = f"INSERT OR {conflict} INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - names are ours
        return self.run(sql, *map(to_column, row.values())) > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Make the changes inside all happen, or none of them.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._waiting.clear()
            self._connection.execute("ROLLBACK")
            raise
        waiting, self._waiting = self._waiting, []
        self._connection.execute("COMMIT")
        for do in waiting:
            do()

    def after_commit(self, do: Callable[[], object]) -> None:
        """
        Do something once the changes so far are there for good: now, or at the end of the transaction, if it ends well.
        """
        if self._connection.in_transaction:
            self._waiting.append(do)
        else:
            do()

    def close(self) -> None:
        """
        Let go of the database.
        """
        self._connection.close()


def to_column(value: Any) -> Any:
    """
    Return *value* as SQLite keeps it.
    """
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
