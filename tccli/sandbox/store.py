"""
The state of a deployment: one SQLite database, in memory or in a directory.

Only one thread may use it. A change is handed to the operating system before the response is sent, so it survives the
end of the process, however that comes about.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tccli.sandbox import collation
from tccli.sandbox.http.errors import InternalError
from tccli.sandbox.http.json_text import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

DATABASE = "sandbox.sqlite"
MAX_INTEGER, MAX_BIG_INTEGER = 2**31 - 1, 2**63 - 1
_NOT_IN_JSONB = re.compile(r"(?<!\\)(?:\\\\)*(\\u(?:0000|d[89a-f]..))")


class Store:
    """
    The database.

    Args:
        directory: Created if missing; None keeps the database in memory.
        tables: SQL that creates missing tables.

    Raises:
        sqlite3.Error: The directory contains something else, or another sandbox uses it.
        OSError: The directory cannot be created.
    """

    def __init__(self, directory: Path | None, tables: Sequence[str]) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = ":memory:" if directory is None else str(directory / DATABASE)
        self._connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=1)
        self._connection.row_factory = sqlite3.Row
        if directory is not None:
            (directory / DATABASE).chmod(0o600)
            # Exclusive, since two sandboxes in one directory would not see each other's cached roles.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.create_collation(collation.NAME, collation.compare)
        for sql in tables:
            self._connection.executescript(sql)
        self._after_commit: list[Callable[[], object]] = []

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """
        Return the rows of a query.
        """
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """
        Return the first row of a query, or None.
        """
        row: sqlite3.Row | None = self._execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: Any) -> int:
        """
        Execute a statement, and return the number of changed rows.
        """
        return self._execute(sql, values).rowcount

    def _execute(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        return self._connection.execute(sql, [to_text(value) if isinstance(value, str) else value for value in values])

    def insert(self, table: str, row: Mapping[str, Any], *, replace: bool = False) -> bool:
        """
        Add a row; lists and dictionaries are stored as JSON.

        Args:
            replace: Replace a row with the same key.

        Returns:
            Whether the row was stored: False if its key exists and *replace* is not set.
        """
        marks = ", ".join("?" * len(row))
        conflict = "REPLACE" if replace else "IGNORE"
        sql = f"INSERT OR {conflict} INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - names are ours
        return self.run(sql, *map(to_column, row.values())) > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Commit all changes of the block, or none if it raises. Inner transactions belong to the outer one.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._after_commit.clear()
            # After some errors, such as a full disk, SQLite has done it.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        callbacks, self._after_commit = self._after_commit, []
        for callback in callbacks:
            callback()

    def after_commit(self, callback: Callable[[], object]) -> None:
        """
        Call back when the current transaction is committed; at once outside of a transaction, never after a rollback.
        """
        if self._connection.in_transaction:
            self._after_commit.append(callback)
        else:
            callback()

    def close(self) -> None:
        """
        Close the database.
        """
        self._connection.close()


def to_column(value: Any) -> Any:
    """
    Return *value* as a column: lists and dictionaries as JSON.

    Raises:
        InternalError: See :func:`to_jsonb`.
    """
    return to_jsonb(value) if isinstance(value, list | dict) else value


def to_jsonb(document: Any) -> str:
    """
    Return *document* as JSON for a column that has the type ``jsonb`` in the services' PostgreSQL.

    Raises:
        InternalError: A string has a NUL or a lone surrogate, which that type cannot store.
    """
    text = dumps(document)
    # Only NUL and lone surrogates are escaped like this; a backslash before it is a character of the string.
    if "\\u" in text and (found := _NOT_IN_JSONB.search(text)):
        raise InternalError(f"error: unsupported Unicode escape sequence {found[1]}")
    return text


def to_integer(value: int, maximum: int = MAX_INTEGER) -> int:
    """
    Return *value* as a column of the type ``integer``, or ``bigint``.

    Raises:
        InternalError: The number is larger than the type's *maximum*.
    """
    if value > maximum:
        raise InternalError(f'error: value "{value}" is out of range')
    return int(value)


def to_text(value: str) -> str:
    """
    Return *value* as a column of the type ``text`` stores it in PostgreSQL: lone surrogates become U+FFFD.

    Raises:
        InternalError: The text has a NUL.
    """
    if "\0" in value:
        raise InternalError('error: invalid byte sequence for encoding "UTF8": 0x00')
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value
