"""
Messages of the queue: at the time and in the form of the references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox import events
from tccli.sandbox.collation import sort_key
from tests.sandbox.queue_client import API, DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tccli.sandbox.server import Server
    from tests.sandbox.message_recorder import MessageRecorder
    from tests.sandbox.queue_client import QueueClient

WORKER = "group.worker"


def key(task_id: str, run: str = "_", worker: str = "_._", group: str = "") -> str:
    """
    Return the routing key of a message about a task.
    """
    return f"primary.{task_id}.{run}.{worker}.proj.ci.-.{group or task_id}._"


def resolve(queue: QueueClient, how: str, payload: Any = None) -> None:
    """
    Claim the next task, and report the end of its run.
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
def test_the_life_of_a_task(queue: QueueClient, recorder: MessageRecorder, how: str, payload: Any, event: str) -> None:
    """
    Defined, pending, running, resolved, with tags and with a copy for each route; then its group is resolved.
    """
    task_id = queue.create(routes=["a.b", "c"], tags={"x": "y"})
    resolve(queue, how, payload)
    found = recorder.take_all()

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


def test_creating_a_task_again_repeats_task_pending(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    As with the service; a rejected call publishes nothing.
    """
    definition = queue.definition()
    task_id = taskcluster.slugId()
    for payload, status in ((definition, 200), (definition, 200), ({**definition, "retries": 1}, 409)):
        assert status == queue.send("PUT", f"{API}/task/{task_id}", payload).status

    assert ["taskDefined", "taskPending", "taskPending"] == [name for name, _ in recorder.take()]


def test_a_task_waits_for_another(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    It is pending after the other has completed; the group is resolved after the last task.
    """
    first = queue.create()
    second = queue.create(dependencies=[first], taskGroupId=first)
    recorder.take()
    resolve(queue, "completed")
    resolve(queue, "completed")

    assert [
        ("taskRunning", key(first, "0", WORKER)),
        ("taskCompleted", key(first, "0", WORKER)),
        ("taskPending", key(second, "0", group=first)),
        ("taskRunning", key(second, "0", WORKER, first)),
        ("taskCompleted", key(second, "0", WORKER, first)),
        ("taskGroupResolved", f"primary.{first}.-._"),
    ] == recorder.take()


def test_scheduled_cancelled_rerun(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    One message for each change, with the run id.
    """
    other = queue.create()
    task_id = queue.create(dependencies=[other])
    recorder.take()
    for what in ("schedule", "schedule", "cancel", "rerun"):
        assert 200 == queue.post(f"/task/{task_id}/{what}").status

    assert [
        ("taskPending", key(task_id, "0")),
        ("taskException", key(task_id, "0")),
        ("taskGroupResolved", f"primary.{task_id}.-._"),
        ("taskPending", key(task_id, "1")),
    ] == recorder.take()


def test_a_retried_run_publishes_only_task_pending(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    After worker-shutdown, and after an expired claim; without retries left, it is an exception.
    """
    task_id = queue.create(retries=2)
    resolve(queue, "exception", {"reason": "worker-shutdown"})
    recorder.take()
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
    ] == recorder.take()


def test_a_deadline_passes(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    TaskException for the run that records it.
    """
    other = queue.create(deadline=queue.timestamp(5 * HOUR))
    task_id = queue.create(dependencies=[other])
    recorder.take()
    queue.pass_time(2 * HOUR)
    queue.status(task_id)

    assert [("taskException", key(task_id, "0")), ("taskGroupResolved", f"primary.{task_id}.-._")] == recorder.take()


def test_groups_are_sealed_and_cancelled(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    TaskException for each task, and taskGroupResolved once.
    """
    group = taskcluster.slugId()
    tasks = sorted((queue.create(taskGroupId=group) for _ in range(2)), key=sort_key)
    recorder.take()
    queue.post(f"/task-group/{group}/seal")
    queue.post(f"/task-group/{group}/cancel")
    found = recorder.take_all()

    assert [
        ("taskGroupSealed", f"primary.{group}.-._"),
        *(("taskException", key(task_id, "0", group=group)) for task_id in tasks),
        ("taskGroupResolved", f"primary.{group}.-._"),
    ] == [(name, written) for name, written, _, _ in found]
    assert found[0][3]["sealed"] == found[-1][3]["sealed"]


def test_priorities_change(queue: QueueClient, recorder: MessageRecorder) -> None:
    """
    Of a task, with the old priority; of a group, with the number of tasks.
    """
    task_id = queue.create()
    recorder.take()
    assert 200 == queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}).status
    assert 200 == queue.post(f"/task-group/{task_id}/priority", {"newPriority": "low"}).status
    (name, written, _, content), (group_name, group_key, _, group) = recorder.take_all()

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
def test_artifacts(queue: QueueClient, recorder: MessageRecorder, artifact: dict[str, str], *, is_said: bool) -> None:
    """
    Only those without bytes; as with the service, none of type s3.
    """
    task_id = queue.create()
    queue.claim()
    recorder.take()
    path = f"/task/{task_id}/runs/0/artifacts/public%2Fname"
    reply = queue.post(path, {**artifact, "expires": queue.timestamp(DAY // 2)})
    found = recorder.take_all()

    assert 200 == reply.status, reply.text
    assert [("artifactCreated", key(task_id, "0", WORKER), "public/name")] * is_said == [
        (name, written, content["artifact"]["name"]) for name, written, _, content in found
    ]


def test_messages_follow_the_commit(sandbox_server: Server, recorder: MessageRecorder) -> None:
    """
    Messages of a rolled back transaction are not published, others not before the commit.
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
        assert [] == recorder.messages
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    publish("at-once")

    assert ["committed", "at-once"] == [content["clientId"] for _, _, _, content in recorder.take_all()]
