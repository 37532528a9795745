"""
web-server: a profile of a task group, with the times of its tasks.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tccli.sandbox import internal_client
from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.queue import task_table
from tccli.sandbox.services.queue.task_table import RESOLVED
from tccli.sandbox.services.queue.tasks import SLUGID
from tccli.sandbox.services.web_server import profile_format
from tccli.sandbox.services.web_server.profile_format import BEGIN, INTERVAL, Thread

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task

service = Service("web-server")

service.match_arguments(taskId=SLUGID, taskGroupId=SLUGID)

MAX_TASKS = 20_000
CATEGORIES = profile_format.categories(
    {
        "Other": "grey",
        "Idle": "transparent",
        "Layout": "purple",
        "JavaScript": "yellow",
        "GC / CC": "orange",
        "Network": "lightblue",
        "Graphics": "green",
        "DOM": "blue",
    }
)
CATEGORY = 5
TASK = profile_format.schema(
    "Task",
    "name",
    startTime="Start time",
    name="Task Name",
    taskId="Task ID",
    owner="Owner",
    retries="Retries",
    state="State",
    reasonCreated="Reason Created",
    reasonResolved="Reason Resolved",
    description="Description",
    taskURL="Task URL:url",
    source="Source URL:url",
    taskGroup="Task Group URL:url",
    liveLog="Live Log:url",
    taskProfile="Task Profile:url",
)
GROUP = profile_format.schema(
    "TaskGroup",
    "name",
    startTime="Start time",
    name="Task Group ID",
    expires="Expires",
    tasks="Tasks:integer",
    url="URL:url",
)
CACHE_HEADERS, NO_CACHE_HEADERS = {"cache-control": "public, max-age=86400"}, {"cache-control": "no-cache"}


@service.method("taskGroupProfile")
async def show_group(call: Call) -> Response:
    group_id = call.args["taskGroupId"]
    try:
        await internal_client.call(call.state, None, [], "queue.getTaskGroup", {"taskGroupId": group_id})
    except ApiError as error:
        if error.status != 404:
            raise
        raise ApiError("ResourceNotFound", "Task group not found") from None
    tasks = task_table.list_group(call.state.store, group_id, "", MAX_TASKS + 1)
    if len(tasks) > MAX_TASKS:
        raise ApiError("InputTooLarge", f"Task group has more than {MAX_TASKS} tasks")
    headers = CACHE_HEADERS if all(task.state in RESOLVED for task in tasks) else NO_CACHE_HEADERS
    return Response(_profile(call, group_id, tasks), headers=headers)


def format_date(instant: int) -> str:
    """
    Format a date as ``month/day/year``.
    """
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    return f"{moment.month}/{moment.day}/{moment.year}"


def _profile(call: Call, group_id: str, tasks: list[Task]) -> dict[str, Any]:
    first, last = _span(tasks)
    start = first or 0
    thread = Thread(group_id)
    thread.registered = thread.unregistered = -1
    if first is not None:
        thread.registered, thread.unregistered = 0, None
        _mark_group(call, thread, tasks, start)
        for task in sorted(tasks, key=lambda task: str(task.runs[0].get("started", "")) if task.runs else ""):
            _mark_task(call, thread, task, start)
    if last is not None:
        thread.unregistered = last - start
    product = f"Task Group {group_id} - {format_date(start)}"
    return profile_format.profile(product, start, [TASK, GROUP], CATEGORIES, [thread.document()])


def _span(tasks: list[Task]) -> tuple[int | None, int | None]:
    # The start of the first run and the end of the last one, if any.
    runs = [run for task in tasks for run in task.runs]
    starts = [from_json(run.get("started") or run["resolved"]) for run in runs if {"started", "resolved"} & run.keys()]
    ends = [from_json(run["resolved"]) for run in runs if "resolved" in run]
    return min(starts, default=None), max(ends, default=None)


def _mark_group(call: Call, thread: Thread, tasks: list[Task], start: int) -> None:
    plain = [task for task in tasks if not task.definition["metadata"]["name"].startswith("Action:")]
    for name, counted in (("TaskGroup", tasks), ("TaskGroup (no actions)", plain)):
        first, last = _span(counted)
        if first is None:
            continue
        data = {
            "type": "TaskGroup",
            "startTime": _time(2 * start),
            "name": thread.name,
            "expires": tasks[0].definition["expires"],
            "tasks": len(tasks),
            "url": f"{call.state.root_url}/tasks/groups/{thread.name}",
        }
        _mark(thread, name, (first, last), start, data)


def _mark_task(call: Call, thread: Thread, task: Task, start: int) -> None:
    definition, root = task.definition, call.state.root_url
    retries, metadata = definition["retries"], definition["metadata"]
    for number, run in enumerate(task.runs):
        if "started" not in run:
            continue
        state = run["state"]
        end = from_json(run["resolved"]) if "resolved" in run else call.now if state == "running" else None
        is_simple = state == "completed" and number == 0 and retries > 1
        page = f"{root}/tasks/{task.task_id}"
        data = {
            "type": "Task",
            "startTime": _time(2 * start),
            "name": metadata["name"] if is_simple else f"{metadata['name']} (run {number + 1}/{retries})",
            "taskId": task.task_id,
            "owner": metadata["owner"],
            "description": metadata["description"],
            "source": metadata["source"],
            "retries": f"{number + 1} / {retries}",
            "state": state,
            "reasonCreated": run["reasonCreated"],
            **({"reasonResolved": run["reasonResolved"]} if "reasonResolved" in run else {}),
            "taskURL": f"{page}/runs/{number}",
            "taskGroup": f"{root}/tasks/groups/{definition['taskGroupId']}",
            "liveLog": f"{page}/runs/{number}/logs/live/public/logs/live.log",
            "taskProfile": f"{page}/profiler",
        }
        name = "Task" if state == "completed" else f"Task ({run.get('reasonResolved') or state})"
        _mark(thread, name, (from_json(run["started"]), end), start, data)


def _mark(thread: Thread, name: str, span: tuple[int, int | None], start: int, data: dict[str, Any]) -> None:
    since, until = span
    end = None if until is None else until - start
    thread.mark(name, CATEGORY, since - start, end, BEGIN if end is None else INTERVAL, data)


def _time(instant: int) -> str:
    # The service adds the start of the profile to itself, so the time of day that it shows is another one.
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    return f"{moment:%I:%M:%S %p}".lstrip("0")
