"""
Servers of benchmarks: nginx, which takes the least time of its own, and one for responses that are made in Python.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.benchmarks.measure import find_program
from tests.ports import find_free_ports

if TYPE_CHECKING:
    import ssl
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


class Handler(BaseHTTPRequestHandler):
    """
    Keeps connections open, and prints nothing.
    """

    protocol_version = "HTTP/1.1"

    def respond(self, body: bytes, **headers: str) -> None:
        """
        Send a response with status 200; an underscore in the name of a header is a hyphen.
        """
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """
        Print nothing.
        """


@contextmanager
def serve(handler: type[Handler], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """
    Serve on loopback, with TLS if there is a context; yield the root URL.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'' if context is None else 's'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


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
    ports = find_free_ports(len(servers))
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
