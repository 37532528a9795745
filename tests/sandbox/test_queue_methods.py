"""
Every method of the queue once well, held against its schema by the sandbox itself, and once not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli import references
from tests.sandbox.queues import API, DAY, HOUR, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Reply
    from tests.sandbox.queues import Queue

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
    Return path arguments that fit all methods.
    """
    names = {"taskId": task_id, "taskGroupId": task_id, "runId": "0", "name": ARTIFACT, "taskQueueId": "proj/ci"}
    return {**names, "provisionerId": "proj", "workerType": "ci", "workerGroup": "group", "workerId": "worker"}


def payloads(queue: Queue, task_id: str) -> dict[str, Any]:
    """
    Return a good payload for each method that takes one.
    """
    moment = queue.moment(HOUR)
    return {
        "createTask": queue.definition(),
        "claimWork": {**WORKER, "tasks": 1},
        "claimTask": WORKER,
        "createArtifact": {"storageType": "reference", "url": "https://x", "contentType": "a/b", "expires": moment},
        "finishArtifact": {"uploadId": taskcluster.slugId()},
        "reportException": {"reason": "internal-error"},
        "declareWorker": {"expires": queue.moment(DAY)},
        "quarantineWorker": {"quarantineUntil": moment, "quarantineInfo": ""},
        "changeTaskPriority": {"newPriority": "high"},
        "changeTaskGroupPriority": {"newPriority": "high"},
        "tasks": {"taskIds": [task_id]},
        "statuses": {"taskIds": [task_id]},
        "taskQueueCountsBatch": {"taskQueueIds": ["proj/ci"]},
    }


def prepare(queue: Queue, name: str) -> str:
    """
    Bring about what a method needs: a task, with a worker and an artifact for most.
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
def test_answers_as_the_reference_says(queue: Queue, name: str) -> None:
    """
    200, or 303 where it leads to an artifact. The fixture's sandbox refuses to answer what does not fit its schema.
    """
    task_id = prepare(queue, name)
    verb, path = target(name, arguments(task_id))
    reply = queue.send(verb, path, payloads(queue, task_id).get(name))

    assert (303 if name in {"getArtifact", "getLatestArtifact"} else 200) == reply.status, reply.text


@pytest.mark.parametrize("name", [method.name for method in METHODS if "taskId" in method.args])
def test_unknown_tasks_are_not_found(queue: Queue, name: str) -> None:
    """
    404 ResourceNotFound; only createArtifact takes it for a mistake in the input.
    """
    if name == "createTask":
        return
    task_id = taskcluster.slugId()
    verb, path = target(name, arguments(task_id))
    reply = queue.send(verb, path, payloads(queue, task_id).get(name))

    expected = (400, "InputError") if name == "createArtifact" else (404, "ResourceNotFound")
    assert expected == (reply.status, reply.code)


@pytest.mark.parametrize("name", [method.name for method in METHODS if "taskGroupId" in method.args])
def test_unknown_groups_are_not_found(queue: Queue, name: str) -> None:
    """
    404 ResourceNotFound.
    """
    verb, path = target(name, arguments(taskcluster.slugId()))
    reply = queue.send(verb, path, payloads(queue, "").get(name))

    assert (404, "ResourceNotFound") == (reply.status, reply.code)


@pytest.mark.parametrize("name", ["getWorker", "quarantineWorker", "getTaskQueue", "getWorkerType", "getProvisioner"])
def test_unknown_workers_and_queues_are_not_found(queue: Queue, name: str) -> None:
    """
    404 ResourceNotFound.
    """
    verb, path = target(name, arguments(taskcluster.slugId()))
    reply = queue.send(verb, path, payloads(queue, "").get(name))

    assert (404, "ResourceNotFound") == (reply.status, reply.code)


@pytest.mark.parametrize("name", [method.name for method in METHODS if method.input is not None])
def test_wrong_payloads_are_refused(queue: Queue, name: str) -> None:
    """
    400 InputValidationError, before anybody looks whether there is a task.
    """
    verb, path = target(name, arguments(taskcluster.slugId()))
    reply = queue.send(verb, path, {"surprise": 1})

    assert (400, "InputValidationError") == (reply.status, reply.code)


@pytest.mark.parametrize("name", NAMES)
def test_scopes_are_needed(queue: Queue, send: Callable[..., Reply], name: str) -> None:
    """
    Nobody in particular may do what the anonymous role does not allow: 403, and nothing has changed.
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
def test_limits_of_the_schema_hold(queue: Queue, field: str, value: Any) -> None:
    """
    400 InputValidationError.
    """
    definition = queue.definition(**{field: value})
    reply = queue.send("PUT", f"{API}/task/{taskcluster.slugId()}", definition)

    assert (400, "InputValidationError") == (reply.status, reply.code)


@pytest.mark.parametrize("path", ["/task/x", "/task-queues/proj", "/provisioners/a.b", "/task-group/y"])
def test_arguments_have_patterns(queue: Queue, path: str) -> None:
    """
    400 InvalidRequestArguments.
    """
    reply = queue.send("GET", API + path)

    assert (400, "InvalidRequestArguments") == (reply.status, reply.code)


def test_a_quarantined_filter_is_true_or_false(queue: Queue) -> None:
    """
    Anything else is 400 InvalidRequestArguments.
    """
    reply = queue.send("GET", f"{API}/provisioners/proj/worker-types/ci/workers?quarantined=maybe")

    assert (400, "InvalidRequestArguments") == (reply.status, reply.code)
