"""
What the services publish: each message where, when and as the references say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox import events
from tests.sandbox.queues import API, DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tccli.sandbox.server import Server
    from tests.sandbox.amqp_listener import Heard
    from tests.sandbox.queues import Queue

WORKER = "group.worker"


def key(task_id: str, run: str = "_", worker: str = "_._", group: str = "") -> str:
    """
    Return the routing key of a message about a task.
    """
    return f"primary.{task_id}.{run}.{worker}.proj.ci.-.{group or task_id}._"


def resolve(queue: Queue, how: str, payload: Any = None) -> None:
    """
    Take the next task, and end its run.
    """
    (claim,) = queue.claim()
    assert 200 == queue.post(f"/task/{claim['status']['taskId']}/runs/{claim['runId']}/{how}", payload).status


@pytest.mark.parametrize(
    ("how", "payload", "event"),
    [
        pytest.param("completed", None, "taskCompleted", id="completed"),
        pytest.param("failed", None, "taskFailed", id="failed"),
        pytest.param("exception", {"reason": "malformed-payload"}, "taskException", id="exception"),
    ],
)
def test_the_life_of_a_task(queue: Queue, heard: Heard, how: str, payload: Any, event: str) -> None:
    """
    Defined before it is pending, with its tags and a copy for each of its routes; then its group is resolved.
    """
    task_id = queue.create(routes=["a.b", "c"], tags={"x": "y"})
    resolve(queue, how, payload)
    found = heard.take_all()

    assert [
        ("taskDefined", key(task_id)),
        ("taskPending", key(task_id, "0")),
        ("taskRunning", key(task_id, "0", WORKER)),
        (event, key(task_id, "0", WORKER)),
        ("taskGroupResolved", f"primary.{task_id}.-._"),
    ] == [(name, written) for name, written, _, _ in found]
    assert [("route.a.b", "route.c")] * 4 + [()] == [copies for _, _, copies, _ in found]
    assert [{"tags": {"x": "y"}}] * 4 == [content["task"] for _, _, _, content in found[:4]]
    assert ["unscheduled", "pending", "running", how] == [content["status"]["state"] for _, _, _, content in found[:4]]
    assert [1] * 5 == [content["version"] for _, _, _, content in found]


def test_a_task_that_is_made_again_is_pending_again(queue: Queue, heard: Heard) -> None:
    """
    As with the service; one that is refused is not there at all.
    """
    definition = queue.definition()
    task_id = taskcluster.slugId()
    for payload, status in ((definition, 200), (definition, 200), ({**definition, "retries": 1}, 409)):
        assert status == queue.send("PUT", f"{API}/task/{task_id}", payload).status

    assert ["taskDefined", "taskPending", "taskPending"] == [name for name, _ in heard.take()]


def test_a_task_waits_for_another(queue: Queue, heard: Heard) -> None:
    """
    It is pending once the other has completed; their group is resolved with the last of them.
    """
    first = queue.create()
    second = queue.create(dependencies=[first], taskGroupId=first)
    heard.take()
    resolve(queue, "completed")
    resolve(queue, "completed")

    assert [
        ("taskRunning", key(first, "0", WORKER)),
        ("taskCompleted", key(first, "0", WORKER)),
        ("taskPending", key(second, "0", group=first)),
        ("taskRunning", key(second, "0", WORKER, first)),
        ("taskCompleted", key(second, "0", WORKER, first)),
        ("taskGroupResolved", f"primary.{first}.-._"),
    ] == heard.take()


def test_scheduled_cancelled_rerun(queue: Queue, heard: Heard) -> None:
    """
    Each said once, of the run that it is about.
    """
    other = queue.create()
    task_id = queue.create(dependencies=[other])
    heard.take()
    for what in ("schedule", "schedule", "cancel", "rerun"):
        assert 200 == queue.post(f"/task/{task_id}/{what}").status

    assert [
        ("taskPending", key(task_id, "0")),
        ("taskException", key(task_id, "0")),
        ("taskGroupResolved", f"primary.{task_id}.-._"),
        ("taskPending", key(task_id, "1")),
    ] == heard.take()


def test_a_run_that_is_tried_again_is_only_pending_again(queue: Queue, heard: Heard) -> None:
    """
    After worker-shutdown, and after a claim that ended; without retries it is an exception.
    """
    task_id = queue.create(retries=2)
    resolve(queue, "exception", {"reason": "worker-shutdown"})
    heard.take()
    for _ in range(2):
        queue.claim()
        queue.pass_time(21 * MINUTE)
        queue.status(task_id)

    assert [
        ("taskRunning", key(task_id, "1", WORKER)),
        ("taskPending", key(task_id, "2")),
        ("taskRunning", key(task_id, "2", WORKER)),
        ("taskException", key(task_id, "2", WORKER)),
        ("taskGroupResolved", f"primary.{task_id}.-._"),
    ] == heard.take()


def test_a_deadline_passes(queue: Queue, heard: Heard) -> None:
    """
    An exception of the run that was made to say so.
    """
    other = queue.create(deadline=queue.moment(5 * HOUR))
    task_id = queue.create(dependencies=[other])
    heard.take()
    queue.pass_time(2 * HOUR)
    queue.status(task_id)

    assert [("taskException", key(task_id, "0")), ("taskGroupResolved", f"primary.{task_id}.-._")] == heard.take()


def test_groups_are_sealed_and_cancelled(queue: Queue, heard: Heard) -> None:
    """
    An exception for each task, and the group's end once.
    """
    group = taskcluster.slugId()
    tasks = sorted(queue.create(taskGroupId=group) for _ in range(2))
    heard.take()
    queue.post(f"/task-group/{group}/seal")
    queue.post(f"/task-group/{group}/cancel")
    found = heard.take_all()

    assert [
        ("taskGroupSealed", f"primary.{group}.-._"),
        *(("taskException", key(task_id, "0", group=group)) for task_id in tasks),
        ("taskGroupResolved", f"primary.{group}.-._"),
    ] == [(name, written) for name, written, _, _ in found]
    assert found[0][3]["sealed"] == found[-1][3]["sealed"]


def test_priorities_change(queue: Queue, heard: Heard) -> None:
    """
    Of a task, with what it was before; of a group, with how many.
    """
    task_id = queue.create()
    heard.take()
    assert 200 == queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}).status
    assert 200 == queue.post(f"/task-group/{task_id}/priority", {"newPriority": "low"}).status
    (name, written, _, content), (group_name, group_key, _, group) = heard.take_all()

    assert ("taskPriorityChanged", key(task_id)) == (name, written)
    assert ("lowest", "high") == (content["oldPriority"], content["newPriority"])
    assert ("taskGroupPriorityChanged", f"primary.{task_id}.-._") == (group_name, group_key)
    assert ("low", 1) == (group["newPriority"], group["tasksAffected"])


@pytest.mark.parametrize(
    ("artifact", "is_said"),
    [
        pytest.param({"storageType": "link", "artifact": "public/x", "contentType": "text/plain"}, True, id="link"),
        pytest.param({"storageType": "error", "reason": "file-missing-on-worker", "message": "m"}, True, id="error"),
        pytest.param({"storageType": "s3", "contentType": "text/plain"}, False, id="s3"),
    ],
)
def test_artifacts(queue: Queue, heard: Heard, artifact: dict[str, str], *, is_said: bool) -> None:
    """
    Those without bytes; of s3 nothing is said, as with the service.
    """
    task_id = queue.create()
    queue.claim()
    heard.take()
    path = f"/task/{task_id}/runs/0/artifacts/public%2Fname"
    reply = queue.post(path, {**artifact, "expires": queue.moment(DAY // 2)})
    found = heard.take_all()

    assert 200 == reply.status, reply.text
    assert [("artifactCreated", key(task_id, "0", WORKER), "public/name")] * is_said == [
        (name, written, content["artifact"]["name"]) for name, written, _, content in found
    ]


def test_what_is_rolled_back_is_not_published(sandbox_server: Server, heard: Heard) -> None:
    """
    And what is not committed yet is not published yet.
    """
    state = sandbox_server.sandbox.state

    def publish(client_id: str) -> None:
        events.publish(state, "auth.clientCreated", {}, {"version": 1, "clientId": client_id})

    def publish_and_fail() -> None:
        with state.store.transaction():
            publish("never")
            raise ZeroDivisionError

    with state.store.transaction():
        publish("committed")
        assert [] == heard.messages
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    publish("at-once")

    assert ["committed", "at-once"] == [content["clientId"] for _, _, _, content in heard.take_all()]
