"""
Wall time of large transfers relative to curl or to hashing alone, with CPU time and peak memory.

nginx on loopback is the storage for downloads. A small server in Python is the services, and drops what is uploaded:
nginx would store it first, which adds to the time of the upload::

    .venv/bin/python tests/benchmarks/transfers.py [--mebibytes 1024] [--runs 5]

The commands of a case alternate, so that a machine whose speed drifts affects them all alike.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TC = str(Path(sys.executable).with_name("tc"))
TASK = "AAAAAAAAQwSAAAAAAAAAAA"
FUTURE = "2999-01-01T00:00:00.000Z"
MEBIBYTE = 1 << 20
NGINX = """
daemon off; pid {directory}/pid; error_log {directory}/errors; worker_processes 2;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
  uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
  server {{ listen 127.0.0.1:{port}; root {directory}/www; }}
  server {{ listen 127.0.0.1:{slow_port}; root {directory}/www; limit_rate 20m; }}
}}
"""


@dataclass(frozen=True)
class Usage:
    """
    The resources of one run: wall and CPU time in seconds, peak memory in MiB.
    """

    wall: float
    cpu: float
    memory: float


def run(command: list[str], environment: dict[str, str]) -> Usage:
    """
    Run a command, and return what it used.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = 0
    if status:
        raise SystemExit(f"{command} failed: {errors}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def nginx(directory: Path) -> Iterator[tuple[int, int]]:
    """
    Serve ``directory/www``; yield the port of a fast server, and of one that sends 20 MB/s per connection.
    """
    port, slow_port = free_ports(2)
    configuration = directory / "nginx.conf"
    configuration.write_text(NGINX.format(directory=directory, port=port, slow_port=slow_port))
    directory.chmod(0o777)
    server = subprocess.Popen(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        for each in (port, slow_port):
            wait_for(each)
        if server.poll() is not None:
            raise SystemExit("nginx did not start: another server has its port")
        yield port, slow_port
    finally:
        server.terminate()
        server.wait()


@contextmanager
def services(responses: dict[str, object]) -> Iterator[str]:
    """
    Serve JSON responses, chosen by the end of the path; yield the root URL.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            remaining = int(self.headers.get("content-length", 0))
            buffer = memoryview(bytearray(min(remaining, MEBIBYTE)))
            while remaining and (count := self.rfile.readinto(buffer[:remaining])):
                remaining -= count
            body = json.dumps(next(value for end, value in responses.items() if self.path.endswith(end))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_GET  # noqa: N815 - the base class calls them so

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def free_ports(count: int) -> list[int]:
    """
    Return different ports that are not in use.
    """
    with ExitStack() as stack:
        # All are bound at the same time: one after the other, the system may give the same port twice.
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def check_throttled(url: str, path: Path) -> None:
    """
    Check that one connection gets no more than 20 MB/s: the benchmark of several connections depends on it.
    """
    started = time.perf_counter()
    run(["curl", "-s", "-f", "-o", os.devnull, url], dict(os.environ))
    rate = path.stat().st_size / (time.perf_counter() - started) / 1e6
    if not 10 < rate < 25:
        raise SystemExit(f"{url} is sent with {rate:.0f} MB/s, but this case needs 20 MB/s per connection")


def wait_for(port: int) -> None:
    """
    Wait until a server listens on a port.
    """
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def alternate(runs: int, commands: dict[str, Callable[[], Usage]]) -> dict[str, list[Usage]]:
    """
    Run the commands alternately: once to warm up, then *runs* times.
    """
    usages: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            result = command()
            if number:
                usages[name].append(result)
    return usages


def report(usages: dict[str, list[Usage]], base: str, limit: str) -> None:
    """
    Print a row for each command, with the median of the ratios to *base*, run by run.
    """
    for name, results in usages.items():
        ratio = statistics.median(mine.wall / other.wall for mine, other in zip(results, usages[base], strict=True))
        wall, cpu = (statistics.median(getattr(each, what) for each in results) for what in ("wall", "cpu"))
        memory = max(each.memory for each in results)
        goal = f" ({limit})" if name != base else ""
        print(f"  {name:34} {wall:7.3f} s wall {cpu:7.3f} s cpu {memory:6.1f} MiB  {ratio:5.2f} x{goal}")


def hashing(path: Path) -> Usage:
    """
    Measure hashing alone, with the slower of the two algorithms.
    """
    code = "import hashlib,sys; hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha512')"
    started = time.perf_counter()
    run([sys.executable, "-c", "import hashlib"], dict(os.environ))
    start_up = time.perf_counter() - started
    usages = run([sys.executable, "-c", code, str(path)], dict(os.environ))
    return Usage(usages.wall - start_up, usages.cpu, usages.memory)


def main() -> None:
    """
    Measure, and print a table per case.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if not shutil.which("nginx") or not shutil.which("curl"):
        raise SystemExit("this needs nginx and curl")
    with tempfile.TemporaryDirectory() as name, nginx(prepared(Path(name), options.mebibytes)) as (port, slow_port):
        measure(Path(name), options.runs, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{slow_port}")


def prepared(directory: Path, mebibytes: int) -> Path:
    """
    Create the files to serve.
    """
    (directory / "www").mkdir()
    for name, count in (("big", mebibytes), ("medium", mebibytes // 4)):
        with (directory / "www" / name).open("wb") as file:
            for _ in range(count):
                file.write(os.urandom(MEBIBYTE))
    return directory


def measure(directory: Path, runs: int, quick: str, slow: str) -> None:
    """
    Measure against the servers at the URLs *quick* and *slow*.
    """
    big = directory / "www" / "big"
    hashes = {each: hashlib.file_digest(big.open("rb"), each).hexdigest() for each in ("sha256", "sha512")}
    responses: dict[str, object] = {
        "/big": {"storageType": "s3", "url": f"{quick}/big"},
        "/medium": {"storageType": "s3", "url": f"{quick}/medium"},
        "/slow": {"storageType": "s3", "url": f"{slow}/medium"},
        "/start-download/object": {"method": "getUrl", "url": f"{quick}/big", "expires": FUTURE, "hashes": hashes},
        "/finish-upload/object": {},
        f"/task/{TASK}": {"expires": FUTURE},
        "/storage": {},
    }
    with services(responses) as root_url:
        storage = f"{root_url}/storage"
        method = {"url": storage, "headers": {"Content-Type": "application/octet-stream"}, "expires": FUTURE}
        upload = {"projectId": "p", "uploadId": TASK, "expires": FUTURE, "uploadMethod": {"putUrl": method}}
        responses["/upload/object"] = upload
        responses["/artifacts/up"] = {"storageType": "s3", "putUrl": storage, "expires": FUTURE}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TASKCLUSTER_", "TC_"))}
        environment = {**inherited, "TASKCLUSTER_ROOT_URL": root_url}
        target = str(directory / "target")

        def command(*words: str) -> Callable[[], Usage]:
            def once() -> Usage:
                Path(target).unlink(missing_ok=True)
                return run(list(words), environment)

            return once

        def download(name: str, *options: str) -> Callable[[], Usage]:
            return command(TC, "download-artifact", TASK, name, "-q", "-o", target, *options)

        for name, limit in (("big", "at most 1.3"), ("medium", "at most 1.8")):
            curl = command("curl", "-s", "-o", target, f"{quick}/{name}")
            print(f"s3 artifact of {(directory / 'www' / name).stat().st_size >> 20} MiB")
            report(alternate(runs, {"curl": curl, "tc download-artifact": download(name)}), "curl", limit)
        print("object with sha256 and sha512")
        alone = "hashing alone, sha512"
        for name, words in (
            ("tc download-object", ("download-object", "object", "-q", "-o", target)),
            ("tc upload-object", ("upload-object", str(big), "object", "--project-id", "p", "-q")),
        ):
            cases = {alone: lambda: hashing(big), name: command(TC, *words)}
            report(alternate(runs, cases), alone, "at most 1.5")
        alone = "curl -T"
        print("upload of an artifact")
        cases = {
            alone: command("curl", "-s", "-f", "-T", str(big), "-o", os.devnull, storage),
            "tc upload-artifact": command(TC, "upload-artifact", TASK, "0", "up", str(big), "-q"),
        }
        report(alternate(runs, cases), alone, "at most 1.4")
        print("20 MB/s per connection")
        check_throttled(f"{slow}/medium", directory / "www" / "medium")
        cases = {"tc with one connection": download("slow", "--connections", "1"), "tc": download("slow")}
        report(alternate(min(runs, 3), cases), "tc with one connection", "at most 0.286, which is 3.5 times as fast")


if __name__ == "__main__":
    main()
