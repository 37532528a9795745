"""
worker-manager: messages about pools, their launch configurations and errors.

The service publishes nothing about workers of the static provider, the only ones in the sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox import events
from tccli.sandbox.clock import to_json

if TYPE_CHECKING:
    from tccli.sandbox.services.worker_manager.pool_table import Pool
    from tccli.sandbox.state import State


def created(state: State, pool: Pool, *, is_new: bool) -> None:
    """
    Publish that a pool was created; repeated for each createWorkerPool.
    """
    if is_new:
        _publish_launch_configs(state, pool, set())
    # As in the service, the routing key has no words for the pool.
    content = {"workerPoolId": pool.worker_pool_id, "providerId": pool.provider_id}
    events.publish(state, "worker-manager.workerPoolCreated", {}, content)


def updated(state: State, before: Pool, pool: Pool) -> None:
    """
    Publish that a pool was updated.
    """
    _publish_launch_configs(state, pool, _launch_configs(before))
    content = {"workerPoolId": pool.worker_pool_id, "providerId": pool.provider_id}
    content["previousProviderId"] = before.provider_id
    events.publish(state, "worker-manager.workerPoolUpdated", {}, content)


def report_error(state: State, pool: Pool, row: dict[str, Any]) -> None:
    """
    Publish that an error was reported.
    """
    content = {
        "workerPoolId": pool.worker_pool_id,
        "providerId": pool.provider_id,
        "errorId": row["error_id"],
        **{name: row[name] for name in ("kind", "title")},
        "timestamp": to_json(row["reported"]),
        **{name: row["extra"][name] for name in ("workerGroup", "workerId")},
    }
    if row["launch_config_id"] is not None:
        content["launchConfigId"] = row["launch_config_id"]
    _publish(state, "workerPoolError", content)


def _publish_launch_configs(state: State, pool: Pool, before: set[str]) -> None:
    now = _launch_configs(pool)
    changes = (("Archived", before - now), ("Created", now - before), ("Updated", now & before))
    for change, names in changes:
        for name in sorted(names):
            content = {"launchConfigId": name, "workerPoolId": pool.worker_pool_id, "providerId": pool.provider_id}
            _publish(state, f"launchConfig{change}", content)


def _launch_configs(pool: Pool) -> set[str]:
    found = pool.config.get("launchConfigs")
    return {config["workerManager"]["launchConfigId"] for config in found} if isinstance(found, list) else set()


def _publish(state: State, event: str, content: dict[str, Any]) -> None:
    provisioner_id, _, worker_type = content["workerPoolId"].partition("/")
    keys = {**content, "provisionerId": provisioner_id, "workerType": worker_type}
    events.publish(state, f"worker-manager.{event}", keys, content)
