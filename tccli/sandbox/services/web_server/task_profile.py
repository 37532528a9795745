"""
web-server: a profile of a task, with the lines of its log.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tccli.sandbox import internal_client
from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.object import objects
from tccli.sandbox.services.queue import task_table
from tccli.sandbox.services.queue.task_table import RESOLVED
from tccli.sandbox.services.web_server import profile_format
from tccli.sandbox.services.web_server.group_profile import CACHE_HEADERS, format_date
from tccli.sandbox.services.web_server.profile_format import INSTANT, INTERVAL, Thread

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.services.queue.task_table import Task
    from tccli.sandbox.storage.files import StoredFile

service = Service("web-server")

MAX_LOG_BYTES = 200 * 2**20
LOGS = ("public/logs/live.log", "public/logs/live_backing.log")
CATEGORIES = profile_format.categories(
    {
        "none": "grey",
        "fetches": "purple",
        "vcs": "orange",
        "setup": "lightblue",
        "taskcluster": "green",
        "Task": "lightblue",
        "Log": "green",
    }
)
TASK_CATEGORY, LOG_CATEGORY = 5, 6
ROW = profile_format.schema(
    "LiveLogRow",
    "message",
    startTime="Start time",
    message="Log Message",
    hour="Hour",
    date="Date",
    time="Time:time",
)
TASK = profile_format.schema(
    "Task",
    "taskName",
    startTime="Start time",
    taskName="Task Name",
    time="Time:time",
    taskURL="Task:url",
    taskGroupURL="Task Group:url",
    taskId="Task ID",
    taskGroupId="Task Group ID",
    taskGroupProfile="Task Group Profile:url",
)
LINE = re.compile(r"\s*\[(?P<component>\w+)(:\w+)?\s*(?P<time>[\d\-T:.Z]+)\]\s*(?P<message>.*)", re.ASCII)
SECOND_TIME = re.compile(r"\s*\[[\d\-T:.Z ]+\]\s*", re.ASCII)


@service.method("taskProfile")
async def show_task(call: Call) -> Response:
    task_id = call.args["taskId"]
    task = task_table.get(call.state.store, task_id)
    if task is None:
        raise ApiError("ResourceNotFound", "Task not found")
    if task.state not in RESOLVED:
        message = "Profiling is only supported on resolved tasks. Wait for the task to finish and retry"
        raise ApiError("ResourceNotFound", message)
    log = ""
    for name in LOGS:
        log = log or await _fetch(call, {"taskId": task_id, "name": name})
    if not log:
        message = "Could not fetch task log. The task may not have logs or they may have expired."
        raise ApiError("ResourceNotFound", message)
    return Response(_profile(call, task, _rows(log)), headers=CACHE_HEADERS)


async def _fetch(call: Call, args: dict[str, str]) -> str:
    # Only artifacts that anonymous callers may see, and no references.
    state = call.state
    try:
        found = (await internal_client.call(state, None, [], "queue.latestArtifact", args)).document
    except ApiError:
        return ""
    if found["storageType"] == "object":
        key = f"/{objects.BUCKET}/{found['name']}"
    elif found["storageType"] == "s3":
        key = unquote(urlsplit(found["url"]).path)
    else:
        return ""
    return _read(state.storage.files.get(key))


def _read(stored: StoredFile | None) -> str:
    if stored is None:
        return ""
    with open(stored.path, "rb") as file:
        data = file.read()
    if stored.encoding == "gzip":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return ""
    if len(data) > MAX_LOG_BYTES:
        raise ApiError("InputTooLarge", f"Log exceeds {MAX_LOG_BYTES // 2**20}MB size limit")
    return data.decode("utf-8", "replace")


def _rows(log: str) -> list[tuple[int, str, str]]:
    # Time, component and message of each line; a line without a time has that of the line before.
    lines = [(line, LINE.match(line)) for line in log.split("\n") if line.strip()]
    times = [time for _, found in lines if found and (time := _instant(found["time"])) is not None]
    if not times:
        return []
    rows, latest = [], times[0]
    for line, found in lines:
        time = _instant(found["time"]) if found else None
        if found is None or time is None:
            rows.append((latest, "no timestamp", SECOND_TIME.sub("", line, count=1)))
        else:
            latest = time
            rows.append((time, found["component"], SECOND_TIME.sub("", found["message"], count=1)))
    return rows


def _instant(text: str) -> int | None:
    try:
        return from_json(text)
    except ValueError:
        return None


def _profile(call: Call, task: Task, rows: list[tuple[int, str, str]]) -> dict[str, Any]:
    definition, root = task.definition, call.state.root_url
    name, group = definition["metadata"]["name"], definition["taskGroupId"]
    times = [row[0] for row in rows] or [0]
    start, end = min(times), max(times)
    thread = Thread("Live Log")
    data = {
        "type": "Task",
        "name": "Task",
        "taskName": name,
        "taskId": task.task_id,
        "taskGroupId": group,
        "taskGroupURL": f"{root}/tasks/groups/{group}",
        "taskURL": f"{root}/tasks/{task.task_id}",
        "taskGroupProfile": f"{root}/tasks/groups/{group}/profiler",
    }
    thread.mark(name, TASK_CATEGORY, 0, end - start, INTERVAL, data)
    for time, component, message in rows:
        written = to_json(time)
        columns = {"message": message, "hour": written[11:19], "date": written[:10]}
        row = {"type": "LiveLogRow", "name": "LiveLogRow", **columns}
        thread.mark(component, LOG_CATEGORY, time - start, None, INSTANT, row)
    product = f"{name} {task.task_id} - {format_date(from_json(definition['created']))}"
    return profile_format.profile(product, start, [ROW, TASK], CATEGORIES, [thread.document()])
