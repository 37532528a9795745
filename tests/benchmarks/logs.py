"""
The commands for logs: memory for lines of 10 MB, and time and traffic for the end of a log of 1 GiB.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.benchmarks import sandbox
from tests.benchmarks.measure import TC, Figure, clean_environment, run, show, start_sandbox
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEBIBYTE = 1 << 20
MAX_MEBIBYTES = 64
LINE = os.urandom(5 * MEBIBYTE).hex().encode()
LINES = [b"%d %b%b\n" % (number, LINE, b" needle" if number % 3 == 0 else b"") for number in range(10)]
LONG_LINES = b"".join(LINES)
SHORT_LINE = b"[task 2026-01-02T03:04:05.678Z] compiling something with a name of some length, as logs have them\n"
TAIL_BYTES = 1 << 30
MAX_TAIL_SECONDS = 1
MAX_TAIL_TRAFFIC_MEBIBYTES = 1
GROUP_TASKS = 10


class Storage(BaseHTTPRequestHandler):
    """
    Sends ``/long``, which is `LONG_LINES`, and ``/huge``, a log of 1 GiB that is repeated lines.
    """

    protocol_version = "HTTP/1.1"
    sent = 0

    def do_GET(self) -> None:
        """
        Send the range that is asked for.
        """
        total = TAIL_BYTES if self.path == "/huge" else len(LONG_LINES)
        first, _, last = self.headers.get("Range", f"bytes=0-{total - 1}").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last) + 1 if last else total, total)
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(end - start))
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        self.end_headers()
        while start < end:
            block = _read(self.path, start, min(end, start + MEBIBYTE))
            self.wfile.write(block)
            Storage.sent += len(block)
            start += len(block)

    def log_message(self, *_args: object) -> None:
        """
        Print nothing.
        """


class Server(ThreadingHTTPServer):
    """
    A server whose clients may go away.
    """

    def handle_error(self, *_args: object) -> None:
        """
        Print nothing.
        """


def _read(path: str, start: int, end: int) -> bytes:
    if path != "/huge":
        return LONG_LINES[start:end]
    first = start % len(SHORT_LINE)
    return (SHORT_LINE * ((end - start) // len(SHORT_LINE) + 2))[first : first + end - start]


@contextmanager
def serve() -> Iterator[str]:
    """
    Run the storage; yield its URL.
    """
    server = Server(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def create_failed(environment: Mapping[str, str], group: str, url: str) -> str:
    """
    Create a failed task whose log is at a URL, and return its id.
    """
    client, task_id = sandbox.Client(environment), slug()
    path = f"{sandbox.API}/task/{task_id}"
    client.send("PUT", path, sandbox.definition(group))
    client.send("POST", f"{path}/runs/0/claim", {"workerGroup": "g", "workerId": "w"})
    artifact = {"storageType": "reference", "contentType": "text/plain", "expires": later(minutes=50), "url": url}
    client.send("POST", f"{path}/runs/0/artifacts/public/logs/live.log", artifact)
    client.send("POST", f"{path}/runs/0/failed")
    return task_id


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield memory, and for the tail of 1 GiB time and traffic.
    """
    del runs  # each is 100 MB
    with start_sandbox() as deployment, serve() as url:
        environment = {**clean_environment(), **deployment}
        group, task_id = slug(), create_failed(deployment, slug(), f"{url}/long")
        for _ in range(GROUP_TASKS):
            create_failed(deployment, group, f"{url}/long")
        for words in (
            ("task", "log", task_id),
            ("task", "log", task_id, "--grep", "needle$"),
            ("task", "log", task_id, "--grep", "no such line"),
            ("task", "log", task_id, "--own", "--timestamps"),
            ("task", "log", task_id, "--tail", "3"),
            ("task", "log", task_id, "--tail", "3", "--grep", "needle$"),
            ("group", "logs", group, "--grep", "needle$"),
            ("group", "logs", group, "--log-match", "needle$", "--tail", "1"),
            ("group", "failures", group),
        ):
            usage = run([TC, *words], environment)
            name = " ".join(word for word in words if word not in {group, task_id})
            seconds = f"{show(usage.wall, 's')}, {show(usage.cpu, 's')} CPU"
            what = f"tc {name}, lines of 10 MB, {'10 logs' if group in words else 'a log'} of 100 MB"
            yield Figure(what, show(usage.memory, "MiB"), seconds, usage.memory, "MiB", MAX_MEBIBYTES)
        yield from measure_tail(environment, create_failed(deployment, slug(), f"{url}/huge"))


def measure_tail(environment: Mapping[str, str], task_id: str) -> Iterator[Figure]:
    """
    Yield the time and the traffic of ``--tail 100`` of a log of 1 GiB.
    """
    Storage.sent = 0
    usage = run([TC, "task", "log", task_id, "--tail", "100"], environment)
    sent = Storage.sent / MEBIBYTE
    what = "tc task log --tail 100 of 1 GiB"
    yield Figure(what, show(usage.wall, "s"), "", usage.wall, "s", MAX_TAIL_SECONDS)
    yield Figure(f"{what}, traffic", show(sent, "MiB"), "", sent, "MiB", MAX_TAIL_TRAFFIC_MEBIBYTES)
