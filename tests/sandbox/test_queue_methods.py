"""
Each method of the queue with a valid call, whose response the sandbox validates, and with invalid ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli import references
from tests.sandbox.queue_client import API, DAY, HOUR, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import HttpResponse
    from tests.sandbox.queue_client import QueueClient

METHODS = [method for method in references.service("queue").methods.values() if method.category != "Monitoring"]
NAMES = [method.name for method in METHODS]
ARTIFACT = "public/a"


def target(name: str, values: dict[str, str]) -> tuple[str, str]:
    """
    Return verb and path of a method.
    """
    method = references.method("queue", name)
    path = method.route
    for argument in method.args:
        path = path.replace(f"<{argument}>", values[argument].replace("/", "%2F"))
    return method.verb, API + path


def arguments(task_id: str) -> dict[str, str]:
    """
    Return path arguments for all methods.
    """
    names = {"taskId": task_id, "taskGroupId": task_id, "runId": "0", "name": ARTIFACT, "taskQueueId": "proj/ci"}
    return {**names, "provisionerId": "proj", "workerType": "ci", "workerGroup": "group", "workerId": "worker"}


def payloads(queue: QueueClient, task_id: str) -> dict[str, Any]:
    """
    Return a valid payload for each method that takes one.
    """
    moment = queue.timestamp(HOUR)
    return {
        "createTask": queue.definition(),
        "claimWork": {**WORKER, "tasks": 1},
        "claimTask": WORKER,
        "createArtifact": {"storageType": "reference", "url": "https://x", "contentType": "a/b", "expires": moment},
        "finishArtifact": {"uploadId": taskcluster.slugId()},
        "reportException": {"reason": "internal-error"},
        "declareWorker": {"expires": queue.timestamp(DAY)},
        "quarantineWorker": {"quarantineUntil": moment, "quarantineInfo": ""},
        "changeTaskPriority": {"newPriority": "high"},
        "changeTaskGroupPriority": {"newPriority": "high"},
        "tasks": {"taskIds": [task_id]},
        "statuses": {"taskIds": [task_id]},
        "taskQueueCountsBatch": {"taskQueueIds": ["proj/ci"]},
    }


def prepare(queue: QueueClient, name: str) -> str:
    """
    Create what a method needs: a task, and for most a claim and an artifact.
    """
    if name == "createTask":
        return str(taskcluster.slugId())
    task_id = queue.create()
    if name not in {"claimTask", "claimWork"}:
        queue.claim()
        if name != "createArtifact":
            verb, path = target("createArtifact", arguments(task_id))
            queue.send(verb, path, payloads(queue, task_id)["createArtifact"])
    if name == "cancelTaskGroup":
        queue.post(f"/task-group/{task_id}/seal")
    return task_id


@pytest.mark.parametrize("name", [name for name in NAMES if name != "finishArtifact"])
def test_responses_match_the_reference(queue: QueueClient, name: str) -> None:
    """
    200, or 303 for a redirect to an artifact. The sandbox of the fixture fails if a response does not match its schema.
    """
    task_id = prepare(queue, name)
    verb, path = target(name, arguments(task_id))
    reply = queue.send(verb, path, payloads(queue, task_id).get(name))

    assert (303 if name in {"getArtifact", "getLatestArtifact"} else 200) == reply.status, reply.text


def test_unknown_tasks_groups_workers_and_queues_are_not_found(queue: QueueClient) -> None:
    """
    404 ResourceNotFound; for createArtifact 400 InputError.
    """
    lookups = {"getWorker", "quarantineWorker", "getTaskQueue", "getWorkerType", "getProvisioner"}
    lookups |= {method.name for method in METHODS if {"taskId", "taskGroupId"} & set(method.args)} - {"createTask"}
    task_id = taskcluster.slugId()
    wrong = []
    for name in sorted(lookups):
        verb, path = target(name, arguments(task_id))
        reply = queue.send(verb, path, payloads(queue, task_id).get(name))
        expected = (400, "InputError") if name == "createArtifact" else (404, "ResourceNotFound")
        if (reply.status, reply.code) != expected:
            wrong.append((name, reply.status, reply.code))

    assert not wrong


def test_invalid_payloads_are_errors(queue: QueueClient) -> None:
    """
    400 InputValidationError for an unknown property, before the task is looked up.
    """
    wrong = []
    for method in METHODS:
        if method.input is not None:
            verb, path = target(method.name, arguments(taskcluster.slugId()))
            reply = queue.send(verb, path, {"surprise": 1})
            if (reply.status, reply.code) != (400, "InputValidationError"):
                wrong.append((method.name, reply.status, reply.code))

    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_scopes_are_needed(queue: QueueClient, send: Callable[..., HttpResponse], name: str) -> None:
    """
    An anonymous caller has only the anonymous role's scopes: 403, and nothing changes.
    """
    task_id = prepare(queue, name)
    before = queue.get(f"/task-group/{task_id}/list").get("tasks")
    verb, path = target(name, arguments(task_id))
    reply = send(verb, path, payloads(queue, task_id).get(name), signed=False)
    allowed = verb == "GET" or name in {"tasks", "statuses"}

    if not allowed or name in {"listPendingTasks", "listClaimedTasks", "taskQueueCounts", "listTaskQueues"}:
        assert (403, "InsufficientScopes") == (reply.status, reply.code)
    assert before == queue.get(f"/task-group/{task_id}/list").get("tasks")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("priority", "normal", id="priority"),
        pytest.param("retries", 50, id="retries"),
        pytest.param("requires", "some", id="requires"),
        pytest.param("routes", ["a" * 250], id="route"),
        pytest.param("scopes", ["\n"], id="scope"),
        pytest.param("tags", {"a": 1}, id="tag"),
        pytest.param("dependencies", ["x"], id="dependency"),
        pytest.param("taskGroupId", "x", id="group"),
        pytest.param("metadata", {"name": "n"}, id="metadata"),
        pytest.param("surprise", 1, id="unknown"),
    ],
)
def test_limits_of_the_schemas(queue: QueueClient, field: str, value: Any) -> None:
    """
    400 InputValidationError.
    """
    definition = queue.definition(**{field: value})
    reply = queue.send("PUT", f"{API}/task/{taskcluster.slugId()}", definition)

    assert (400, "InputValidationError") == (reply.status, reply.code)


@pytest.mark.parametrize("path", ["/task/x", "/task-queues/proj", "/provisioners/a.b", "/task-group/y"])
def test_arguments_have_patterns(queue: QueueClient, path: str) -> None:
    """
    400 InvalidRequestArguments.
    """
    reply = queue.send("GET", API + path)

    assert (400, "InvalidRequestArguments") == (reply.status, reply.code)


def test_the_quarantined_filter_is_true_or_false(queue: QueueClient) -> None:
    """
    Otherwise 400 InvalidRequestArguments.
    """
    reply = queue.send("GET", f"{API}/provisioners/proj/worker-types/ci/workers?quarantined=maybe")

    assert (400, "InvalidRequestArguments") == (reply.status, reply.code)
