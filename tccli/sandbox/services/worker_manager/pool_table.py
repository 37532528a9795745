"""
worker-manager: the tables of worker pools and launch configurations.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.store import Store

service = Service("worker-manager")

service.add_tables("""
CREATE TABLE IF NOT EXISTS worker_pools (
    worker_pool_id TEXT COLLATE en_US PRIMARY KEY, provider_id TEXT NOT NULL, previous_provider_ids TEXT NOT NULL,
    description TEXT NOT NULL, config TEXT NOT NULL, owner TEXT NOT NULL, email_on_error INTEGER NOT NULL,
    created INTEGER NOT NULL, last_modified INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS launch_configs (
    worker_pool_id TEXT COLLATE en_US NOT NULL, launch_config_id TEXT COLLATE en_US NOT NULL,
    is_archived INTEGER NOT NULL,
    configuration TEXT NOT NULL, created INTEGER NOT NULL, last_modified INTEGER NOT NULL,
    PRIMARY KEY (worker_pool_id, launch_config_id)
) WITHOUT ROWID;
""")


@dataclass(slots=True)
class Pool:
    """
    A worker pool.

    Attributes:
        config: In the provider's format; each of its ``launchConfigs`` has an id.
        previous_provider_ids: Providers that may still have workers.
        created: Milliseconds since 1970, as is *last_modified*.
    """

    worker_pool_id: str
    provider_id: str
    description: str
    config: dict[str, Any]
    owner: str
    email_on_error: bool
    created: int
    last_modified: int
    previous_provider_ids: list[str] = field(default_factory=list)

    def document(self, counts: dict[str, int]) -> dict[str, Any]:
        """
        Return the pool as methods return it, with the numbers of its workers.
        """
        return {
            "workerPoolId": self.worker_pool_id,
            "providerId": self.provider_id,
            "description": self.description,
            "created": to_json(self.created),
            "lastModified": to_json(self.last_modified),
            "config": self.config,
            "owner": self.owner,
            "emailOnError": self.email_on_error,
            **counts,
        }

    def is_same(self, other: Pool) -> bool:
        """
        Return whether both result from the same payload.
        """
        names = ("provider_id", "description", "config", "owner", "email_on_error")
        return all(getattr(self, name) == getattr(other, name) for name in names)


def get(store: Store, pool_id: str) -> Pool | None:
    row = store.one("SELECT * FROM worker_pools WHERE worker_pool_id = ?", pool_id)
    return None if row is None else _pool(row)


def list_page(store: Store, after: str, number: int) -> list[Pool]:
    """
    Return at most *number* pools after the id *after*, sorted by id.
    """
    sql = "SELECT * FROM worker_pools WHERE worker_pool_id > ? ORDER BY worker_pool_id LIMIT ?"
    return [_pool(row) for row in store.all(sql, after, number)]


def upsert(store: Store, pool: Pool) -> None:
    """
    Insert or update a pool, and archive the launch configurations that it no longer has.

    Raises:
        ApiError: 409, another launch configuration has the same id.
    """
    given = _launch_configs(pool.config)
    used: dict[str, dict[str, Any]] = {}
    with store.transaction():
        for config in given:
            complete = _with_id(config)
            _keep(store, pool, config, complete["workerManager"]["launchConfigId"])
            used.setdefault(complete["workerManager"]["launchConfigId"], complete)
        if isinstance(pool.config.get("launchConfigs"), list):
            pool.config = {name: value for name, value in pool.config.items() if name != "launchConfigs"}
            pool.config |= {"launchConfigs": list(used.values())} if used else {}
        sql = (
            "UPDATE launch_configs SET is_archived = 1, last_modified = ? WHERE worker_pool_id = ? "
            "AND NOT is_archived AND launch_config_id NOT IN (SELECT value FROM json_each(?))"
        )
        store.run(sql, pool.last_modified, pool.worker_pool_id, json.dumps(sorted(used)))
        store.insert("worker_pools", _row(pool), replace=True)


def list_launch_configs(
    store: Store, pool_id: str, after: str, number: int, *, with_archived: bool = False
) -> list[sqlite3.Row]:
    """
    Return at most *number* launch configurations of a pool after the id *after*, sorted by id.
    """
    sql = (
        "SELECT * FROM launch_configs WHERE worker_pool_id = ? AND launch_config_id > ? AND is_archived <= ? "
        "ORDER BY launch_config_id LIMIT ?"
    )
    return store.all(sql, pool_id, after, int(with_archived), number)


def is_archived(store: Store, pool_id: str, launch_config_id: str) -> bool:
    sql = "SELECT is_archived FROM launch_configs WHERE worker_pool_id = ? AND launch_config_id = ?"
    row = store.one(sql, pool_id, launch_config_id)
    return row is not None and bool(row["is_archived"])


def _launch_configs(config: dict[str, Any]) -> list[dict[str, Any]]:
    # Not every provider's configuration has launch configurations.
    found = config.get("launchConfigs")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _keep(store: Store, pool: Pool, config: dict[str, Any], name: str) -> None:
    # As in the service, the configuration itself does not get the id, only the pool's.
    sql = "SELECT * FROM launch_configs WHERE worker_pool_id = ? AND launch_config_id = ?"
    existing = store.one(sql, pool.worker_pool_id, name)
    if existing is not None and _content(json.loads(existing["configuration"])) != _content(config):
        raise ApiError("RequestConflict", f"Launch config with ID `{name}` already exists with different configuration")
    row = {
        "worker_pool_id": pool.worker_pool_id,
        "launch_config_id": name,
        "is_archived": 0,
        "configuration": config,
        "created": pool.last_modified if existing is None else existing["created"],
        "last_modified": pool.last_modified,
    }
    store.insert("launch_configs", row, replace=True)


def _with_id(config: dict[str, Any]) -> dict[str, Any]:
    # A launch configuration without an id gets one from the hash of its content.
    settings = config.get("workerManager") or {}
    written = json.dumps(_content(config), sort_keys=True).encode()
    name = settings.get("launchConfigId") or f"lc-{hashlib.sha256(written).hexdigest()[:20]}"
    return {**config, "workerManager": {**settings, "launchConfigId": name}}


def _content(config: dict[str, Any]) -> dict[str, Any]:
    # Limits on the number of workers are not part of the identity.
    return {name: value for name, value in config.items() if name != "workerManager"}


def _row(pool: Pool) -> dict[str, Any]:
    return {
        "worker_pool_id": pool.worker_pool_id,
        "provider_id": pool.provider_id,
        "previous_provider_ids": pool.previous_provider_ids,
        "description": pool.description,
        "config": pool.config,
        "owner": pool.owner,
        "email_on_error": int(pool.email_on_error),
        "created": pool.created,
        "last_modified": pool.last_modified,
    }


def _pool(row: sqlite3.Row) -> Pool:
    parsed = {name: json.loads(row[name]) for name in ("config", "previous_provider_ids")}
    return Pool(**{**dict(row), **parsed, "email_on_error": bool(row["email_on_error"])})
