"""
How fast ``tc group cancel`` cancels many tasks, relative to what the sandbox allows with as many connections.

The bare clients are threads of one process with a connection each, which send the same requests, signed beforehand::

    .venv/bin/python tests/benchmarks/actions.py [--tasks 1600] [--rounds 3]
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
from base64 import b64encode
from pathlib import Path
from queue import Empty, SimpleQueue

import slugid
import taskcluster

TC = str(Path(sys.executable).with_name("tc"))
CONNECTIONS = 16


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


def cancel_with_tc(environment: dict[str, str], group_id: str, count: int) -> tuple[float, float]:
    """
    Return the seconds from the first line to the last, as if there were one more, and those of all, with the start of
    the program and the listing of the group.
    """
    begin = time.perf_counter()
    command = [TC, "group", "cancel", "-f", group_id]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        times = [time.perf_counter() for line in process.stdout if line.endswith(b" exception\n")]
    taken = time.perf_counter() - begin
    assert (count, 0) == (len(times), process.returncode)
    return (times[-1] - times[0]) * count / (count - 1), taken


def main() -> None:
    """
    Measure in turns, and print the best of each.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    environment = {name: os.environ[name] for name in os.environ if name.startswith("TASKCLUSTER_")}
    if "TASKCLUSTER_ROOT_URL" not in environment:
        os.execv(TC, [TC, "sandbox", "run", "--", sys.executable, *sys.argv])  # itself, with a deployment
    queue = taskcluster.Queue(taskcluster.optionsFromEnvironment())
    bare: list[float] = []
    acting: list[float] = []
    whole: list[float] = []
    for _ in range(options.rounds):
        _, ids = create_group(queue, options.tasks)
        bare.append(cancel_bare(environment, ids))
        group_id, _ = create_group(queue, options.tasks)
        for seconds, kind in zip(cancel_with_tc(environment, group_id, options.tasks), (acting, whole), strict=True):
            kind.append(seconds)
    print(
        f"{options.tasks} tasks: bare clients {min(bare):.2f} s, tc {min(acting):.2f} s (all of it {min(whole):.2f} s)"
    )
    print(f"  {min(bare) / min(acting):.0%} of what the sandbox allows with {CONNECTIONS} connections (at least 90 %)")


if __name__ == "__main__":
    main()
