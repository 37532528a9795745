"""
How fast the sandbox is: tasks made and looked at by eight clients at once, long groups in pages, and the first answer.

The clients are processes with a connection of their own, which sign every request.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import taskcluster

from tests.benchmarks.measure import Figure, show, show_seconds, start_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

API = "/api/queue/v1"
CLIENTS = 8
TASKS = 4000
GROUP_TASKS = 50_000


class Client:
    """
    A connection that is kept open, with signatures made by hand: what costs less leaves more to the sandbox.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = urllib.parse.urlsplit(environment["TASKCLUSTER_ROOT_URL"])
        assert address.hostname is not None
        assert address.port is not None
        self._host, self._port = address.hostname, address.port
        self._id, self._key = environment["TASKCLUSTER_CLIENT_ID"], environment["TASKCLUSTER_ACCESS_TOKEN"].encode()
        self._connection = http.client.HTTPConnection(self._host, self._port)
        self._connection.connect()

    def send(self, verb: str, path: str, payload: Any = None) -> Any:
        """
        Return the JSON that answers a request.
        """
        now = int(time.time())
        lines = ["hawk.1.header", str(now), "n", verb, path, self._host, str(self._port), "", "", ""]
        mac = b64encode(hmac.digest(self._key, "\n".join(lines).encode(), hashlib.sha256)).decode()
        headers = {"authorization": f'Hawk id="{self._id}", ts="{now}", nonce="n", mac="{mac}"'}
        body = None
        if payload is not None:
            body = json.dumps(payload).encode()
            headers["content-type"] = "application/json"
        self._connection.request(verb, path, body, headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read())
        assert 200 == answer.status, content
        return content


def definition(group: str) -> dict[str, Any]:
    """
    Return what a small task is.
    """
    now = datetime.now(UTC)
    return {
        "taskQueueId": "proj/ci",
        "taskGroupId": group,
        "created": now.isoformat(),
        "deadline": (now + timedelta(hours=1)).isoformat(),
        "payload": {"command": [["true"]], "maxRunTime": 600},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    }


def create(environment: Mapping[str, str], group: str, ids: list[str]) -> None:
    """
    Make tasks, one after the other.
    """
    client, task = Client(environment), definition(group)
    for task_id in ids:
        client.send("PUT", f"{API}/task/{task_id}", task)


def look(environment: Mapping[str, str], _group: str, ids: list[str]) -> None:
    """
    Look at tasks, one after the other.
    """
    client = Client(environment)
    for task_id in ids:
        client.send("GET", f"{API}/task/{task_id}/status")


def run_clients(work: Any, environment: Mapping[str, str], group: str, ids: list[str], clients: int) -> float:
    """
    Return how many calls a second all clients together make.
    """
    context = get_context("fork")
    shares = [ids[number::clients] for number in range(clients)]
    processes = [context.Process(target=work, args=(environment, group, share)) for share in shares]
    began = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert 0 == process.exitcode
    return len(ids) / (time.perf_counter() - began)


def pages(environment: Mapping[str, str], group: str) -> list[float]:
    """
    Return the seconds that each page of a group takes.
    """
    client, token, took = Client(environment), "", []
    while True:
        began = time.perf_counter()
        page = client.send("GET", f"{API}/task-group/{group}/list?limit=1000{token}")
        took.append(time.perf_counter() - began)
        if "continuationToken" not in page:
            return took
        token = f"&continuationToken={page['continuationToken']}"


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figures of one deployment.
    """
    del runs  # each is thousands of calls
    began = time.perf_counter()
    with start_sandbox() as environment:
        Client(environment).send("GET", f"{API}/ping")
        first = time.perf_counter() - began
        yield Figure("start-up of the sandbox to its first response", show_seconds(first), "", first, "s")
        group = taskcluster.slugId()
        ids = [taskcluster.slugId() for _ in range(TASKS)]
        for name, work in (("createTask", create), ("status", look)):
            rate = run_clients(work, environment, group, ids, CLIENTS)
            yield Figure(f"{name} by {CLIENTS} clients of the sandbox", show(rate, "/s"), "", rate, "/s")
        rest = [taskcluster.slugId() for _ in range(GROUP_TASKS - TASKS)]
        run_clients(create, environment, group, rest, CLIENTS)
        took = pages(environment, group)
        tenth = max(1, len(took) // 10)
        ends = sum(took[:tenth]) / tenth, sum(took[-tenth - 1 : -1]) / tenth
        what = f"the last pages of a group of {GROUP_TASKS:,} tasks in the sandbox"
        yield Figure(what, show_seconds(ends[1]), f"{show_seconds(ends[0])} for the first", ends[1] / ends[0])
