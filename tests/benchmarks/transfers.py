"""
How long big transfers take, as ratios to what cannot be avoided, with CPU time and peak memory beside them.

The bytes come from nginx on loopback, which plays the storage; what is uploaded it takes and forgets, so that its own
disk is not what is measured. A few lines of Python play the services that say where they are::

    .venv/bin/python tests/benchmarks/transfers.py [--mebibytes 1024] [--runs 5]

All commands of a case run in turn, so that a machine whose speed drifts does so for all of them alike.
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
from contextlib import contextmanager
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
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 2;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; location /up/ {{ return 201; }} }}
  server {{ listen 127.0.0.1:{slow_port}; root {folder}/www; limit_rate 20m; }}
}}
"""


@dataclass(frozen=True)
class Taken:
    """
    What one run took: wall and CPU time in seconds, peak memory in MiB.
    """

    wall: float
    cpu: float
    memory: float


def run(command: list[str], environment: dict[str, str]) -> Taken:
    """
    Run a command to its end.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = 0
    if status:
        raise SystemExit(f"{command} failed: {said}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """
    Serve ``folder/www``; yield the ports of the quick server, and of one with 20 MB/s for each connection.
    """
    port, slow_port = free_port(), free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, slow_port=slow_port))
    folder.chmod(0o777)
    server = subprocess.Popen(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        for each in (port, slow_port):
            wait_for(each)
        yield port, slow_port
    finally:
        server.terminate()
        server.wait()


@contextmanager
def services(answers: dict[str, object]) -> Iterator[str]:
    """
    Answer requests by the end of their path; yield the root URL.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.dumps(next(value for end, value in answers.items() if self.path.endswith(end))).encode()
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


def free_port() -> int:
    """
    Return a port that nobody listens on.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """
    Wait until somebody listens on a port.
    """
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def alternate(runs: int, commands: dict[str, Callable[[], Taken]]) -> dict[str, list[Taken]]:
    """
    Run the commands in turn, once to warm up and then *runs* times.
    """
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            result = command()
            if number:
                taken[name].append(result)
    return taken


def report(taken: dict[str, list[Taken]], base: str, limit: str) -> None:
    """
    Print a row for each command, with the median of the ratios to *base*, run by run.
    """
    for name, results in taken.items():
        ratio = statistics.median(mine.wall / other.wall for mine, other in zip(results, taken[base], strict=True))
        wall, cpu = (statistics.median(getattr(each, what) for each in results) for what in ("wall", "cpu"))
        memory = max(each.memory for each in results)
        goal = f" ({limit})" if name != base else ""
        print(f"  {name:34} {wall:7.3f} s wall {cpu:7.3f} s cpu {memory:6.1f} MiB  {ratio:5.2f} x{goal}")


def hashing(path: Path) -> Taken:
    """
    Return what hashing alone takes, with the slower of the two hashes.
    """
    code = "import hashlib,sys; hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha512')"
    started = time.perf_counter()
    run([sys.executable, "-c", "import hashlib"], dict(os.environ))
    start_up = time.perf_counter() - started
    taken = run([sys.executable, "-c", code, str(path)], dict(os.environ))
    return Taken(taken.wall - start_up, taken.cpu, taken.memory)


def main() -> None:
    """
    Measure, and print a table for each case.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if not shutil.which("nginx") or not shutil.which("curl"):
        raise SystemExit("this needs nginx and curl")
    with tempfile.TemporaryDirectory() as name, nginx(prepared(Path(name), options.mebibytes)) as (port, slow_port):
        measure(Path(name), options.runs, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{slow_port}")


def prepared(folder: Path, mebibytes: int) -> Path:
    """
    Make the files that are served.
    """
    (folder / "www").mkdir()
    for name, count in (("big", mebibytes), ("medium", mebibytes // 4)):
        with (folder / "www" / name).open("wb") as file:
            for _ in range(count):
                file.write(os.urandom(MEBIBYTE))
    return folder


def measure(folder: Path, runs: int, quick: str, slow: str) -> None:
    """
    Measure against the servers at *quick* and *slow*.
    """
    big = folder / "www" / "big"
    hashes = {each: hashlib.file_digest(big.open("rb"), each).hexdigest() for each in ("sha256", "sha512")}
    method = {"url": f"{quick}/up/object", "headers": {"Content-Type": "application/octet-stream"}, "expires": FUTURE}
    answers = {
        "/big": {"storageType": "s3", "url": f"{quick}/big"},
        "/medium": {"storageType": "s3", "url": f"{quick}/medium"},
        "/slow": {"storageType": "s3", "url": f"{slow}/medium"},
        "/start-download/object": {"method": "getUrl", "url": f"{quick}/big", "expires": FUTURE, "hashes": hashes},
        "/upload/object": {"projectId": "p", "uploadId": TASK, "expires": FUTURE, "uploadMethod": {"putUrl": method}},
        "/finish-upload/object": {},
    }
    with services(answers) as root_url:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TASKCLUSTER_", "TC_"))}
        environment = {**kept, "TASKCLUSTER_ROOT_URL": root_url}
        target = str(folder / "target")

        def command(*words: str) -> Callable[[], Taken]:
            def once() -> Taken:
                Path(target).unlink(missing_ok=True)
                return run(list(words), environment)

            return once

        def download(name: str, *options: str) -> Callable[[], Taken]:
            return command(TC, "download-artifact", TASK, name, "-q", "-o", target, *options)

        for name, limit in (("big", "at most 1.25"), ("medium", "at most 1.8")):
            curl = command("curl", "-s", "-o", target, f"{quick}/{name}")
            print(f"s3 artifact of {(folder / 'www' / name).stat().st_size >> 20} MiB")
            report(alternate(runs, {"curl": curl, "tc download-artifact": download(name)}), "curl", limit)
        print("object with sha256 and sha512")
        alone = "hashing alone, sha512"
        for name, words in (
            ("tc download-object", ("download-object", "object", "-q", "-o", target)),
            ("tc upload-object", ("upload-object", str(big), "object", "--project-id", "p", "-q")),
        ):
            cases = {alone: lambda: hashing(big), name: command(TC, *words)}
            report(alternate(runs, cases), alone, "at most 1.3, plus start-up")
        print("20 MB/s for each connection")
        cases = {"tc with one connection": download("slow", "--connections", "1"), "tc": download("slow")}
        report(alternate(1, cases), "tc with one connection", "at most 0.286, which is 3.5 times as fast")


if __name__ == "__main__":
    main()
