"""
What a task calls the services through: signs its requests with the credentials of its run.

Source: taskcluster tools/taskcluster-proxy.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tccli.core import hawk
from tccli.errors import TcError
from tccli.sandbox.worker.api import exchange

if TYPE_CHECKING:
    from types import TracebackType

    from tccli.sandbox.worker.api import Api

HOST = "127.0.0.1"
BEWIT_LIFE = 3600
PASSED_ON = ("content-type", "accept", "x-taskcluster-trace-id")
PASSED_BACK = ("content-type", "location", "x-taskcluster-artifact-storage-type")


class Proxy:
    """
    Listens for one task.

    Args:
        api: The run's; its credentials may change.
        scopes: What the task may do, besides making artifacts.

    Attributes:
        url: What ``TASKCLUSTER_PROXY_URL`` is.
    """

    def __init__(self, api: Api, scopes: tuple[str, ...]) -> None:
        class Handler(_Handler):
            upstream, limits = api, scopes

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: Api
    limits: tuple[str, ...]

    def do_GET(self) -> None:
        """
        Pass any request on; only one path is ours.
        """
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/bewit" and self.command == "POST":
            self._sign(body.decode("utf-8", "replace").strip())
            return
        # Old clients leave out the prefix that all services share.
        path = self.path if self.path.startswith("/api/") else "/api" + self.path
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        url = self.upstream.root_url + path
        try:
            signature = hawk.authorization_header(
                self.command, url, self._credentials(), now=self.upstream.now, nonce=secrets.token_urlsafe(6)
            )
            reply = exchange(self.command, url, body or None, {**headers, "authorization": signature})
        except (OSError, TcError) as error:
            self._answer(502, {"content-type": "text/plain"}, str(error).encode())
            return
        self._answer(reply.status, {n: reply.headers[n] for n in PASSED_BACK if n in reply.headers}, reply.body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - their names there

    def _sign(self, url: str) -> None:
        try:
            signed = hawk.sign_url(url, self._credentials(), expires=self.upstream.now + BEWIT_LIFE)
        except TcError as error:
            self._answer(400, {"content-type": "text/plain"}, str(error).encode())
            return
        self._answer(303, {"content-type": "text/plain", "location": signed}, signed.encode())

    def _credentials(self) -> hawk.Credentials:
        return replace(self.upstream.credentials, authorized_scopes=self.limits)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """
        Keep quiet.
        """
