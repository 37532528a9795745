"""
queue: claims of tasks by workers.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import slugid

from tccli.sandbox.auth.accounts import QUEUE_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import MINUTE, from_json, to_database_json, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import events, pending_runs, run_states, task_table, worker_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task

service = Service("queue")

service.allow_slashes(
    "taskQueueId", "claimWork", "pendingTasks", "taskQueueCounts", "listPendingTasks", "listClaimedTasks"
)

CLAIM_LIFETIME = 20 * MINUTE
LONG_POLL_SECONDS = 20.0
POLL_INTERVAL_SECONDS = 0.1


@service.method("claimWork")
async def claim_work(call: Call) -> Response:
    """
    Claim the first tasks of a queue; without one, wait for a task.
    """
    payload, queue = call.payload, call.args["taskQueueId"]
    worker = (payload["workerGroup"], payload["workerId"])
    call.authorize(taskQueueId=queue, workerGroup=worker[0], workerId=worker[1])
    state, ends = call.state, time.monotonic() + LONG_POLL_SECONDS
    worker_table.record_seen(state, queue, *worker)
    # A quarantined worker waits as if the queue were empty.
    is_quarantined = worker_table.is_quarantined(state, queue, *worker)
    while True:
        if call.request.is_disconnected is not None and await call.request.is_disconnected():
            return Response({"tasks": []})
        claims = [] if is_quarantined else _claim_several(call, queue, payload["tasks"])
        if claims or time.monotonic() >= ends:
            worker_table.record_claim(state, queue, *worker, [claim["status"] for claim in claims])
            return Response({"tasks": claims})
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


@service.method("claimTask")
def claim_task(call: Call) -> Response:
    task, run_id = load(call, "Are you sure it was created?"), int(call.args["runId"])
    worker = {name: call.payload[name] for name in ("workerGroup", "workerId")}
    call.authorize(**worker, **{name: task.definition[name] for name in ("provisionerId", "workerType")})
    _check_deadline(call, task, "claimed")
    queue, names = task.definition["taskQueueId"], (worker["workerGroup"], worker["workerId"])
    if worker_table.is_quarantined(call.state, queue, *names):
        raise InternalError("Output schema validation error: data should have required property 'status'")
    worker_table.record_seen(call.state, queue)
    if run_id >= len(task.runs):
        raise _no_run(task, run_id)
    claim = _claim(call, task, run_id)
    if claim is None:
        raise ApiError("RequestConflict", "Run {{runId}} was already claimed by another worker.", runId=run_id)
    worker_table.record_claim(call.state, queue, *names, [claim["status"]])
    return Response(claim)


@service.method("reclaimTask")
def reclaim_task(call: Call) -> Response:
    task, run_id = load_run(call, "Are you sure it was created?")
    _check_deadline(call, task, "reclaimed")
    if "workerId" not in task.runs[run_id]:
        # The service fails while it records the end of a claim without a worker.
        raise InternalError("error: null value in column violates not-null constraint")
    taken_until = call.now + CLAIM_LIFETIME
    if not run_states.reclaim(task, run_id, taken_until):
        raise not_running(task, run_id)
    run = task.runs[run_id]
    with call.state.store.transaction():
        task_table.update(call.state.store, task)
        worker_table.record_seen(call.state, task.definition["taskQueueId"], run["workerGroup"], run["workerId"])
    return Response(_document(call, task, run_id, taken_until))


def load(call: Call, question: str) -> Task:
    """
    Return the task of a call.

    Args:
        question: The end of the error message.

    Raises:
        ApiError: 404.
    """
    task = task_table.get(call.state.store, call.args["taskId"])
    if task is None:
        message = "Task `{{taskId}}` not found. " + question
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"])
    return task


def load_run(call: Call, question: str) -> tuple[Task, int]:
    """
    Return the task of a call, and its run id.

    Raises:
        ApiError: 404.
    """
    task, run_id = load(call, question), int(call.args["runId"])
    if run_id >= len(task.runs):
        raise _no_run(task, run_id)
    return task, run_id


def not_running(task: Task, run_id: int) -> ApiError:
    """
    Return the error for a run that is not running.
    """
    message = "Run {{runId}} on task `{{taskId}}` is resolved or not running."
    return ApiError("RequestConflict", message, taskId=task.task_id, runId=run_id)


def _claim_several(call: Call, queue: str, number: int) -> list[dict[str, Any]]:
    store, claims = call.state.store, []
    with store.transaction():
        for task_id in pending_runs.most_urgent(store, queue, call.now, number):
            task = task_table.get(store, task_id)
            assert task is not None
            claim = _claim(call, task, len(task.runs) - 1, hint=slugid.nice())
            assert claim is not None
            claims.append(claim)
    return claims


def _claim(call: Call, task: Task, run_id: int, *, hint: str = "") -> dict[str, Any] | None:
    # None if another worker has the run, or the same worker got it from another call.
    taken_until = call.now + CLAIM_LIFETIME
    worker = (call.payload["workerGroup"], call.payload["workerId"])
    if not run_states.claim(task, run_id, worker, call.now, taken_until, hint=hint):
        return None
    task_table.update(call.state.store, task)
    events.running(call.state, task, run_id)
    # As in the service, a claim, other than a reclaim, shows the time as its database writes it.
    document = _document(call, task, run_id, taken_until)
    return {**document, "takenUntil": to_database_json(from_json(document["takenUntil"])), "task": task.definition}


def _document(call: Call, task: Task, run_id: int, taken_until: int) -> dict[str, Any]:
    run = task.runs[run_id]
    return {
        "status": task.status(),
        "runId": run_id,
        "workerGroup": run["workerGroup"],
        "workerId": run["workerId"],
        "takenUntil": run["takenUntil"],
        "credentials": _credentials(call, task, run_id, taken_until),
    }


def _credentials(call: Call, task: Task, run_id: int, taken_until: int) -> dict[str, str]:
    run, which = task.runs[run_id], f"{task.task_id}/{run_id}"
    until = f"{taken_until // 1000}.{taken_until % 1000:03}".rstrip("0").rstrip(".")
    name = f"task-client/{which}/on/{run['workerGroup']}/{run['workerId']}/until/{until}"
    scopes = [f"queue:{may}:{which}" for may in ("reclaim-task", "resolve-task", "create-artifact")]
    return call.state.accounts.issue(QUEUE_CLIENT, name, scopes + task.definition["scopes"], taken_until)


def _check_deadline(call: Call, task: Task, what: str) -> None:
    deadline = task.definition["deadline"]
    if from_json(deadline) <= call.now:
        message = f"Task `{{{{taskId}}}}` can't be {what} past its deadline of {{{{deadline}}}}."
        raise ApiError("RequestConflict", message, taskId=task.task_id, deadline=to_json(from_json(deadline)))


def _no_run(task: Task, run_id: int) -> ApiError:
    message = "Run {{runId}} not found on task `{{taskId}}`."
    return ApiError("ResourceNotFound", message, taskId=task.task_id, runId=run_id)
