"""
worker-manager: workers of the static provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_database_input, from_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.worker_manager import pool_table, worker_table
from tccli.sandbox.services.worker_manager.providers import LAUNCH_CONFIG, STATIC
from tccli.sandbox.services.worker_manager.worker_table import Worker
from tccli.sandbox.store import to_integer

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.worker_manager.pool_table import Pool

service = Service("worker-manager")

STATE = f"^({'|'.join(worker_table.STATES)})$"
LISTED_STATE = f"^({'|'.join((*worker_table.STATES, 'standalone'))})$"
service.check_query("listWorkersForWorkerPool", launchConfigId=LAUNCH_CONFIG, state=LISTED_STATE)


@service.mask_payload("createWorker", "updateWorker")
def mask_secret(payload: Any) -> Any:
    """
    Mask the static secret in a payload, where the service's own code fails on null.
    """
    if payload is None:
        raise TypeError("Cannot read properties of null (reading 'providerInfo')")
    info = payload.get("providerInfo") if isinstance(payload, dict) else None
    if not isinstance(info, dict) or info.get("staticSecret") in (None, False, ""):
        return payload
    return {**payload, "providerInfo": {**info, "staticSecret": "(OMITTED)"}}


@service.method("createWorker")
def create_worker(call: Call) -> Response:
    # Creating a worker twice with the same content succeeds.
    pool = _load_pool(call)
    expires = from_json(call.payload["expires"])
    if expires < call.now:
        raise ApiError("InputError", "worker.expires must be in the future")
    secret = call.payload.get("providerInfo", {}).get("staticSecret")
    if pool.provider_id != STATIC:
        raise ApiError("InputError", "not supported for this provider")
    if not secret:
        raise ApiError("InputError", "no worker staticSecret provided")
    worker = Worker(
        **_key(call),
        provider_id=pool.provider_id,
        state="running",
        capacity=to_integer(call.payload.get("capacity", 1)),
        created=call.now,
        expires=expires,
        last_modified=call.now,
        last_checked=call.now,
        provider_data={"staticSecret": secret},
    )
    if not worker_table.insert(call.state.store, worker):
        existing = _find(call)
        same = ("provider_id", "state", "capacity")
        if existing is None or any(getattr(existing, name) != getattr(worker, name) for name in same):
            raise ApiError("RequestConflict", "Worker already exists")
    return Response(worker.document())


@service.method("updateWorker")
def update_worker(call: Call) -> Response:
    pool, worker = _load_pool(call), _find(call)
    if worker is None:
        raise ApiError("ResourceNotFound", f"Worker {'/'.join(_key(call).values())} does not exist")
    if pool.provider_id != STATIC:
        raise ApiError("InputError", "not supported for this provider")
    if "providerInfo" not in call.payload:
        # The service fails like this.
        raise InternalError("TypeError: Cannot read properties of undefined (reading 'staticSecret')")
    worker.expires = from_database_input(call.payload["expires"])
    worker.capacity = to_integer(call.payload.get("capacity", 1))
    worker.provider_data["staticSecret"] = call.payload["providerInfo"]["staticSecret"]
    worker_table.update(call.state.store, worker)
    return Response(worker.document())


@service.method("removeWorker")
def remove_worker(call: Call) -> Response:
    # A stopped worker can still be read.
    worker = _load(call)
    worker.state = "stopped"
    worker_table.update(call.state.store, worker)
    return Response({})


@service.method("worker")
def show_worker(call: Call) -> Response:
    return Response(_load(call).document())


@service.method("shouldWorkerTerminate")
def should_terminate(call: Call) -> Response:
    # A worker of the static provider terminates only if its launch configuration is archived.
    worker, store = _load(call), call.state.store
    if worker.launch_config_id and pool_table.is_archived(store, worker.worker_pool_id, worker.launch_config_id):
        return Response({"terminate": True, "reason": "launch config archived"})
    return Response({"terminate": False, "reason": "none"})


@service.method("listWorkersForWorkerPool")
def list_pool(call: Call) -> Response:
    if pool_table.get(call.state.store, call.args["workerPoolId"]) is None:
        raise ApiError("ResourceNotFound", "Worker Pool does not exist")
    state, launch_config = call.query.get("state", ""), call.query.get("launchConfigId", "")
    return _list(call, state=state, launch_config=launch_config)


@service.method("listWorkersForWorkerGroup")
def list_group(call: Call) -> Response:
    return _list(call, group=call.args["workerGroup"])


def _list(call: Call, **conditions: str) -> Response:
    store, pool = call.state.store, call.args["workerPoolId"]
    found = page(
        call.query,
        f"workers{pool}/{'/'.join(conditions.values())}",
        lambda worker: str(worker.key),
        lambda after, number: worker_table.list_page(store, pool, after, number, **conditions),
    )
    return Response(found.document(workers=[worker.document() for worker in found.rows]))


def _key(call: Call) -> dict[str, str]:
    names = {"worker_pool_id": "workerPoolId", "worker_group": "workerGroup", "worker_id": "workerId"}
    return {column: call.args[name] for column, name in names.items()}


def _find(call: Call) -> Worker | None:
    return worker_table.get(call.state.store, *_key(call).values())


def _load(call: Call) -> Worker:
    worker = _find(call)
    if worker is None:
        raise ApiError("ResourceNotFound", "Worker not found")
    return worker


def _load_pool(call: Call) -> Pool:
    pool = pool_table.get(call.state.store, call.args["workerPoolId"])
    if pool is None:
        raise ApiError("ResourceNotFound", f"Worker pool {call.args['workerPoolId']} does not exist")
    return pool
