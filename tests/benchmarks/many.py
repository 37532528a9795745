"""
Time to download a thousand small artifacts, relative to curl and to what the server's latency allows.

One process is all services and the storage. It responds after 50 ms to at most 32 requests at the same time, so that
a thousand artifacts, with two requests each, take at least 3.1 s.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process, Queue
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import TC, Figure, clean_environment, install_tool, run, show_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 1000
TASK = "AAAAAAAAQwSAAAAAAAAAAA"
OFFICIAL_DOWNLOADS = 40
OFFICIAL = f"""
import asyncio, sys
import taskcluster, taskcluster.aio
from taskcluster.aio.download import downloadArtifactToFile

async def main():
    names = iter(range({COUNT}))
    async with taskcluster.aio.createSession() as session:
        queue = taskcluster.aio.Queue(taskcluster.optionsFromEnvironment(), session=session)

        async def work():
            for name in names:
                with open(f"{{sys.argv[1]}}/{{name}}", "wb") as file:
                    await downloadArtifactToFile(file, taskId="{TASK}", name=f"public/{{name}}", queueService=queue)

        await asyncio.gather(*(work() for _ in range({OFFICIAL_DOWNLOADS})))

asyncio.run(main())
"""
CURLS = 100
"""As many runs of curl are made to tell what `COUNT` take."""
LATENCY_SECONDS = 0.05
MAX_PARALLEL_REQUESTS = 32
CONTENT = b"x" * 2000


def serve(ports: Queue[int], count: int, latency: float) -> None:
    """
    Respond until the process is terminated.
    """

    async def run() -> None:
        places = asyncio.Semaphore(MAX_PARALLEL_REQUESTS)
        server = await asyncio.start_server(lambda reader, writer: respond(reader, writer, places), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        ports.put(port)
        await server.serve_forever()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, places: asyncio.Semaphore) -> None:
        port = writer.get_extra_info("sockname")[1]
        while head := (await read_head(reader)):
            async with places:
                await asyncio.sleep(latency)
            path = head.split(" ", 2)[1]
            kind, body = content(path, port, count)
            wanted = re.search(r"(?i)range: bytes=0-", head)
            if kind == "redirect":
                writer.write(b"HTTP/1.1 303 See Other\r\nContent-Length: 0\r\nLocation: " + body + b"\r\n\r\n")
                continue
            status = "206 Partial Content" if wanted and kind == "text/plain" else "200 OK"
            part = f"Content-Range: bytes 0-{len(body) - 1}/{len(body)}\r\n" if status.startswith("206") else ""
            lines = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{part}Content-Length: {len(body)}\r\n\r\n"
            writer.write(lines.encode() + body)
        writer.close()

    asyncio.run(run())


async def read_head(reader: asyncio.StreamReader) -> str:
    """
    Return a request's lines, or nothing at the end of the connection.
    """
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


def content(path: str, port: int, count: int) -> tuple[str, bytes]:
    """
    Return type and body of a response.
    """
    name = re.search(r"/artifact-content/(.*)", path)
    followed = re.search(r"/artifacts/(.+)", path)
    if "list-type=2" in path:
        keys = "".join(
            f'<Contents><Key>{number}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"tag"</ETag>'
            f"<Size>{len(CONTENT)}</Size></Contents>"
            for number in range(count)
        )
        return "application/xml", f"<ListBucketResult><KeyCount>{count}</KeyCount>{keys}</ListBucketResult>".encode()
    response: dict[str, Any]
    if name:
        response = {"storageType": "s3", "url": f"http://127.0.0.1:{port}/files/{name[1]}"}
    elif followed:
        return "redirect", f"http://127.0.0.1:{port}/files/{followed[1]}".encode()
    elif path.startswith("/files/"):
        return "text/plain", CONTENT
    elif path.endswith("/status"):
        response = {"status": {"taskId": TASK, "runs": [{"runId": 0, "state": "completed"}]}}
    else:
        expires, kind = "2999-01-01T00:00:00.000Z", "text/plain"
        listed = [{"storageType": "s3", "name": f"public/{number}", "expires": expires} for number in range(count)]
        response = {"artifacts": [{**each, "contentType": kind} for each in listed]}
    return "application/json", json.dumps(response).encode()


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield figures, with latency and without.
    """
    del runs  # each is a thousand downloads
    slow = download_all(COUNT, LATENCY_SECONDS)
    least = 2 * COUNT * LATENCY_SECONDS / MAX_PARALLEL_REQUESTS
    what = f"{COUNT:,} small artifacts, with {LATENCY_SECONDS * 1000:.0f} ms of latency"
    compared = f"{show_seconds(least)}, which the server allows"
    yield Figure(what, show_seconds(slow), compared, 100 * least / slow, "%", 85, at_least=True)
    quick = download_all(COUNT, 0)
    curl = run_curls(CURLS) * COUNT / CURLS
    what, compared = f"{COUNT:,} small artifacts", f"{show_seconds(curl)} for as many runs of curl"
    yield Figure(what, show_seconds(quick), compared, quick / curl, goal=0.25, in_readme=True)
    official = run_official()
    compared = f"{show_seconds(official)} for the official Python client, {OFFICIAL_DOWNLOADS} at a time"
    yield Figure(what, show_seconds(quick), compared, quick / official, in_readme=True)
    aws = run_aws()
    yield Figure(
        what, show_seconds(quick), f"{show_seconds(aws)} for aws s3 cp --recursive", quick / aws, in_readme=True
    )


