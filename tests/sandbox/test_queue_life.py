"""
The life of a task: every way from one state to another, and what is refused on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tests.sandbox.queues import DAY, HOUR, MINUTE, WORKER

if TYPE_CHECKING:
    from tests.sandbox.queues import Queue

RUN = ("scheduled", "running", "")


def test_a_task_runs_and_completes(queue: Queue) -> None:
    """
    Pending → running → completed; a second report is no error, another one is.
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
def test_a_run_ends_badly(queue: Queue, report: str, payload: Any, runs: list[tuple[str, str, str]]) -> None:
    """
    Two reasons make the queue try again; the same report twice is no error.
    """
    task_id = queue.create()
    queue.claim()

    for _ in range(2):
        assert 200 == queue.post(f"/task/{task_id}/runs/0/{report}", payload).status
        assert runs == queue.runs(task_id)


def test_retries_end(queue: Queue) -> None:
    """
    Without retries left, worker-shutdown is the end of a task.
    """
    task_id = queue.create(retries=1)
    for run_id in range(2):
        queue.claim()
        queue.post(f"/task/{task_id}/runs/{run_id}/exception", {"reason": "worker-shutdown"})

    assert ["scheduled", "retry"] == [created for created, _, _ in queue.runs(task_id)]
    assert ("exception", 0) == ((status := queue.status(task_id))["state"], status["retriesLeft"])


def test_claims_expire(queue: Queue) -> None:
    """
    Twenty minutes without a word: claim-expired, and another run. Reclaiming makes it twenty more.
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
def test_deadlines_pass(queue: Queue, state: str) -> None:
    """
    Whatever is not resolved by then is an exception, and cannot be changed any more.
    """
    blocker = queue.create(deadline=queue.moment(3 * HOUR), taskQueueId="proj/other")
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


def test_tasks_expire(queue: Queue) -> None:
    """
    After that they are not there, and neither is their group.
    """
    task_id = queue.create()
    queue.pass_time(DAY + MINUTE)

    assert 404 == queue.send("GET", f"/api/queue/v1/task/{task_id}").status
    assert 404 == queue.send("GET", f"/api/queue/v1/task-group/{task_id}").status


def test_resolved_tasks_run_again(queue: Queue) -> None:
    """
    With all their retries; pending and running ones stay as they are.
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


def test_there_are_fifty_runs(queue: Queue) -> None:
    """
    The fifty-first is refused.
    """
    task_id = queue.create()
    for number in range(50):
        assert 200 == queue.post(f"/task/{task_id}/cancel").status
        reply = queue.post(f"/task/{task_id}/rerun")
        assert (200 if number < 49 else 409) == reply.status

    assert 50 == len(queue.runs(task_id))


def test_unscheduled_tasks_can_be_scheduled_rerun_and_cancelled(queue: Queue) -> None:
    """
    Whatever they wait for, even for themselves.
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


def test_dependencies_hold_back(queue: Queue) -> None:
    """
    Until all of them did what is required; what was satisfied once stays so.
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
    assert sorted([for_both, for_any_end]) == [entry["status"]["taskId"] for entry in listed]


def test_dependencies_that_are_over_do_not_hold_back(queue: Queue) -> None:
    """
    A task that waits for what has completed is pending at once.
    """
    first = queue.create()
    queue.claim()
    queue.post(f"/task/{first}/runs/0/completed")

    assert "pending" == queue.status(queue.create(dependencies=[first]))["state"]


def test_missing_dependencies_leave_nothing(queue: Queue) -> None:
    """
    400, no task; the id can be used again. One that expires too early is refused in the same way.
    """
    task_id, missing = taskcluster.slugId(), taskcluster.slugId()
    short = queue.create(expires=queue.moment(HOUR + MINUTE))
    for dependency, says in ((missing, "non-existing"), (short, "expires")):
        definition = queue.definition(dependencies=[dependency], deadline=queue.moment(2 * HOUR))
        reply = queue.send("PUT", f"/api/queue/v1/task/{task_id}", definition)
        assert (400, "InputError") == (reply.status, reply.code)
        assert says in reply.message
        assert 404 == queue.send("GET", f"/api/queue/v1/task/{task_id}").status

    queue.create(task_id)


def test_the_most_urgent_comes_first(queue: Queue) -> None:
    """
    By priority, then by age; a new priority counts at once for a task that waits.
    """
    low, first, second, high = (queue.create(priority=priority) for priority in ("low", "medium", "medium", "highest"))
    changed = queue.post(f"/task/{low}/priority", {"newPriority": "very-high"}).json["status"]

    assert "very-high" == changed["priority"]
    assert [high, low] == [claim["status"]["taskId"] for claim in queue.claim(2)]
    assert [first, second] == [claim["status"]["taskId"] for claim in queue.claim(5)]


