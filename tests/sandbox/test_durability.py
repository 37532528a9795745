"""
Changes survive a kill of the sandbox, and two sandboxes are independent.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
import taskcluster
import taskcluster.exceptions

from tccli.sandbox.collation import sort_key
from tccli.sandbox.store import Store
from tests.sandbox.queue_client import WORKER

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import Start


def start_sandbox(start: Start, *words: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """
    Start a sandbox; return its process and the options of the official client.
    """
    process = start("sandbox", "start", *words)
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().removeprefix("export ").strip() for _ in range(4)]
    found = dict(line.split("=", 1) for line in lines)
    credentials = {"clientId": found["TASKCLUSTER_CLIENT_ID"], "accessToken": found["TASKCLUSTER_ACCESS_TOKEN"]}
    return process, {"rootUrl": found["TASKCLUSTER_ROOT_URL"], "credentials": credentials, "maxRetries": 0}


def definition(**changes: Any) -> dict[str, Any]:
    """
    Return a small task definition.
    """
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {
        name: taskcluster.fromNowJSON(offset) for name, offset in (("created", "0 seconds"), ("deadline", "1 hour"))
    }
    return {"taskQueueId": "proj/ci", **times, "payload": {}, "metadata": metadata, **changes}


@pytest.mark.parametrize("after", [0.05, 0.2, 0.5])
def test_a_kill_loses_no_confirmed_change(start: Start, tmp_path: Path, after: float) -> None:
    """
    Each task is at least in the state of its last response.
    """
    process, options = start_sandbox(start, "--data", str(tmp_path / "data"))
    confirmed: dict[str, str] = {}

    def work() -> None:
        queue = taskcluster.Queue(options)
        with suppress(taskcluster.exceptions.TaskclusterFailure, requests.RequestException):
            while True:
                task_id = str(taskcluster.slugId())
                confirmed[task_id] = queue.createTask(task_id, definition())["status"]["state"]
                claim = queue.claimWork("proj/ci", {**WORKER, "tasks": 1})["tasks"][0]
                claimed = claim["status"]["taskId"]
                confirmed[claimed] = "running"
                confirmed[claimed] = queue.reportCompleted(claimed, claim["runId"])["status"]["state"]

    thread = threading.Thread(target=work)
    thread.start()
    while not confirmed and thread.is_alive():
        time.sleep(0.01)
    time.sleep(after)
    process.kill()
    thread.join()
    process.wait()
    _, again = start_sandbox(start, "--data", str(tmp_path / "data"))
    queue = taskcluster.Queue(again)

    order = ["pending", "running", "completed"]
    for task_id, state in confirmed.items():
        assert order.index(state) <= order.index(queue.status(task_id)["status"]["state"])
    waiting = queue.taskQueueCounts("proj/ci")["pendingTasks"]
    assert waiting <= 1
    queue.createTask(str(taskcluster.slugId()), definition())
    assert waiting + 1 == len(queue.claimWork("proj/ci", {**WORKER, "tasks": 9})["tasks"])


def test_a_failed_commit_leaves_no_transaction_open(tmp_path: Path) -> None:
    """
    Otherwise no later change would be stored, although its call succeeds.
    """
    tables = (
        "CREATE TABLE IF NOT EXISTS parents (id PRIMARY KEY);"
        "CREATE TABLE IF NOT EXISTS children (id REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);"
    )
    store, called = Store(tmp_path, [tables]), list[str]()
    store.run("PRAGMA foreign_keys = ON")

    def fail() -> None:
        with store.transaction():
            store.insert("children", {"id": 1})
            store.after_commit(lambda: called.append("first"))

    # At the COMMIT, as on a full disk.
    with pytest.raises(sqlite3.IntegrityError):
        fail()
    with store.transaction():
        store.insert("parents", {"id": 2})
        store.after_commit(lambda: called.append("second"))
    store.close()
    again = Store(tmp_path, [tables])

    assert ([2], []) == ([row["id"] for row in again.all("SELECT * FROM parents")], again.all("SELECT * FROM children"))
    assert ["second"] == called
    again.close()


def test_two_sandboxes_are_independent(start: Start, tmp_path: Path) -> None:
    """
    At once on one machine: different tasks, credentials and clocks.
    """
    (_, first), (_, second) = start_sandbox(start), start_sandbox(start, "--data", str(tmp_path / "data"))
    task_id = str(taskcluster.slugId())
    taskcluster.Queue(first).createTask(task_id, definition())

    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as missing:
        taskcluster.Queue(second).status(task_id)
    assert 404 == missing.value.status_code
    with pytest.raises(taskcluster.exceptions.TaskclusterAuthFailure):
        taskcluster.Auth({**second, "credentials": first["credentials"]}).listClients()


def test_dependent_tasks_become_pending_in_layers(start: Start) -> None:
    """
    The official client creates 300 tasks in three layers, lists them in pages, and completes layer after layer.
    """
    _, options = start_sandbox(start)
    queue = taskcluster.Queue(options)
    group, layers = str(taskcluster.slugId()), [[str(taskcluster.slugId()) for _ in range(100)] for _ in range(3)]
    for number, layer in enumerate(layers):
        before = layers[number - 1][:10] if number else []
        for task_id in layer:
            queue.createTask(task_id, definition(taskGroupId=group, dependencies=before))
    pages: list[Any] = []
    queue.listTaskGroup(group, query={"limit": "128"}, paginationHandler=pages.append)

    assert [128, 128, 44] == [len(page["tasks"]) for page in pages]
    assert sorted((task_id for layer in layers for task_id in layer), key=sort_key) == [
        entry["status"]["taskId"] for page in pages for entry in page["tasks"]
    ]
    for layer in layers:
        assert 100 == queue.taskQueueCounts("proj/ci")["pendingTasks"]
        for _ in range(10):
            for claim in queue.claimWork("proj/ci", {**WORKER, "tasks": 10})["tasks"]:
                assert claim["status"]["taskId"] in layer
                queue.reportCompleted(claim["status"]["taskId"], claim["runId"])
