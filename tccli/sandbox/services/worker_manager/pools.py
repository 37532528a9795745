"""
worker-manager: worker pools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record
from tccli.sandbox.services.worker_manager import events, pool_table, providers, worker_table
from tccli.sandbox.services.worker_manager.pool_table import Pool
from tccli.sandbox.store import to_text

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("worker-manager")

service.allow_slashes(
    "workerPoolId",
    "createWorkerPool",
    "updateWorkerPool",
    "deleteWorkerPool",
    "workerPool",
    "reportWorkerError",
    "listWorkerPoolErrors",
    "listWorkersForWorkerPool",
    "workerPoolStats",
)
# The service still has the routes of older clients, with a colon after the pool.
for _verb, _method, _rest in (
    ("GET", "listWorkersForWorkerGroup", "<workerGroup>"),
    ("GET", "worker", "<workerGroup>/<workerId>"),
    ("PUT", "createWorker", "<workerGroup>/<workerId>"),
    ("POST", "updateWorker", "<workerGroup>/<workerId>"),
    ("DELETE", "removeWorker", "<workerGroup>/<workerId>"),
    ("GET", "shouldWorkerTerminate", "<workerGroup>/<workerId>/should-terminate"),
):
    service.add_unpublished(f"{_method}WithColon", _verb, f"/workers/<workerPoolId>:/{_rest}", like=_method)


@service.method("createWorkerPool")
def create_worker_pool(call: Call) -> Response:
    # Creating a pool twice with the same content succeeds.
    pool = _from_payload(call)
    existing = pool_table.get(call.state.store, pool.worker_pool_id)
    if existing is None:
        pool_table.upsert(call.state.store, pool)
    elif not existing.is_same(pool):
        raise ApiError("RequestConflict", "Worker pool already exists")
    record(call, "worker-pool", pool.worker_pool_id, "created")
    events.created(call.state, pool, is_new=existing is None)
    return _show_change(pool)


@service.method("updateWorkerPool")
def update_worker_pool(call: Call) -> Response:
    pool = _from_payload(call)
    if call.payload.get("workerPoolId", pool.worker_pool_id) != pool.worker_pool_id:
        raise ApiError("InputError", "Incorrect workerPoolId in request body")
    _replace(call, load(call), pool)
    record(call, "worker-pool", pool.worker_pool_id, "updated")
    return _show_change(pool)


@service.method("deleteWorkerPool")
def delete_worker_pool(call: Call) -> Response:
    # As in the service, the pool gets the null provider, and can still be read.
    before = load(call)
    config = {**before.config, "launchConfigs": []}
    pool = Pool(
        worker_pool_id=before.worker_pool_id,
        provider_id=providers.NULL,
        description=before.description,
        config=config,
        owner=before.owner,
        email_on_error=before.email_on_error,
        created=before.created,
        last_modified=call.now,
    )
    _replace(call, before, pool)
    record(call, "worker-pool", pool.worker_pool_id, "deleted")
    return _show_change(pool)


@service.method("workerPool")
def show_worker_pool(call: Call) -> Response:
    return _show(call, load(call))


@service.method("listWorkerPools")
def list_worker_pools(call: Call) -> Response:
    store = call.state.store
    found = page(
        call.query,
        "pools",
        lambda pool: str(pool.worker_pool_id),
        lambda after, number: pool_table.list_page(store, after, number),
    )
    pools = [pool.document(worker_table.count(store, pool.worker_pool_id)) for pool in found.rows]
    return Response(found.document(workerPools=pools))


def load(call: Call) -> Pool:
    """
    Return the pool of a call.

    Raises:
        ApiError: 404.
    """
    pool = pool_table.get(call.state.store, call.args["workerPoolId"])
    if pool is None:
        raise ApiError("ResourceNotFound", "Worker pool does not exist")
    return pool


def _from_payload(call: Call) -> Pool:
    """
    Return the pool in the payload of an authorized call.
    """
    pool_id, payload = call.args["workerPoolId"], call.payload
    provider = payload["providerId"]
    call.authorize(workerPoolId=pool_id, providerId=provider)
    providers.check(call.state, provider)
    providers.check_config(call, provider, payload["config"])
    return Pool(
        worker_pool_id=pool_id,
        provider_id=provider,
        description=to_text(payload["description"]),
        config=payload["config"],
        owner=payload["owner"],
        email_on_error=payload["emailOnError"],
        created=call.now,
        last_modified=call.now,
    )


def _replace(call: Call, before: Pool, pool: Pool) -> None:
    pool.created = before.created
    provider_ids = [*before.previous_provider_ids, before.provider_id]
    pool.previous_provider_ids = [name for name in dict.fromkeys(provider_ids) if name != pool.provider_id]
    pool_table.upsert(call.state.store, pool)
    events.updated(call.state, before, pool)


def _show_change(pool: Pool) -> Response:
    # The service counts the workers only when a pool is read.
    return Response(pool.document(worker_table.NO_WORKERS))


def _show(call: Call, pool: Pool) -> Response:
    counts: dict[str, Any] = worker_table.count(call.state.store, pool.worker_pool_id)
    return Response(pool.document(counts))
