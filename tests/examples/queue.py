"""
What the examples of the queue need beyond the common deployment: a task that is not done yet, mostly.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.examples.example_deployment import ARTIFACT, QUEUE, TASK, WORKER, ExampleDeployment
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from collections.abc import Callable


def held(deployment: ExampleDeployment) -> None:
    """
    The task waits for itself, and so until somebody schedules it.
    """
    deployment.make_task(dependencies=[TASK])


def sealed(deployment: ExampleDeployment) -> None:
    """
    The task is pending, and its group takes no other.
    """
    deployment.make_task()
    deployment.call("queue.sealTaskGroup", TASK)


def claimed(deployment: ExampleDeployment) -> None:
    """
    The worker has the task, by its name.
    """
    deployment.claim_task()


def working(deployment: ExampleDeployment) -> None:
    """
    The worker has asked for work, and got the task.
    """
    deployment.make_task()
    deployment.call("queue.claimWork", QUEUE, payload={**WORKER, "tasks": 1})


def failed(deployment: ExampleDeployment) -> None:
    """
    The worker's commands have failed.
    """
    deployment.claim_task()
    deployment.call("queue.reportFailed", TASK, "0")


def depended_upon(deployment: ExampleDeployment) -> None:
    """
    Another task waits for the task.
    """
    deployment.make_task()
    waiting = deployment.call("queue.task", TASK) | {"dependencies": [TASK]}
    deployment.call("queue.createTask", slug(), payload=waiting)


def uploaded(deployment: ExampleDeployment) -> None:
    """
    The artifact's object has its bytes, but nobody has said so to the queue yet.
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
    "cancelTask": ExampleDeployment.make_task,
    "cancelTaskGroup": sealed,
    "changeTaskGroupPriority": ExampleDeployment.make_task,
    "changeTaskPriority": ExampleDeployment.make_task,
    "claimTask": ExampleDeployment.make_task,
    "claimWork": ExampleDeployment.make_task,
    "createArtifact": claimed,
    "finishArtifact": uploaded,
    "getWorker": working,
    "listClaimedTasks": claimed,
    "listDependentTasks": depended_upon,
    "listPendingTasks": ExampleDeployment.make_task,
    "listTaskGroup": failed,
    "listWorkers": working,
    "pendingTasks": ExampleDeployment.make_task,
    "quarantineWorker": working,
    "reclaimTask": claimed,
    "reportCompleted": claimed,
    "reportException": claimed,
    "reportFailed": claimed,
    "scheduleTask": held,
    "taskQueueCounts": ExampleDeployment.make_task,
    "taskQueueCountsBatch": ExampleDeployment.make_task,
}

ENDS_WITH: dict[str, int] = {}
