"""
The taskcluster proxy of a task: signs its requests with the credentials of its run.

Source: taskcluster tools/taskcluster-proxy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.core import hawk
from tccli.errors import TcError
from tccli.sandbox.worker.http_server import Handler, LoopbackServer

if TYPE_CHECKING:
    from tccli.sandbox.worker.client import Client

BEWIT_SECONDS = 3600
FORWARDED_REQUEST_HEADERS = ("content-type", "accept", "x-taskcluster-trace-id")
FORWARDED_RESPONSE_HEADERS = ("content-type", "location", "x-taskcluster-artifact-storage-type")


class Proxy(LoopbackServer):
    """
    Serves one task; ``TASKCLUSTER_PROXY_URL`` is its ``url``.

    Args:
        client: The run's; its credentials may change.
        scopes: The authorized scopes of all requests.
    """

    def __init__(self, client: Client, scopes: tuple[str, ...]) -> None:
        super().__init__(type("BoundHandler", (_Handler,), {"client": client, "scopes": scopes}))


class _Handler(Handler):
    client: Client
    scopes: tuple[str, ...]

    def do_GET(self) -> None:  # noqa: N802 - the base class looks for this name
        """
        Forward a request of any verb, or sign a URL.
        """
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/bewit" and self.command == "POST":
            self._sign(body.decode("utf-8", "replace").strip())
            return
        # Old clients omit the prefix.
        path = self.path if self.path.startswith("/api/") else "/api" + self.path
        headers = {name: self.headers[name] for name in FORWARDED_REQUEST_HEADERS if name in self.headers}
        try:
            response = self.client.send(self.command, path, body or None, headers, self._credentials())
        except TcError as error:
            self._respond(502, {"content-type": "text/plain"}, str(error).encode())
            return
        self._respond(
            response.status,
            {n: response.headers[n] for n in FORWARDED_RESPONSE_HEADERS if n in response.headers},
            response.body,
        )

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - the base class looks for these names

    def _sign(self, url: str) -> None:
        try:
            signed = hawk.sign_url(url, self._credentials(), expires=self.client.now + BEWIT_SECONDS)
        except TcError as error:
            self._respond(400, {"content-type": "text/plain"}, str(error).encode())
            return
        self._respond(303, {"content-type": "text/plain", "location": signed}, signed.encode())

    def _credentials(self) -> hawk.Credentials:
        return replace(self.client.credentials, authorized_scopes=self.scopes)

    def _respond(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
