"""
Groups of many tasks: how much memory the commands need for each task, and how many requests they send.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import json_response
from tests.ids import TASK_ID as GROUP
from tests.transfer_env import peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import CommandLine
    from tests.http_server import Received, Response, ScriptedServer

PAGE_TASKS = 1000
FEW, MANY = 3000, 13_000
MAX_OTHER_REQUESTS = 1
"""For the workers of the queue that all tasks have."""
MAX_FLAT_BYTES = 200
"""For each task, by which the command shows that it stores none of them."""
MAX_STORED_BYTES = 550
"""For each task that has an id and a name of its own; a page has five times that for each."""
MAX_COMPARED_BYTES = 750
"""For each task that has changed since the last poll: its state then and now as well, when all end at once."""
MAX_ARTIFACT_BYTES = 450
"""For each artifact, whose entry takes that in addition."""


def make_entry(number: int, state: str) -> dict[str, Any]:
    """
    Return what a page has for a task.
    """
    task_id = f"{GROUP[:15]}{number:06}A"
    run = {
        "runId": 0,
        "state": state,
        "reasonCreated": "scheduled",
        "scheduled": f"2026-01-02T03:04:{number % 60:02}.123Z",
    }
    common = {"taskQueueId": "proj-example/linux-large", "schedulerId": "ci", "taskGroupId": GROUP}
    metadata = {
        "name": f"test-linux1804-64/opt-mochitest-{number}",
        "owner": f"person-{number % 50}@example.com",
        "description": "A task of a large group. " * 5,
        "source": "https://example.com/tree/main/taskcluster",
    }
    task = {
        **common,
        "metadata": metadata,
        "dependencies": [],
        "requires": "all-completed",
        "payload": {"command": [["/bin/bash", "-c", f"run {number}"]], "maxRunTime": 600, "env": {"N": str(number)}},
        "tags": {"kind": "test", "label": metadata["name"], "createdForUser": metadata["owner"]},
        "deadline": "2999-01-02T03:04:05.123Z",
    }
    return {"status": {**common, "taskId": task_id, "state": state, "runs": [run]}, "task": task}


def serve_group(size: int, last_state: str = "pending", pending_walks: int = 0) -> Callable[[Received], Response]:
    """
    Return a function that responds with the pages of a group, or with the statuses of tasks.

    Args:
        pending_walks: So often all tasks are pending, before they have the *last_state*.
    """
    count = 0

    def respond(request: Received) -> Response:
        nonlocal count
        count += 1
        state = "pending" if (count - 1) * PAGE_TASKS < size * pending_walks else last_state
        if request.target.endswith("/tasks/status"):
            found = [make_entry(int(task_id[15:21]), state) for task_id in json.loads(request.body)["taskIds"]]
            return json_response(
                {"statuses": [{"taskId": e["status"]["taskId"], "status": e["status"]} for e in found]}
            )
        token = re.search("continuationToken=([0-9]+)", request.target)
        start = int(token[1]) if token else 0
        end = min(start + PAGE_TASKS, size)
        page: dict[str, Any] = {"taskGroupId": GROUP, "tasks": [make_entry(each, state) for each in range(start, end)]}
        if end < size:
            page["continuationToken"] = str(end)
        return json_response(page)

    return respond


@pytest.mark.parametrize(
    ("command", "exit_code", "max_bytes", "walks"),
    [
        ("status", 0, MAX_FLAT_BYTES, 1),
        ("list", 0, MAX_FLAT_BYTES, 1),
        ("list --format jsonl", 0, MAX_FLAT_BYTES, 1),
        ("list --sort wait --limit 10 --format jsonl", 0, MAX_FLAT_BYTES, 1),
        ("list --limit 10 --format jsonl", 0, MAX_FLAT_BYTES, 1),
        ("list --sort name", 0, MAX_STORED_BYTES, 1),
        ("list --sort wait --format jsonl", 0, MAX_STORED_BYTES, 1),
        ("failures", 0, MAX_FLAT_BYTES, 1),
        ("logs --state failed", 1, MAX_FLAT_BYTES, 1),
        ("artifacts --state failed", 1, MAX_FLAT_BYTES, 1),
        ("download --state failed *", 1, MAX_FLAT_BYTES, 1),
        ("rerun -n --failed", 1, MAX_FLAT_BYTES, 1),
        ("cancel -n", 0, MAX_STORED_BYTES, 1),
        ("cancel -n --format jsonl", 0, MAX_STORED_BYTES, 2),
        ("wait", 0, MAX_COMPARED_BYTES, 3),
        ("watch --name test-*", 0, MAX_COMPARED_BYTES, 3),
    ],
)
def test_memory_and_requests(
    http_server: ScriptedServer, command: str, exit_code: int, max_bytes: int, walks: int
) -> None:
    """
    Memory does not grow with what is not needed of a task, and there is a request for each page, not for each task.
    """
    argv = command.split()
    peaks = []
    for size in (FEW, MANY):
        http_server.requests.clear()
        # Those that poll end with the third walk.
        http_server.respond_with(serve_group(size, *(("completed", 2) if walks == 3 else ())))
        words = ["group", argv[0], GROUP, *argv[1:]]
        peaks.append(peak_memory(words, http_server.env, exit_code=exit_code, module="tests.quick_tc"))
        assert size / PAGE_TASKS <= len(http_server.requests) <= walks * size / PAGE_TASKS + MAX_OTHER_REQUESTS

    assert (peaks[1] - peaks[0]) / (MANY - FEW) <= max_bytes


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["download-artifact", GROUP, "public/**", "--list"], id="one task"),
        pytest.param(["group", "download", GROUP, "public/**", "-n"], id="group"),
    ],
)
def test_memory_of_artifacts(http_server: ScriptedServer, command: list[str]) -> None:
    """
    Of each artifact little more than its name is stored, which must be known before the first one is written.
    """
    peaks = []
    for size in (FEW, MANY):
        http_server.respond_with(serve_artifacts(size))
        peaks.append(peak_memory(command, http_server.env))

    assert (peaks[1] - peaks[0]) / (MANY - FEW) <= MAX_ARTIFACT_BYTES


def serve_artifacts(size: int) -> Callable[[Received], Response]:
    """
    Return a function that responds with a group of a task, and the pages of its artifacts.
    """

    def respond(request: Received) -> Response:
        if "/artifacts" not in request.target:
            return serve_group(1, "completed")(request)
        token = re.search("continuationToken=([0-9]+)", request.target)
        start = int(token[1]) if token else 0
        end = min(start + PAGE_TASKS, size)
        common = {"storageType": "s3", "expires": "2999-01-02T03:04:05.123Z", "contentType": "text/plain"}
        entries = [{**common, "name": f"public/test_info/file-{number:06}.log"} for number in range(start, end)]
        return json_response({"artifacts": entries, **({"continuationToken": str(end)} if end < size else {})})

    return respond


def test_order_of_many(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Tasks with the same wait are in the order of their names, also where they are sorted in a file.
    """
    http_server.respond_with(serve_group(2500))
    options = ["group", "list", GROUP, "--sort", "wait"]
    lines = tc(*options, env=http_server.env).stdout.splitlines()
    objects = [json.loads(line) for line in tc(*options, "--format", "jsonl", env=http_server.env).stdout.splitlines()]

    expected = sorted((make_entry(number, "pending") for number in range(2500)), key=_order)
    assert [entry["status"]["taskId"] for entry in expected] == [line.split()[0] for line in lines]
    assert [entry["task"] for entry in expected] == [each["task"] for each in objects]


def _order(entry: dict[str, Any]) -> tuple[str, list[int]]:
    name = entry["task"]["metadata"]["name"]
    return entry["status"]["runs"][0]["scheduled"], [int(number) for number in re.findall("[0-9]+", name)]
