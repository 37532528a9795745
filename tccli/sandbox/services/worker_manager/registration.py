"""
worker-manager: registration of workers, which gives them credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slugid

from tccli.sandbox.auth.accounts import WORKER_MANAGER_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.worker_manager import pool_table, providers, worker_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.worker_manager.pool_table import Pool
    from tccli.sandbox.services.worker_manager.worker_table import Worker

service = Service("worker-manager")

DEFAULT_CREDENTIALS_SECONDS = 4 * 24 * 3600


@service.mask_payload("registerWorker", "reregisterWorker")
def mask_all(_payload: Any) -> str:
    """
    Mask a payload as a whole.
    """
    return "(OMITTED)"


@service.method("registerWorker")
def register_worker(call: Call) -> Response:
    # A worker may register any number of times.
    pool, worker = _find(call)
    _check_proof(worker, call.payload["workerIdentityProof"])
    lifecycle = pool.config.get("lifecycle", {})
    document = _issue(call, worker, lifecycle.get("reregistrationTimeout") or DEFAULT_CREDENTIALS_SECONDS)
    return Response({**document, "workerConfig": pool.config.get("workerConfig", {})})


@service.method("reregisterWorker")
def reregister_worker(call: Call) -> Response:
    key = {name: call.payload[name] for name in ("workerPoolId", "workerGroup", "workerId")}
    call.authorize(**key)
    worker = worker_table.get(call.state.store, *key.values())
    if worker is None or worker.secret is None or worker.secret != call.payload["secret"]:
        raise ApiError("InputError", "Could not generate credentials for this secret")
    return Response(_issue(call, worker, DEFAULT_CREDENTIALS_SECONDS))


def _find(call: Call) -> tuple[Pool, Worker]:
    # The errors are the service's, in its order; the proof is checked afterwards.
    payload = call.payload
    pool_id, provider = payload["workerPoolId"], payload["providerId"]
    name = f"{payload['workerGroup']}/{payload['workerId']}"
    pool = pool_table.get(call.state.store, pool_id)
    if pool is None:
        raise ApiError("ResourceNotFound", f"Worker pool {pool_id} does not exist")
    if not providers.exists(call.state, provider):
        raise ApiError("ResourceNotFound", f"Provider {provider} does not exist")
    if provider not in {pool.provider_id, *pool.previous_provider_ids}:
        raise ApiError("InputError", f"Worker pool {pool_id} not associated with provider {provider}")
    worker = worker_table.get(call.state.store, pool_id, payload["workerGroup"], payload["workerId"])
    if worker is None:
        raise ApiError("ResourceNotFound", f"Worker {name} in worker pool {pool_id} does not exist")
    if worker.expires < call.now:
        raise ApiError("InputError", f"Worker {name} has expired")
    if worker.provider_id != provider:
        raise ApiError("InputError", f"Worker {name} does not have provider {provider}")
    return pool, worker


def _check_proof(worker: Worker, proof: dict[str, str]) -> None:
    if worker.state != "running":
        raise ApiError("InputError", "worker is not running")
    if "staticSecret" not in proof:
        raise ApiError("InputError", "missing staticSecret in workerIdentityProof")
    if proof["staticSecret"] != worker.provider_data["staticSecret"]:
        raise ApiError("InputError", "bad staticSecret in workerIdentityProof")


def _issue(call: Call, worker: Worker, seconds: int) -> dict[str, Any]:
    pool, name = worker.worker_pool_id, f"{worker.worker_group}/{worker.worker_id}"
    scopes = [
        f"assume:worker-type:{pool}",
        f"assume:worker-pool:{pool}",
        f"assume:worker-id:{name}",
        f"queue:worker-id:{name}",
        f"secrets:get:worker-type:{pool}",
        f"secrets:get:worker-pool:{pool}",
        f"queue:claim-work:{pool}",
        *(f"worker-manager:{may}-worker:{worker.name}" for may in ("remove", "reregister")),
        f"worker-manager:should-worker-terminate:{worker.name}",
    ]
    expires = call.now + seconds * 1000
    worker.secret = slugid.nice() + slugid.nice()
    worker_table.update(call.state.store, worker)
    client = f"worker/{worker.provider_id}/{worker.name}"
    credentials = call.state.accounts.issue(WORKER_MANAGER_CLIENT, client, scopes, expires)
    return {"expires": to_json(expires), "credentials": credentials, "secret": worker.secret}
