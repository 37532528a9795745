"""
What the examples of the queue need beyond the common world: a task that is not done yet, mostly.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.examples.example_deployment import ARTIFACT, QUEUE, TASK, WORKER, World
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from collections.abc import Callable


def held(world: World) -> None:
    """
    The task waits for itself, and so until somebody schedules it.
    """
    world.make_task(dependencies=[TASK])


def sealed(world: World) -> None:
    """
    The task is pending, and its group takes no other.
    """
    world.make_task()
    world.call("queue.sealTaskGroup", TASK)


def claimed(world: World) -> None:
    """
    The worker has the task, by its name.
    """
    world.claim_task()


def working(world: World) -> None:
    """
    The worker has asked for work, and got the task.
    """
    world.make_task()
    world.call("queue.claimWork", QUEUE, payload={**WORKER, "tasks": 1})


def failed(world: World) -> None:
    """
    The worker's commands have failed.
    """
    world.claim_task()
    world.call("queue.reportFailed", TASK, "0")


def depended_upon(world: World) -> None:
    """
    Another task waits for the task.
    """
    world.make_task()
    waiting = world.call("queue.task", TASK) | {"dependencies": [TASK]}
    world.call("queue.createTask", slug(), payload=waiting)


def uploaded(world: World) -> None:
    """
    The artifact's object has its bytes, but nobody has said so to the queue yet.
    """
    world.claim_task()
    content = {"storageType": "object", "contentType": "application/gzip", "expires": later(hours=1)}
    upload = world.call("queue.createArtifact", TASK, "0", ARTIFACT, payload=content)
    data = b"a build\n" * 100
    world.sandbox.storage.keep("objects", upload["name"], data, "application/gzip")
    hashes = {algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in ("sha256", "sha512")}
    finish = {"projectId": upload["projectId"], "uploadId": upload["uploadId"], "hashes": hashes}
    world.call("object.finishUpload", upload["name"], payload=finish)
    world.variables["UPLOAD_ID"] = upload["uploadId"]


PREPARE: dict[str, Callable[[World], None]] = {
    "cancelTask": World.make_task,
    "cancelTaskGroup": sealed,
    "changeTaskGroupPriority": World.make_task,
    "changeTaskPriority": World.make_task,
    "claimTask": World.make_task,
    "claimWork": World.make_task,
    "createArtifact": claimed,
    "finishArtifact": uploaded,
    "getWorker": working,
    "listClaimedTasks": claimed,
    "listDependentTasks": depended_upon,
    "listPendingTasks": World.make_task,
    "listTaskGroup": failed,
    "listWorkers": working,
    "pendingTasks": World.make_task,
    "quarantineWorker": working,
    "reclaimTask": claimed,
    "reportCompleted": claimed,
    "reportException": claimed,
    "reportFailed": claimed,
    "scheduleTask": held,
    "taskQueueCounts": World.make_task,
    "taskQueueCountsBatch": World.make_task,
}

ENDS_WITH: dict[str, int] = {}