def download_all(count: int, latency: float) -> float:
    """
    Return the seconds that ``tc`` needs.
    """
    with tempfile.TemporaryDirectory() as directory:
        port, server = start_server(count, latency)
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{port}"}
        begin = time.perf_counter()
        subprocess.run([TC, "download-artifact", "-q", TASK, "public/*", "-o", directory], env=environment, check=True)
        taken = time.perf_counter() - begin
        found = list(Path(directory, "public").iterdir())
        server.terminate()
        assert count == len(found), len(found)
        assert all(CONTENT == path.read_bytes() for path in found)
    return taken


def run_curls(count: int) -> float:
    """
    Return the seconds that *count* runs of curl need.
    """
    with tempfile.TemporaryDirectory() as directory:
        port, server = start_server(count, 0)
        begin = time.perf_counter()
        for number in range(count):
            url = f"http://127.0.0.1:{port}/api/queue/v1/task/{TASK}/artifacts/public%2F{number}"
            subprocess.run(["curl", "-sL", "-o", f"{directory}/{number}", url], check=True)
        taken = time.perf_counter() - begin
        server.terminate()
    return taken


def run_official() -> float:
    """
    Return the seconds that the official Python client needs.
    """
    with tempfile.TemporaryDirectory() as directory:
        port, server = start_server(COUNT, 0)
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{port}"}
        taken = run([sys.executable, "-c", OFFICIAL, directory], environment).wall
        assert [CONTENT] * COUNT == [path.read_bytes() for path in Path(directory).iterdir()]
        server.terminate()
    return taken


def run_aws() -> float:
    """
    Return the seconds that aws needs for as many objects, each with one request instead of two.
    """
    aws = install_tool("awscli", "aws")
    with tempfile.TemporaryDirectory() as directory:
        port, server = start_server(COUNT, 0)
        endpoint = ("--endpoint-url", f"http://127.0.0.1:{port}", "--no-sign-request", "--region", "us-east-1")
        command = [aws, "s3", "cp", "--recursive", "--only-show-errors", *endpoint, "s3://files/", directory]
        taken = run(command, clean_environment()).wall
        assert [CONTENT] * COUNT == [path.read_bytes() for path in Path(directory).iterdir()]
        server.terminate()
    return taken


def start_server(count: int, latency: float) -> tuple[int, Process]:
    """
    Start the server; return its port and its process.
    """
    ports: Queue[int] = Queue()
    server = Process(target=serve, args=(ports, count, latency), daemon=True)
    server.start()
    return ports.get(), server
