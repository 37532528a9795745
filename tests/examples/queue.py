"""
Examples of queue: most need a task that is not resolved.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.examples.example_deployment import ARTIFACT, QUEUE, TASK, WORKER, ExampleDeployment
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from collections.abc import Callable


def create_unscheduled_task(deployment: ExampleDeployment) -> None:
    """
    The task depends on itself, so it is never scheduled by the queue.
    """
    deployment.create_task(dependencies=[TASK])


def seal_group(deployment: ExampleDeployment) -> None:
    """
    The task is pending, and its group is sealed.
    """
    deployment.create_task()
    deployment.call("queue.sealTaskGroup", TASK)


def claim_task(deployment: ExampleDeployment) -> None:
    """
    The worker has claimed the task by its id.
    """
    deployment.claim_task()


def claim_work(deployment: ExampleDeployment) -> None:
    """
    The worker has claimed the task from its queue.
    """
    deployment.create_task()
    deployment.call("queue.claimWork", QUEUE, payload={**WORKER, "tasks": 1})


def fail_task(deployment: ExampleDeployment) -> None:
    deployment.claim_task()
    deployment.call("queue.reportFailed", TASK, "0")


def create_dependent_task(deployment: ExampleDeployment) -> None:
    deployment.create_task()
    waiting = deployment.call("queue.task", TASK) | {"dependencies": [TASK]}
    deployment.call("queue.createTask", slug(), payload=waiting)


def upload_object_artifact(deployment: ExampleDeployment) -> None:
    """
    The artifact's object has its bytes, and the artifact is not finished.
    """
    deployment.claim_task()
    content = {"storageType": "object", "contentType": "application/gzip", "expires": later(hours=1)}
    upload = deployment.call("queue.createArtifact", TASK, "0", ARTIFACT, payload=content)
    data = b"a build\n" * 100
    deployment.sandbox.storage.store("objects", upload["name"], data, "application/gzip")
    hashes = {algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in ("sha256", "sha512")}
    finish = {"projectId": upload["projectId"], "uploadId": upload["uploadId"], "hashes": hashes}
    deployment.call("object.finishUpload", upload["name"], payload=finish)
    deployment.variables["UPLOAD_ID"] = upload["uploadId"]


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "cancelTask": ExampleDeployment.create_task,
    "cancelTaskGroup": seal_group,
    "changeTaskGroupPriority": ExampleDeployment.create_task,
    "changeTaskPriority": ExampleDeployment.create_task,
    "claimTask": ExampleDeployment.create_task,
    "claimWork": ExampleDeployment.create_task,
    "createArtifact": claim_task,
    "finishArtifact": upload_object_artifact,
    "getWorker": claim_work,
    "listClaimedTasks": claim_task,
    "listDependentTasks": create_dependent_task,
    "listPendingTasks": ExampleDeployment.create_task,
    "listTaskGroup": fail_task,
    "listWorkers": claim_work,
    "pendingTasks": ExampleDeployment.create_task,
    "quarantineWorker": claim_work,
    "reclaimTask": claim_task,
    "reportCompleted": claim_task,
    "reportException": claim_task,
    "reportFailed": claim_task,
    "scheduleTask": create_unscheduled_task,
    "taskQueueCounts": ExampleDeployment.create_task,
    "taskQueueCountsBatch": ExampleDeployment.create_task,
}

EXIT_CODES: dict[str, int] = {}
