"""
Examples of worker-manager: they need secrets of the worker, and traces of its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import QUEUE, STATIC_SECRET, WORKER, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = {"workerPoolId": QUEUE, **WORKER}


def set_static_secret(deployment: ExampleDeployment) -> None:
    deployment.variables["STATIC_SECRET"] = STATIC_SECRET


def register_worker(deployment: ExampleDeployment) -> None:
    """
    The caller knows the secret in the response.
    """
    proof = {"providerId": "static", "workerIdentityProof": {"staticSecret": STATIC_SECRET}}
    answer = deployment.call("worker-manager.registerWorker", payload={**NAME, **proof})
    deployment.variables["WORKER_SECRET"] = answer["secret"]


def claim_work(deployment: ExampleDeployment) -> None:
    """
    The worker has claimed the task from its queue.
    """
    deployment.create_task()
    deployment.call("queue.claimWork", QUEUE, payload={**WORKER, "tasks": 1})


def report_error(deployment: ExampleDeployment) -> None:
    error = {"kind": "worker-error", "title": "Disk full", "description": "No room.", "extra": {"code": "disk"}}
    deployment.call("worker-manager.reportWorkerError", QUEUE, payload={**WORKER, **error})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "getWorker": claim_work,
    "listWorkerPoolErrors": report_error,
    "listWorkers": claim_work,
    "registerWorker": set_static_secret,
    "reregisterWorker": register_worker,
    "updateWorker": set_static_secret,
    "workerPoolErrorStats": report_error,
}

EXIT_CODES: dict[str, int] = {}
