"""
What the examples of worker-manager need beyond the common deployment: secrets of the worker, and traces of its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import QUEUE, STATIC_SECRET, WORKER, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = {"workerPoolId": QUEUE, **WORKER}


def trusted(deployment: ExampleDeployment) -> None:
    """
    The caller knows the secret with which the worker was created.
    """
    deployment.variables["STATIC_SECRET"] = STATIC_SECRET


def registered(deployment: ExampleDeployment) -> None:
    """
    The worker has registered, and the caller knows the secret that it got.
    """
    proof = {"providerId": "static", "workerIdentityProof": {"staticSecret": STATIC_SECRET}}
    answer = deployment.call("worker-manager.registerWorker", payload={**NAME, **proof})
    deployment.variables["WORKER_SECRET"] = answer["secret"]


def working(deployment: ExampleDeployment) -> None:
    """
    The worker has asked for work, and got the task.
    """
    deployment.make_task()
    deployment.call("queue.claimWork", QUEUE, payload={**WORKER, "tasks": 1})


def in_trouble(deployment: ExampleDeployment) -> None:
    """
    The worker has reported an error.
    """
    error = {"kind": "worker-error", "title": "Disk full", "description": "No room.", "extra": {"code": "disk"}}
    deployment.call("worker-manager.reportWorkerError", QUEUE, payload={**WORKER, **error})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "getWorker": working,
    "listWorkerPoolErrors": in_trouble,
    "listWorkers": working,
    "registerWorker": trusted,
    "reregisterWorker": registered,
    "updateWorker": trusted,
    "workerPoolErrorStats": in_trouble,
}

ENDS_WITH: dict[str, int] = {}
