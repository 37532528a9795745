"""
How many calls ``tc batch`` makes in a second, as a whole process: on the loopback, where nginx responds at once,
relative to the official Python client; and with the latency of a network, relative to what that allows.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from multiprocessing import Process, Queue
from pathlib import Path
from typing import TYPE_CHECKING

import slugid

from tests.benchmarks.measure import (
    TC,
    Figure,
    alternate,
    clean_environment,
    median,
    ratio,
    run,
    show,
    show_seconds,
)
from tests.benchmarks.servers import start_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.measure import Usage

CALLS = 5000
JOBS = 16
LATENCY_SECONDS = 0.05
LATENCY_JOBS = 64
GO_CALLS_PER_SECOND = 303
"""Of ``xargs -P16`` with the Go client, measured once on such a machine: it cannot be installed everywhere."""
TASK_ID = "fN1SbArXTPSVFNUvaOlinQ"
TIME = "2030-01-01T00:00:00.000Z"
STATUS = {
    "taskId": TASK_ID,
    "provisionerId": "proj-example",
    "workerType": "linux",
    "taskQueueId": "proj-example/linux",
    "schedulerId": "gecko-level-1",
    "projectId": "none",
    "taskGroupId": TASK_ID,
    "deadline": TIME,
    "expires": TIME,
    "retriesLeft": 5,
    "state": "exception",
    "runs": [
        {
            "runId": 0,
            "state": "exception",
            "reasonCreated": "scheduled",
            "reasonResolved": "canceled",
            "scheduled": TIME,
            "resolved": TIME,
        }
    ],
}
BODY = json.dumps({"status": STATUS}, separators=(",", ":"))
NGINX = f"default_type application/json; location / {{ return 200 '{BODY}'; }}"
OFFICIAL = f"""
import asyncio, json, sys
import taskcluster, taskcluster.aio

async def main():
    async with taskcluster.aio.createSession() as session:
        queue = taskcluster.aio.Queue(taskcluster.optionsFromEnvironment(), session=session)
        lines = iter(sys.stdin)

        async def work():
            for line in lines:
                print(json.dumps(await queue.cancelTask(line.strip())))

        await asyncio.gather(*(work() for _ in range({JOBS})))

asyncio.run(main())
"""


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the rates without and with latency.
    """
    with tempfile.TemporaryDirectory() as directory:
        ids = Path(directory, "ids")
        ids.write_text("".join(f"{slugid.nice()}\n" for _ in range(CALLS)), "ascii")
        with start_nginx(Path(directory), NGINX) as [root_url]:
            commands = {
                "tc batch": batch(JOBS),
                "the official Python client": [sys.executable, "-c", OFFICIAL],
            }
            cases = {
                name: partial(run, command, environment(root_url), stdin=ids) for name, command in commands.items()
            }
            usages = alternate(max(3, runs // 2), cases)
        yield from compare_rates(usages["tc batch"], usages["the official Python client"])
        with start_slow_server() as root_url:
            slow = alternate(3, {"tc": partial(run, batch(LATENCY_JOBS), environment(root_url), stdin=ids)})["tc"]
    rate, most = CALLS / median(slow, "wall"), LATENCY_JOBS / LATENCY_SECONDS
    yield Figure(
        f"{CALLS:,} calls with {LATENCY_SECONDS * 1000:.0f} ms of latency, {LATENCY_JOBS} jobs",
        show(rate, "/s"),
        f"{show(most, '/s')} that the latency allows",
        100 * rate / most,
        "%",
        goal=90,
        at_least=True,
        in_readme=True,
    )


def batch(jobs: int) -> list[str]:
    """
    Return the command that makes a call for each id.
    """
    return [TC, "batch", "queue", "cancelTask", "--jobs", str(jobs)]


def environment(root_url: str) -> dict[str, str]:
    """
    Return the environment in which calls go to a server of this machine, signed.
    """
    return {
        **clean_environment(),
        "TASKCLUSTER_ROOT_URL": root_url,
        "TASKCLUSTER_CLIENT_ID": "project/example",
        "TASKCLUSTER_ACCESS_TOKEN": slugid.nice() + slugid.nice(),
    }


def compare_rates(mine: Sequence[Usage], official: Sequence[Usage]) -> Iterator[Figure]:
    """
    Yield the figures on the loopback.
    """
    rate, other = CALLS / median(mine, "wall"), CALLS / median(official, "wall")
    what = f"{CALLS:,} signed calls, {JOBS} jobs"
    yield Figure(
        f"{what}, asyncio",
        show(rate, "/s"),
        f"{show(other, '/s')} for the official Python client",
        1 / ratio(mine, official, "wall"),
        goal=1,
        at_least=True,
        in_readme=True,
    )
    yield Figure(
        f"{what}, xargs",
        show(rate, "/s"),
        f"{GO_CALLS_PER_SECOND}/s for xargs -P{JOBS} with the Go client",
        rate / GO_CALLS_PER_SECOND,
        goal=5,
        at_least=True,
        in_readme=True,
    )
    yield Figure(what, show(rate, "/s"), "", rate, "/s", goal=1500, at_least=True)
    yield Figure(
        f"{what}, CPU",
        show_seconds(median(mine, "cpu")),
        f"{show_seconds(median(official, 'cpu'))} for the official Python client",
        ratio(mine, official, "cpu"),
    )


@contextmanager
def start_slow_server() -> Iterator[str]:
    """
    Run a server that responds after the latency; yield its root URL.
    """
    ports: Queue[int] = Queue()
    server = Process(target=serve_slowly, args=(ports,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ports.get()}"
    finally:
        server.terminate()
        server.join()


def serve_slowly(ports: Queue[int]) -> None:
    """
    Respond to each request after the latency, until the process is terminated.
    """
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    response = (head + BODY).encode()

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            # A request has no body, and fits into a segment.
            assert data.endswith(b"\r\n\r\n")
            asyncio.get_running_loop().call_later(LATENCY_SECONDS, self.respond)

        def respond(self) -> None:
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.write(response)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
