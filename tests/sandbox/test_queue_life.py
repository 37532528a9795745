"""
The life of a task: all transitions between states, and errors on the way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.clock import from_json, to_database_json
from tccli.sandbox.collation import sort_key
from tests.sandbox.queue_client import DAY, HOUR, MINUTE, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.queue_client import QueueClient

RUN = ("scheduled", "running", "")


def test_a_task_runs_and_completes(queue: QueueClient) -> None:
    """
    Pending, running, completed; repeating the report succeeds, another report is an error.
    """
    task_id = queue.create()
    assert [("scheduled", "pending", "")] == queue.runs(task_id)
    claim = queue.claim()[0]
    assert [RUN] == queue.runs(task_id)
    assert (task_id, 0, "group", "worker") == (
        claim["status"]["taskId"],
        claim["runId"],
        claim["workerGroup"],
        claim["workerId"],
    )
    path = f"/task/{task_id}/runs/0"
    done = queue.post(f"{path}/completed")

    assert "completed" == done.json["status"]["state"]
    assert 200 == queue.post(f"{path}/completed").status
    for other in ("failed", "reclaim"):
        assert (409, "RequestConflict") == ((again := queue.post(f"{path}/{other}")).status, again.code)


@pytest.mark.parametrize(
    ("report", "payload", "runs"),
    [
        pytest.param("failed", None, [("scheduled", "failed", "failed")], id="failed"),
        pytest.param(
            "exception",
            {"reason": "malformed-payload"},
            [("scheduled", "exception", "malformed-payload")],
            id="malformed",
        ),
        pytest.param(
            "exception",
            {"reason": "worker-shutdown"},
            [("scheduled", "exception", "worker-shutdown"), ("retry", "pending", "")],
            id="worker-shutdown",
        ),
        pytest.param(
            "exception",
            {"reason": "intermittent-task"},
            [("scheduled", "exception", "intermittent-task"), ("task-retry", "pending", "")],
            id="intermittent-task",
        ),
    ],
)
def test_exceptions(queue: QueueClient, report: str, payload: Any, runs: list[tuple[str, str, str]]) -> None:
    """
    Two reasons are retried; repeating the report succeeds.
    """
    task_id = queue.create()
    queue.claim()

    for _ in range(2):
        assert 200 == queue.post(f"/task/{task_id}/runs/0/{report}", payload).status
        assert runs == queue.runs(task_id)


def test_retries_are_limited(queue: QueueClient) -> None:
    """
    Without retries left, worker-shutdown resolves the task.
    """
    task_id = queue.create(retries=1)
    for run_id in range(2):
        queue.claim()
        queue.post(f"/task/{task_id}/runs/{run_id}/exception", {"reason": "worker-shutdown"})

    assert ["scheduled", "retry"] == [created for created, _, _ in queue.runs(task_id)]
    assert ("exception", 0) == ((status := queue.status(task_id))["state"], status["retriesLeft"])


def test_claims_expire(queue: QueueClient) -> None:
    """
    After twenty minutes: claim-expired, and another run. Reclaiming adds twenty minutes.
    """
    task_id = queue.create()
    queue.claim()
    queue.pass_time(15 * MINUTE)
    assert 200 == queue.post(f"/task/{task_id}/runs/0/reclaim").status
    queue.pass_time(15 * MINUTE)
    assert [RUN] == queue.runs(task_id)
    queue.pass_time(6 * MINUTE)

    assert [("scheduled", "exception", "claim-expired"), ("retry", "pending", "")] == queue.runs(task_id)
    assert 4 == queue.status(task_id)["retriesLeft"]
    assert 409 == queue.post(f"/task/{task_id}/runs/0/completed").status
    assert 1 == queue.claim()[0]["runId"]


@pytest.mark.parametrize("state", ["unscheduled", "pending", "running"])
def test_deadlines_pass(queue: QueueClient, state: str) -> None:
    """
    Unresolved tasks become exceptions, and cannot be changed any more.
    """
    blocker = queue.create(deadline=queue.timestamp(3 * HOUR), taskQueueId="proj/other")
    task_id = queue.create(dependencies=[blocker] if state == "unscheduled" else [])
    if state == "running":
        queue.claim()
    assert state == queue.status(task_id)["state"]
    queue.pass_time(HOUR + MINUTE)

    created = "exception" if state == "unscheduled" else "scheduled"
    assert [(created, "exception", "deadline-exceeded")] == queue.runs(task_id)
    assert "pending" == queue.status(blocker)["state"]
    for action in ("schedule", "rerun", "cancel", "runs/0/claim", "runs/0/reclaim"):
        reply = queue.post(f"/task/{task_id}/{action}", WORKER if action.endswith("/claim") else None)
        assert (409, "RequestConflict") == (reply.status, reply.code), action


def test_tasks_expire(queue: QueueClient) -> None:
    """
    Then they are not found, and neither is their group.
    """
    task_id = queue.create()
    queue.pass_time(DAY + MINUTE)

    assert 404 == queue.send("GET", f"/api/queue/v1/task/{task_id}").status
    assert 404 == queue.send("GET", f"/api/queue/v1/task-group/{task_id}").status


def test_resolved_tasks_can_be_rerun(queue: QueueClient) -> None:
    """
    With all retries; pending and running tasks do not change.
    """
    task_id = queue.create(retries=2)
    queue.claim()
    queue.post(f"/task/{task_id}/runs/0/exception", {"reason": "worker-shutdown"})
    queue.claim()
    queue.post(f"/task/{task_id}/runs/1/completed")
    again = queue.post(f"/task/{task_id}/rerun").json["status"]

    assert ("pending", 2, "rerun") == (again["state"], again["retriesLeft"], again["runs"][2]["reasonCreated"])
    assert again == queue.post(f"/task/{task_id}/rerun").json["status"]
    assert 2 == queue.claim()[0]["runId"]


def test_a_task_has_at_most_fifty_runs(queue: QueueClient) -> None:
    """
    The fifty-first is an error.
    """
    task_id = queue.create()
    for number in range(50):
        assert 200 == queue.post(f"/task/{task_id}/cancel").status
        reply = queue.post(f"/task/{task_id}/rerun")
        assert (200 if number < 49 else 409) == reply.status

    assert 50 == len(queue.runs(task_id))


def test_unscheduled_tasks_can_be_scheduled_rerun_and_cancelled(queue: QueueClient) -> None:
    """
    Whatever their dependencies are, even on themselves.
    """
    ids = [taskcluster.slugId() for _ in range(3)]
    for task_id in ids:
        queue.create(task_id, dependencies=[task_id])
        assert "unscheduled" == queue.status(task_id)["state"]
    for task_id, action in zip(ids, ("schedule", "rerun", "cancel"), strict=True):
        for _ in range(2):
            assert 200 == queue.post(f"/task/{task_id}/{action}").status

    assert [("scheduled", "pending", "")] == queue.runs(ids[0])
    assert [("rerun", "pending", "")] == queue.runs(ids[1])
    assert [("exception", "exception", "canceled")] == queue.runs(ids[2])


def test_dependencies_delay_a_task(queue: QueueClient) -> None:
    """
    Until all of them are resolved as required; a satisfied dependency stays satisfied.
    """
    first, second = queue.create(), queue.create()
    for_both = queue.create(dependencies=[first, second], taskQueueId="proj/later")
    for_any_end = queue.create(dependencies=[first, second], requires="all-resolved", taskQueueId="proj/later")
    queue.claim(2)
    queue.post(f"/task/{first}/runs/0/completed")
    queue.post(f"/task/{first}/rerun")
    assert "unscheduled" == queue.status(for_both)["state"]
    queue.post(f"/task/{second}/runs/0/failed")

    assert ("unscheduled", "pending") == (queue.status(for_both)["state"], queue.status(for_any_end)["state"])
    queue.post(f"/task/{second}/rerun")
    claims = {claim["status"]["taskId"]: claim["runId"] for claim in queue.claim(2)}
    queue.post(f"/task/{second}/runs/{claims[second]}/completed")
    assert "pending" == queue.status(for_both)["state"]
    listed = queue.get(f"/task/{first}/dependents")["tasks"]
    assert sorted([for_both, for_any_end], key=sort_key) == [entry["status"]["taskId"] for entry in listed]


def test_completed_dependencies_do_not_delay_a_task(queue: QueueClient) -> None:
    """
    The task is pending at once.
    """
    first = queue.create()
    queue.claim()
    queue.post(f"/task/{first}/runs/0/completed")

    assert "pending" == queue.status(queue.create(dependencies=[first]))["state"]


def test_missing_dependencies_are_an_error(queue: QueueClient) -> None:
    """
    400 without a task, so the id can be used again. So are dependencies that expire too early.
    """
    task_id, missing = taskcluster.slugId(), taskcluster.slugId()
    short = queue.create(expires=queue.timestamp(HOUR + MINUTE))
    for dependency, expected in ((missing, "non-existing"), (short, "expires")):
        definition = queue.definition(dependencies=[dependency], deadline=queue.timestamp(2 * HOUR))
        reply = queue.send("PUT", f"/api/queue/v1/task/{task_id}", definition)
        assert (400, "InputError") == (reply.status, reply.code)
        assert expected in reply.message
        assert 404 == queue.send("GET", f"/api/queue/v1/task/{task_id}").status

    queue.create(task_id)


def test_the_most_urgent_comes_first(queue: QueueClient) -> None:
    """
    By priority, then by age; a new priority of a pending task counts at once.
    """
    low, first, second, high = (queue.create(priority=priority) for priority in ("low", "medium", "medium", "highest"))
    changed = queue.post(f"/task/{low}/priority", {"newPriority": "very-high"}).json["status"]

    assert "very-high" == changed["priority"]
    assert [high, low] == [claim["status"]["taskId"] for claim in queue.claim(2)]
    assert [first, second] == [claim["status"]["taskId"] for claim in queue.claim(5)]


def test_priorities_of_resolved_tasks_do_not_change(queue: QueueClient) -> None:
    """
    409 some seconds later, also after a rerun, which preserves earlier changes; a priority that the task has already is
    409, too.
    """
    task_id = queue.create()
    assert [200, 409] == [queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}).status for _ in range(2)]
    queue.post(f"/task/{task_id}/cancel")
    assert 200 == queue.post(f"/task/{task_id}/priority", {"newPriority": "very-high"}).status
    assert 200 == queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}).status
    queue.pass_time(5000)
    assert 409 == queue.post(f"/task/{task_id}/priority", {"newPriority": "low"}).status

    assert "high" == queue.post(f"/task/{task_id}/rerun").json["status"]["priority"]
    assert 409 == queue.post(f"/task/{task_id}/priority", {"newPriority": "low"}).status


def test_priorities_of_retried_tasks_change(queue: QueueClient) -> None:
    """
    A run that is retried does not resolve the task.
    """
    task_id = queue.create()
    queue.claim()
    queue.post(f"/task/{task_id}/runs/0/exception", {"reason": "worker-shutdown"})
    queue.pass_time(5000)

    assert 200 == queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}).status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(lambda queue, _id: queue.pass_time(14 * MINUTE), 200, id="within 15 minutes"),
        pytest.param(lambda queue, _id: queue.pass_time(16 * MINUTE), 400, id="later"),
        pytest.param(lambda queue, task_id: queue.post(f"/task-group/{task_id}/seal"), 409, id="sealed"),
        pytest.param(
            lambda queue, task_id: queue.post(f"/task/{task_id}/priority", {"newPriority": "high"}), 409, id="priority"
        ),
        pytest.param(lambda queue, task_id: queue.post(f"/task/{task_id}/cancel"), 200, id="resolved"),
    ],
)
def test_creating_an_identical_task_again(
    queue: QueueClient, change: Callable[[QueueClient, str], Any], status: int
) -> None:
    """
    Succeeds as long as created is recent, the group is open and the priority is that of the definition.
    """
    task_id, definition = taskcluster.slugId(), queue.definition()
    target = f"/api/queue/v1/task/{task_id}"
    assert 200 == queue.send("PUT", target, definition).status
    change(queue, task_id)

    assert status == queue.send("PUT", target, definition).status


@pytest.mark.parametrize(
    ("days", "minutes", "status"), [(5, 14, 200), (5, 16, 400)], ids=["within the grace", "after it"]
)
def test_a_deadline_has_a_grace_of_fifteen_minutes(queue: QueueClient, days: int, minutes: int, status: int) -> None:
    """
    Beyond the five days.
    """
    deadline, expires = queue.timestamp(days * DAY + minutes * MINUTE), queue.timestamp(30 * DAY)
    definition = queue.definition(deadline=deadline, expires=expires)

    assert status == queue.send("PUT", f"/api/queue/v1/task/{taskcluster.slugId()}", definition).status


def test_groups_are_sealed_and_cancelled(queue: QueueClient) -> None:
    """
    A sealed group accepts no task; only a sealed group can be cancelled.
    """
    group = taskcluster.slugId()
    done, running, waiting = (queue.create(taskGroupId=group) for _ in range(3))
    queue.claim(2)
    queue.post(f"/task/{done}/runs/0/completed")
    error = queue.post(f"/task-group/{group}/cancel")
    sealed = queue.post(f"/task-group/{group}/seal").json
    queue.pass_time(MINUTE)

    assert (409, "RequestConflict") == (error.status, error.code)
    assert sealed == queue.post(f"/task-group/{group}/seal").json
    late = queue.send("PUT", f"/api/queue/v1/task/{taskcluster.slugId()}", queue.definition(taskGroupId=group))
    assert 403 == queue.post(f"/task-group/{group}/cancel", scopes=[]).status
    assert 409 == queue.post(f"/task-group/{queue.create()}/cancel", scopes=[]).status
    assert (409, "RequestConflict") == (late.status, late.code)
    cancelled = queue.post(f"/task-group/{group}/cancel").json
    assert (3, 2, sorted([running, waiting])) == (
        cancelled["taskGroupSize"],
        cancelled["cancelledCount"],
        sorted(cancelled["taskIds"]),
    )
    assert 0 == queue.post(f"/task-group/{group}/cancel").json["cancelledCount"]
    assert "completed" == queue.status(done)["state"]


def test_priorities_of_groups_change(queue: QueueClient) -> None:
    """
    Of tasks that are not resolved, and have another priority.
    """
    group = taskcluster.slugId()
    first, second = (queue.create(taskGroupId=group) for _ in range(2))
    queue.post(f"/task/{first}/cancel")
    queue.pass_time(5000)
    changed = queue.post(f"/task-group/{group}/priority", {"newPriority": "high"}).json

    assert (1, [second], "high") == (changed["tasksAffected"], changed["taskIds"], changed["newPriority"])
    assert ("lowest", "high") == (queue.status(first)["priority"], queue.status(second)["priority"])
    again = queue.post(f"/task-group/{group}/priority", {"newPriority": "high"}).json
    assert (0, []) == (again["tasksAffected"], again["taskIds"])


def test_claims_show_the_database_s_format_of_time(queue: QueueClient) -> None:
    """
    Of takenUntil, other than a reclaim and the status, where it stays when the task is cancelled.
    """
    task_id = queue.create()
    (claim,) = queue.claim()
    (run,) = queue.status(task_id)["runs"]

    assert re.fullmatch(r"[-\dT:]{19}(\.\d{0,2}[1-9])?\+00:00", claim["takenUntil"])
    assert from_json(run["takenUntil"]) == from_json(claim["takenUntil"])
    assert run["takenUntil"].endswith("Z")
    again = queue.post(f"/task/{task_id}/runs/0/reclaim").json["takenUntil"]
    assert again.endswith("Z")
    queue.post(f"/task/{task_id}/cancel")
    assert again == queue.status(task_id)["runs"][0]["takenUntil"]


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(1_700_000_000_000, "2023-11-14T22:13:20+00:00", id="whole second"),
        pytest.param(1_700_000_000_500, "2023-11-14T22:13:20.5+00:00", id="a tenth"),
        pytest.param(1_700_000_000_004, "2023-11-14T22:13:20.004+00:00", id="milliseconds"),
    ],
)
def test_the_database_drops_zeros_of_a_fraction(instant: int, expected: str) -> None:
    """
    And a fraction of zero.
    """
    assert expected == to_database_json(instant)


def test_a_claim_belongs_to_its_worker(queue: QueueClient) -> None:
    """
    It can claim the run again; for other workers, that is 409.
    """
    task_id = queue.create()
    path = f"/task/{task_id}/runs/0/claim"
    assert 200 == queue.post(path, WORKER).status
    assert 200 == queue.post(path, WORKER).status
    other = queue.post(path, {**WORKER, "workerId": "other"})

    assert (409, "RequestConflict") == (other.status, other.code)
    by_work = queue.create()
    queue.claim()
    assert 409 == queue.post(f"/task/{by_work}/runs/0/claim", WORKER).status
    assert 404 == queue.post(f"/task/{by_work}/runs/1/claim", WORKER).status


def test_workers_are_recorded(queue: QueueClient) -> None:
    """
    With their queue, first claim and recent tasks, until they expire.
    """
    task_id = queue.create()
    queue.claim()
    worker = queue.get("/provisioners/proj/worker-types/ci/workers/group/worker")

    assert [{"taskId": task_id, "runId": 0}] == worker["recentTasks"]
    assert ("proj/ci", "proj", "ci") == (worker["taskQueueId"], worker["provisionerId"], worker["workerType"])
    listed = queue.get("/provisioners/proj/worker-types/ci/workers")["workers"]
    assert [{"taskId": task_id, "runId": 0}] == [entry["latestTask"] for entry in listed]
    assert ["proj/ci"] == [entry["taskQueueId"] for entry in queue.get("/task-queues")["taskQueues"]]
    assert ["ci"] == [entry["workerType"] for entry in queue.get("/provisioners/proj/worker-types")["workerTypes"]]
    assert ["proj"] == [entry["provisionerId"] for entry in queue.get("/provisioners")["provisioners"]]
    queue.pass_time(6 * DAY)
    assert [] == queue.get("/provisioners")["provisioners"]
    assert 404 == queue.send("GET", "/api/queue/v1/provisioners/proj/worker-types/ci/workers/group/worker").status


def test_quarantined_workers_get_no_tasks(queue: QueueClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    They wait as in an empty queue until the quarantine ends; its author is recorded.
    """
    monkeypatch.setattr("tccli.sandbox.services.queue.claims.LONG_POLL_SECONDS", 0.2)
    assert [] == queue.claim()
    path = "/api/queue/v1/provisioners/proj/worker-types/ci/workers/group/worker"
    payload = {"quarantineUntil": queue.timestamp(HOUR), "quarantineInfo": "smokes"}
    assert 200 == queue.send("PUT", path, payload).status
    details = queue.send("GET", path.replace("queue", "worker-manager", 1)).json["quarantineDetails"]
    queue.create(deadline=queue.timestamp(5 * HOUR))

    assert "quarantineDetails" not in queue.send("GET", path).json
    assert [("static/taskcluster/root", "smokes")] == [(d["clientId"], d["quarantineInfo"]) for d in details]
    assert [] == queue.claim()
    workers = "/provisioners/proj/worker-types/ci/workers?quarantined="
    assert (1, 0) == (len(queue.get(f"{workers}true")["workers"]), len(queue.get(f"{workers}false")["workers"]))
    queue.pass_time(2 * HOUR)
    assert 1 == len(queue.claim())