def test_priorities_of_resolved_tasks_stay(queue: Queue) -> None:
    """
    409, also for one that was rerun; a rerun keeps what was changed before.
    """
    task_id = queue.create()
    queue.post(f"/task/{task_id}/priority", {"newPriority": "high"})
    queue.post(f"/task/{task_id}/cancel")
    assert 409 == queue.post(f"/task/{task_id}/priority", {"newPriority": "low"}).status

    assert "high" == queue.post(f"/task/{task_id}/rerun").json["status"]["priority"]


def test_groups_are_sealed_and_cancelled(queue: Queue) -> None:
    """
    A sealed group takes no task and stays sealed; only then it can be cancelled, whole.
    """
    group = taskcluster.slugId()
    done, running, waiting = (queue.create(taskGroupId=group) for _ in range(3))
    queue.claim(2)
    queue.post(f"/task/{done}/runs/0/completed")
    refused = queue.post(f"/task-group/{group}/cancel")
    sealed = queue.post(f"/task-group/{group}/seal").json
    queue.pass_time(MINUTE)

    assert (409, "RequestConflict") == (refused.status, refused.code)
    assert sealed == queue.post(f"/task-group/{group}/seal").json
    late = queue.send("PUT", f"/api/queue/v1/task/{taskcluster.slugId()}", queue.definition(taskGroupId=group))
    assert (409, "RequestConflict") == (late.status, late.code)
    cancelled = queue.post(f"/task-group/{group}/cancel").json
    assert (3, 2, sorted([running, waiting])) == (
        cancelled["taskGroupSize"],
        cancelled["cancelledCount"],
        sorted(cancelled["taskIds"]),
    )
    assert 0 == queue.post(f"/task-group/{group}/cancel").json["cancelledCount"]
    assert "completed" == queue.status(done)["state"]


def test_priorities_of_groups_change(queue: Queue) -> None:
    """
    Of the tasks that are not resolved.
    """
    group = taskcluster.slugId()
    first, second = (queue.create(taskGroupId=group) for _ in range(2))
    queue.post(f"/task/{first}/cancel")
    changed = queue.post(f"/task-group/{group}/priority", {"newPriority": "high"}).json

    assert (1, [second], "high") == (changed["tasksAffected"], changed["taskIds"], changed["newPriority"])
    assert ("lowest", "high") == (queue.status(first)["priority"], queue.status(second)["priority"])


def test_claims_are_the_workers_own(queue: Queue) -> None:
    """
    Claiming the same run again is no error for the one who has it, and 409 for anybody else.
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


def test_workers_are_remembered(queue: Queue) -> None:
    """
    With their queue, their first claim and their latest tasks, until they are expired.
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


def test_workers_in_quarantine_get_nothing(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    They wait as if there were no work, until it is over; who did it is remembered.
    """
    monkeypatch.setattr("tccli.sandbox.services.queue.claims.LONG_POLL_SECONDS", 0.2)
    assert [] == queue.claim()
    path = "/api/queue/v1/provisioners/proj/worker-types/ci/workers/group/worker"
    payload = {"quarantineUntil": queue.moment(HOUR), "quarantineInfo": "smokes"}
    details = queue.send("PUT", path, payload).json["quarantineDetails"]
    queue.create(deadline=queue.moment(5 * HOUR))

    assert [("static/taskcluster/root", "smokes")] == [(d["clientId"], d["quarantineInfo"]) for d in details]
    assert [] == queue.claim()
    workers = "/provisioners/proj/worker-types/ci/workers?quarantined="
    assert (1, 0) == (len(queue.get(f"{workers}true")["workers"]), len(queue.get(f"{workers}false")["workers"]))
    queue.pass_time(2 * HOUR)
    assert 1 == len(queue.claim())


def test_work_is_counted_and_listed(queue: Queue) -> None:
    """
    What waits and what is taken, in order, in pages.
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


def test_completed_tasks_are_indexed(queue: Queue) -> None:
    """
    At the paths of their index routes, once they have completed.
    """
    task_id = queue.create(routes=["index.a.b.c"])
    path = "/api/index/v1/task/a.b.c"
    queue.claim()
    assert 404 == queue.send("GET", path).status
    queue.post(f"/task/{task_id}/runs/0/completed")

    assert task_id == queue.send("GET", path).json["taskId"]
