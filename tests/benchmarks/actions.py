"""
How fast ``tc group cancel`` cancels many tasks, relative to what the sandbox allows with as many connections.

The bare clients are threads of one process with a connection each, which send the same requests, signed beforehand.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import subprocess
import threading
import time
import urllib.parse
from base64 import b64encode
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import slugid
import taskcluster

from tests.benchmarks.measure import TC, Figure, clean_environment, show_seconds, start_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 16
COUNT = 1600


def create_group(queue: taskcluster.Queue, count: int) -> tuple[str, list[str]]:
    """
    Return a group of pending tasks, and their ids.
    """
    group_id = slugid.nice()
    ids = [slugid.nice() for _ in range(count)]
    definition = {
        "taskQueueId": "proj/ci",
        "taskGroupId": group_id,
        "schedulerId": "s",
        "created": taskcluster.stringDate(taskcluster.fromNow("0 s")),
        "deadline": taskcluster.stringDate(taskcluster.fromNow("1 hour")),
        "payload": {},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    }
    for task_id in ids:
        queue.createTask(task_id, definition)
    return group_id, ids


def cancel_bare(environment: dict[str, str], ids: list[str]) -> float:
    """
    Return the seconds that bare clients need.
    """
    address = urllib.parse.urlsplit(environment["TASKCLUSTER_ROOT_URL"])
    assert address.hostname is not None
    key, now = environment["TASKCLUSTER_ACCESS_TOKEN"].encode(), int(time.time())
    requests: SimpleQueue[tuple[str, dict[str, str]]] = SimpleQueue()
    for task_id in ids:
        path = f"/api/queue/v1/task/{task_id}/cancel"
        lines = ["hawk.1.header", str(now), "n", "POST", path, address.hostname, str(address.port), "", "", ""]
        mac = b64encode(hmac.digest(key, "\n".join(lines).encode(), hashlib.sha256)).decode()
        name = environment["TASKCLUSTER_CLIENT_ID"]
        requests.put((path, {"authorization": f'Hawk id="{name}", ts="{now}", nonce="n", mac="{mac}"'}))

    def work() -> None:
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        while True:
            try:
                path, headers = requests.get_nowait()
            except Empty:
                return
            connection.request("POST", path, b"", headers)
            response = connection.getresponse()
            assert response.status == 200, json.loads(response.read())
            response.read()

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def cancel_with_tc(environment: dict[str, str], group_id: str, count: int) -> float:
    """
    Return the seconds from the first line to the last, as if there were one more: without the start of the program and
    the listing of the group.
    """
    command = [TC, "group", "cancel", "-f", group_id]
    with subprocess.Popen(command, env={**clean_environment(), **environment}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        times = [time.perf_counter() for line in process.stdout if line.endswith(b" exception\n")]
    assert (count, 0) == (len(times), process.returncode)
    return (times[-1] - times[0]) * count / (count - 1)


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figure of the best of a few rounds, in turns.
    """
    with start_sandbox() as environment:
        credentials = {
            "clientId": environment["TASKCLUSTER_CLIENT_ID"],
            "accessToken": environment["TASKCLUSTER_ACCESS_TOKEN"],
        }
        queue = taskcluster.Queue({"rootUrl": environment["TASKCLUSTER_ROOT_URL"], "credentials": credentials})
        bare: list[float] = []
        acting: list[float] = []
        for _ in range(min(runs, 3)):
            _, ids = create_group(queue, COUNT)
            bare.append(cancel_bare(environment, ids))
            group_id, _ = create_group(queue, COUNT)
            acting.append(cancel_with_tc(environment, group_id, COUNT))
    share = 100 * min(bare) / min(acting)
    compared = f"{show_seconds(min(bare))} for bare clients with {CONNECTIONS} connections"
    what = f"tc group cancel of {COUNT:,} tasks"
    yield Figure(what, show_seconds(min(acting)), compared, share, "%", 90, at_least=True)
