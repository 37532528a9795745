"""
queue: the table of artifacts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import to_json
from tccli.sandbox.registry import Service
from tccli.sandbox.store import to_integer

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.store import Store

service = Service("queue")

service.add_tables("""
CREATE TABLE IF NOT EXISTS artifacts (
    task_id TEXT NOT NULL, run_id INTEGER NOT NULL, name TEXT COLLATE en_US NOT NULL, storage_type TEXT NOT NULL,
    content_type TEXT NOT NULL, details TEXT NOT NULL, present INTEGER NOT NULL, expires INTEGER NOT NULL,
    content_length INTEGER, PRIMARY KEY (task_id, run_id, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS artifacts_by_expiry ON artifacts (expires);
""")

PUBLIC_BUCKET, PRIVATE_BUCKET = "public-artifacts", "private-artifacts"


@dataclass(slots=True)
class Artifact:
    """
    An artifact.

    Attributes:
        storage_type: ``s3``, ``object``, ``reference``, ``link`` or ``error``.
        details: Properties of the type: ``url``, ``artifact``, ``reason`` and ``message``, or ``uploadId``.
        present: False for an object whose upload is not finished.
        expires: Milliseconds since 1970.
        content_length: Bytes, if the worker gave it.
    """

    task_id: str
    run_id: int
    name: str
    storage_type: str
    content_type: str
    details: dict[str, Any]
    present: bool
    expires: int
    content_length: int | None = None

    @property
    def object_name(self) -> str:
        """
        The name in the object service.
        """
        return f"t/{self.path}"

    @property
    def path(self) -> str:
        """
        The name in the storage's bucket.
        """
        return f"{self.task_id}/{self.run_id}/{self.name}"

    @property
    def bucket(self) -> str:
        """
        The bucket of an s3 artifact.
        """
        return PUBLIC_BUCKET if self.name.startswith("public/") else PRIVATE_BUCKET

    def may_become(self, other: Artifact) -> bool:
        """
        Return whether *other* may replace this artifact.

        The expiry may become later, and a reference may change its URL or become a link.
        """
        if other.storage_type != "link" and self.content_type != other.content_type:
            return False
        if self.expires > other.expires:
            return False
        if self.storage_type == other.storage_type:
            return self.details == other.details or self.storage_type == "reference"
        return (self.storage_type, other.storage_type) == ("reference", "link")

    def document(self) -> dict[str, Any]:
        """
        Return the artifact as lists show it.
        """
        length = {} if self.content_length is None else {"contentLength": self.content_length}
        return {
            "storageType": self.storage_type,
            "name": self.name,
            "expires": to_json(self.expires),
            "contentType": self.content_type,
            **length,
        }


def insert(store: Store, artifact: Artifact) -> bool:
    """
    Insert an artifact; return False if it exists.
    """
    return store.insert("artifacts", _row(artifact))


def update(store: Store, artifact: Artifact) -> None:
    store.insert("artifacts", _row(artifact), replace=True)


def get(store: Store, task_id: str, run_id: int, name: str) -> Artifact | None:
    sql = "SELECT * FROM artifacts WHERE task_id = ? AND run_id = ? AND name = ?"
    row = store.one(sql, task_id, to_integer(run_id), name)
    return None if row is None else _artifact(row)


def list_page(store: Store, task_id: str, run_id: int, after: str, number: int) -> list[Artifact]:
    """
    Return at most *number* artifacts of a run after the name *after*, sorted by name.
    """
    sql = "SELECT * FROM artifacts WHERE task_id = ? AND run_id = ? AND name > ? ORDER BY name LIMIT ?"
    return [_artifact(row) for row in store.all(sql, task_id, run_id, after, number)]


def list_task(store: Store, task_id: str) -> list[Artifact]:
    """
    Return all artifacts of a task.
    """
    return [_artifact(row) for row in store.all("SELECT * FROM artifacts WHERE task_id = ?", task_id)]


def list_expired(store: Store, before: int) -> list[Artifact]:
    """
    Return the artifacts that expired before a time.
    """
    return [_artifact(row) for row in store.all("SELECT * FROM artifacts WHERE expires < ?", before)]


def delete(store: Store, artifact: Artifact) -> None:
    sql = "DELETE FROM artifacts WHERE task_id = ? AND run_id = ? AND name = ?"
    store.run(sql, artifact.task_id, artifact.run_id, artifact.name)


def _row(artifact: Artifact) -> dict[str, Any]:
    return {
        "task_id": artifact.task_id,
        "run_id": artifact.run_id,
        "name": artifact.name,
        "storage_type": artifact.storage_type,
        "content_type": artifact.content_type,
        "details": artifact.details,
        "present": int(artifact.present),
        "expires": artifact.expires,
        "content_length": artifact.content_length,
    }


def _artifact(row: sqlite3.Row) -> Artifact:
    return Artifact(**{**dict(row), "details": json.loads(row["details"]), "present": bool(row["present"])})
