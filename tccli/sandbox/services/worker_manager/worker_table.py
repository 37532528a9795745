"""
worker-manager: the table of workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import to_json
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tccli.sandbox.store import Store

service = Service("worker-manager")

service.add_tables("""
CREATE TABLE IF NOT EXISTS workers (
    worker_pool_id TEXT NOT NULL, worker_group TEXT COLLATE en_US NOT NULL, worker_id TEXT COLLATE en_US NOT NULL,
    provider_id TEXT NOT NULL,
    state TEXT NOT NULL, capacity INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
    last_modified INTEGER NOT NULL, last_checked INTEGER NOT NULL, launch_config_id TEXT, secret TEXT,
    provider_data TEXT NOT NULL, PRIMARY KEY (worker_pool_id, worker_group, worker_id)
) WITHOUT ROWID;
""")

STATES = ("requested", "running", "stopping", "stopped")
CURRENT_STATES = STATES[:-1]
"""The states of workers that count towards the current capacity."""


@dataclass(slots=True)
class Worker:
    """
    A worker.

    Attributes:
        secret: For its next credentials; None before it registers.
        provider_data: What the provider stores to identify it.
    """

    worker_pool_id: str
    worker_group: str
    worker_id: str
    provider_id: str
    state: str
    capacity: int
    created: int
    expires: int
    last_modified: int
    last_checked: int
    launch_config_id: str | None = None
    secret: str | None = None
    provider_data: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """
        Pool id, group and id.
        """
        return f"{self.worker_pool_id}/{self.worker_group}/{self.worker_id}"

    @property
    def key(self) -> str:
        """
        The sort key in a pool.
        """
        return f"{self.created}/{self.worker_group}/{self.worker_id}"

    def document(self) -> dict[str, Any]:
        """
        Return the worker as methods return it.
        """
        launch_config = {} if self.launch_config_id is None else {"launchConfigId": self.launch_config_id}
        return {
            "workerPoolId": self.worker_pool_id,
            "workerGroup": self.worker_group,
            "workerId": self.worker_id,
            "providerId": self.provider_id,
            "created": to_json(self.created),
            "expires": to_json(self.expires),
            "state": self.state,
            "capacity": self.capacity,
            **launch_config,
            "lastModified": to_json(self.last_modified),
            "lastChecked": to_json(self.last_checked),
        }


def insert(store: Store, worker: Worker) -> bool:
    """
    Insert a worker; return False if it exists.
    """
    return store.insert("workers", _row(worker))


def update(store: Store, worker: Worker) -> None:
    store.insert("workers", _row(worker), replace=True)


def get(store: Store, pool: str, group: str, worker_id: str) -> Worker | None:
    sql = "SELECT * FROM workers WHERE worker_pool_id = ? AND worker_group = ? AND worker_id = ?"
    row = store.one(sql, pool, group, worker_id)
    return None if row is None else _worker(row)


def list_with_id(store: Store, worker_id: str) -> list[Worker]:
    """
    Return the workers with an id, of all groups and pools.
    """
    rows = store.all("SELECT * FROM workers WHERE worker_id = ? ORDER BY worker_pool_id, worker_group", worker_id)
    return [_worker(row) for row in rows]


def list_page(
    store: Store, pool: str, after: str, number: int, *, group: str = "", state: str = "", launch_config: str = ""
) -> list[Worker]:
    """
    Return at most *number* workers of a pool after the key *after*, newest first.
    """
    sql = (
        "SELECT * FROM workers WHERE worker_pool_id = ? AND (-created, worker_group, worker_id) > (?, ?, ?) "
        "AND ? IN ('', worker_group) AND ? IN ('', state) AND ? IN ('', launch_config_id) "
        "ORDER BY -created, worker_group, worker_id LIMIT ?"
    )
    created, after_group, after_id = after.split("/") if after else (2**62, "", "")
    rows = store.all(sql, pool, -int(created), after_group, after_id, group, state, launch_config, number)
    return [_worker(row) for row in rows]


def list_launch_configs(store: Store, pool: str) -> list[str | None]:
    """
    Return the launch configurations that a pool's workers have, sorted, and None last for workers without one.
    """
    sql = (
        "SELECT DISTINCT launch_config_id FROM workers WHERE worker_pool_id = ? "
        "ORDER BY launch_config_id IS NULL, launch_config_id"
    )
    return [row["launch_config_id"] for row in store.all(sql, pool)]


def count(store: Store, pool: str, launch_config: str | None = None) -> dict[str, int]:
    """
    Return the number of workers in each state, and their capacities.

    Args:
        launch_config: Count its workers only; empty counts those without one.
    """
    sql = (
        "SELECT state, count(*) AS number, sum(capacity) AS capacity FROM workers "
        "WHERE worker_pool_id = ? AND (? IS NULL OR coalesce(launch_config_id, '') = ?) GROUP BY state"
    )
    return _counts({row["state"]: row for row in store.all(sql, pool, launch_config, launch_config)})


def _counts(rows: Mapping[str, sqlite3.Row]) -> dict[str, int]:
    capacities = {state: rows[state]["capacity"] if state in rows else 0 for state in STATES}
    counts = {f"{state}Count": rows[state]["number"] if state in rows else 0 for state in STATES}
    return {
        "currentCapacity": sum(capacities[state] for state in CURRENT_STATES),
        **counts,
        **{f"{state}Capacity": capacity for state, capacity in capacities.items()},
    }


NO_WORKERS = _counts({})
"""What :func:`count` returns for a pool without workers."""


def _row(worker: Worker) -> dict[str, Any]:
    return {name: getattr(worker, name) for name in Worker.__slots__}


def _worker(row: sqlite3.Row) -> Worker:
    return Worker(**{**dict(row), "provider_data": json.loads(row["provider_data"])})
