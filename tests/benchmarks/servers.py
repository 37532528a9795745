"""
nginx, as the server that takes the least time of its own.
"""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.benchmarks.measure import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = """
daemon off; pid {directory}/pid; error_log {directory}/errors; worker_processes {workers};
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0; keepalive_requests 1000000;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
  uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5; root {directory}/www;
  {servers}
}}
"""


@contextmanager
def start_nginx(directory: Path, *servers: str, workers: int = 1) -> Iterator[list[str]]:
    """
    Serve ``directory/www``; yield the root URLs of servers that listen on loopback.

    Args:
        servers: What the configuration of each has besides its address.

    Raises:
        UnavailableError: nginx is not installed.
    """
    program = find_program("nginx")
    ports = free_ports(len(servers))
    (directory / "www").mkdir(exist_ok=True)
    directory.chmod(0o777)
    blocks = [
        f"server {{ listen 127.0.0.1:{port} backlog=512; {server} }}"
        for port, server in zip(ports, servers, strict=True)
    ]
    configuration = directory / "nginx.conf"
    text = CONFIGURATION.format(directory=directory, workers=workers, servers="\n  ".join(blocks))
    configuration.write_text(text, "utf-8")
    process = subprocess.Popen([program, "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        for port in ports:
            wait_for(port)
        if process.poll() is not None:
            raise SystemExit(f"nginx did not start: {(directory / 'errors').read_text('utf-8')}")
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        process.terminate()
        process.wait()


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