def test_runs_are_counted_and_listed(queue: QueueClient) -> None:
    """
    Pending and claimed ones, in order, in pages.
    """
    ids = [queue.create() for _ in range(4)]
    queue.claim()

    counts = {"provisionerId": "proj", "workerType": "ci", "taskQueueId": "proj/ci", "pendingTasks": 3}
    assert counts == queue.get("/pending/proj/ci")
    assert {**counts, "claimedTasks": 1} == queue.get("/task-queues/proj%2Fci/counts")
    assert ids[:1] == [entry["taskId"] for entry in queue.get("/task-queues/proj%2Fci/claimed")["tasks"]]
    page = queue.get("/task-queues/proj%2Fci/pending?limit=2")
    rest = queue.get(f"/task-queues/proj%2Fci/pending?continuationToken={page['continuationToken']}")
    assert ids[1:] == [entry["taskId"] for entry in page["tasks"] + rest["tasks"]]
    batch = queue.post("/task-queues/counts", {"taskQueueIds": ["proj/ci", "proj/none"]}).json["taskQueueCounts"]
    assert [(3, 1), (0, 0)] == [(entry["pendingTasks"], entry["claimedTasks"]) for entry in batch]


def test_completed_tasks_are_indexed(queue: QueueClient) -> None:
    """
    At the paths of their index routes.
    """
    task_id = queue.create(routes=["index.a.b.c"])
    path = "/api/index/v1/task/a.b.c"
    queue.claim()
    assert 404 == queue.send("GET", path).status
    queue.post(f"/task/{task_id}/runs/0/completed")

    assert task_id == queue.send("GET", path).json["taskId"]
