"""
queue: scheduling, rerunning and cancelling of tasks, and changes of their priority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import dependencies, events, run_states, task_table

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task

service = Service("queue")


@service.method("scheduleTask")
def schedule_task(call: Call) -> Response:
    task = _load(call, "taskId `{{taskId}}` not found. Are you sure it exists?")
    if not dependencies.schedule(call.state, task):
        message = "Task `{{taskId}}` can't be scheduled past its deadline at {{deadline}}."
        raise ApiError("RequestConflict", message, taskId=task.task_id, deadline=task.definition["deadline"])
    return Response({"status": task.status()})


@service.method("rerunTask")
def rerun_task(call: Call) -> Response:
    question = "Are you sure this task has been submitted before?"
    task = _load(call, f"`{{{{taskId}}}}` does not correspond to a task that exists.\n{question}")
    _check_deadline(call, task, "rescheduled")
    if not run_states.rerun(task, call.now):
        message = "Maximum number of runs reached ({{max_runs_allowed}})."
        raise ApiError("RequestConflict", message, max_runs_allowed=run_states.MAX_RUNS)
    task_table.update(call.state.store, task)
    if task.state == "pending":
        events.pending(call.state, task, len(task.runs) - 1)
    return Response({"status": task.status()})


@service.method("cancelTask")
def cancel_task(call: Call) -> Response:
    task = _load(call, "Task `{{taskId}}` not found. Are you sure it was created?")
    _check_deadline(call, task, "canceled")
    dependencies.cancel(call.state, task)
    return Response({"status": task.status()})


@service.method("changeTaskPriority")
def change_priority(call: Call) -> Response:
    task = task_table.get(call.state.store, call.args["taskId"])
    if task is None:
        message = "Task `{{taskId}}` not found. Are you sure it was created?"
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"])
    call.authorize(taskId=task.task_id, taskQueueId=task.definition["taskQueueId"])
    _check_deadline(call, task, "reprioritized")
    before = task.definition["priority"]
    if not task_table.change_priority(call.state.store, task, call.payload["newPriority"], call.now):
        # As in the service, this includes a task that has this priority already.
        message = "Task `{{taskId}}` is already resolved and cannot be reprioritized."
        raise ApiError("RequestConflict", message, taskId=task.task_id)
    events.priority_changed(call.state, task, before)
    return Response({"status": task.status()})


def _load(call: Call, message: str) -> Task:
    """
    Return the task of an authorized call.
    """
    task = task_table.get(call.state.store, call.args["taskId"])
    if task is None:
        raise ApiError("ResourceNotFound", message, taskId=call.args["taskId"])
    names = ("schedulerId", "taskGroupId", "projectId")
    call.authorize(taskId=task.task_id, **{name: task.definition[name] for name in names})
    return task


def _check_deadline(call: Call, task: Task, what: str) -> None:
    deadline = task.definition["deadline"]
    if from_json(deadline) < call.now:
        message = f"Task `{{{{taskId}}}}` can't be {what} past its deadline of {{{{deadline}}}}."
        raise ApiError("RequestConflict", message, taskId=task.task_id, deadline=deadline)
