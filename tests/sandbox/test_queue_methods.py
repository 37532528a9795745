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


@pytest.mark.parametrize("name", ["created", "deadline", "expires"])
@pytest.mark.parametrize("text", ["2090-01-01T23:59:60Z", "2090-01-01T00:00:00+24:00"])
def test_a_task_with_a_time_that_is_none(queue: QueueClient, name: str, text: str) -> None:
    """
    It passes the schema and all comparisons, and is stored as the start of 1970.
    """
    reply = queue.send("PUT", f"{API}/task/{taskcluster.slugId()}", queue.definition(**{name: text}))

    assert 200 == reply.status
    assert name == "created" or "1970-01-01T00:00:00.000Z" == reply.json["status"][name]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2090-01-01T23:59:60Z", "2090-01-02T00:00:00.000Z"),
        ("2090-01-01T00:00:00+15:59", "2089-12-31T08:01:00.000Z"),
        ("2090-01-01T00:00:00+16:00", None),
        ("2090-01-01T23:59:60.5Z", None),
        ("0000-01-01T00:00:00Z", None),
    ],
)
def test_the_database_parses_times_of_workers(queue: QueueClient, text: str, found: str | None) -> None:
    """
    Those of a declaration and of a quarantine.
    """
    path = f"{API}/provisioners/proj/worker-types/ci"
    queue.send("PUT", f"{path}/group/worker", {"expires": queue.timestamp(HOUR)})
    declared = queue.send("PUT", f"{path}/group/worker", {"expires": text})
    quarantined = queue.send("PUT", f"{path}/workers/group/worker", {"quarantineUntil": text})

    assert [200 if found else 500] * 2 == [declared.status, quarantined.status]
    assert found is None or [found] * 2 == [quarantined.json[name] for name in ("expires", "quarantineUntil")]


def test_failures_of_the_service(queue: QueueClient) -> None:
    """
    500 where it records the end of a claim that no worker has, where a run id has more than 32 bits, and where a
    declared worker has expired.
    """
    task_id = queue.create()
    huge = f"/task/{task_id}/runs/99999999999"
    artifacts = [f"{huge}/{kind}/{ARTIFACT}" for kind in ("artifacts", "artifact-info", "artifact-content")]
    past = {"expires": queue.timestamp(-HOUR)}

    assert 500 == queue.post(f"/task/{task_id}/runs/0/reclaim").status
    assert {500} == {
        queue.post(path, {"taskIds": [text]}).status
        for path in ("/tasks", "/tasks/status")
        for text in ("\0", "\ud800")
    }
    assert {500} == {queue.send("GET", API + path).status for path in artifacts}
    assert 404 == queue.send("GET", f"{API}{huge}/artifacts").status
    assert 500 == queue.send("PUT", f"{API}/provisioners/proj/worker-types/ci/group/late", past).status


@pytest.mark.parametrize("name", ["listPendingTasks", "listClaimedTasks", "taskQueueCounts", "pendingTasks"])
def test_an_empty_task_queue_id_is_not_valid(queue: QueueClient, name: str) -> None:
    """
    400, not a path without a route.
    """
    verb, path = target(name, {"taskQueueId": ""})

    assert "InvalidRequestArguments" == queue.send(verb, path).code


def test_an_odd_token_is_rejected_before_the_task_is_looked_up(queue: QueueClient) -> None:
    """
    400 for a task that does not exist.
    """
    path = f"{API}/task/{taskcluster.slugId()}/dependents"

    assert "InputError" == queue.send("GET", f"{path}?continuationToken=!").code
    assert "ResourceNotFound" == queue.send("GET", f"{path}?continuationToken=a").code
