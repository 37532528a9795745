"""
worker-manager: numbers of workers, and launch configurations.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.worker_manager import pool_table, worker_table
from tccli.sandbox.services.worker_manager.pools import load

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("worker-manager")

service.check_query("listWorkerPoolLaunchConfigs", includeArchived="^(true|false)$")


@service.method("listWorkerPoolsStats")
def list_stats(call: Call) -> Response:
    store = call.state.store
    found = page(
        call.query,
        "pool-stats",
        lambda pool: str(pool.worker_pool_id),
        lambda after, number: pool_table.list_page(store, after, number),
    )
    names = [pool.worker_pool_id for pool in found.rows]
    stats = [{"workerPoolId": name, **worker_table.count(store, name)} for name in names]
    return Response(found.document(workerPoolsStats=stats))


@service.method("workerPoolStats")
def show_stats(call: Call) -> Response:
    # As in the service, only launch configurations with workers are in it, and workers without one are "unknown"; a
    # pool without workers has one such entry.
    store, pool = call.state.store, load(call).worker_pool_id
    names = worker_table.list_launch_configs(store, pool) or [None]
    stats = [
        {"workerPoolId": pool, "launchConfigId": name or "unknown", **worker_table.count(store, pool, name or "")}
        for name in names
    ]
    return Response({"launchConfigStats": stats})


@service.method("listWorkerPoolLaunchConfigs")
def list_launch_configs(call: Call) -> Response:
    store, pool = call.state.store, load(call).worker_pool_id
    with_archived = call.query.get("includeArchived") == "true"
    found = page(
        call.query,
        "launch-configs" + pool,
        lambda row: str(row["launch_config_id"]),
        lambda after, number: pool_table.list_launch_configs(store, pool, after, number, with_archived=with_archived),
    )
    configs = [
        {
            "workerPoolId": row["worker_pool_id"],
            "launchConfigId": row["launch_config_id"],
            "isArchived": bool(row["is_archived"]),
            "configuration": json.loads(row["configuration"]),
            "created": to_json(row["created"]),
            "lastModified": to_json(row["last_modified"]),
        }
        for row in found.rows
    ]
    return Response(found.document(workerPoolLaunchConfigs=configs))
