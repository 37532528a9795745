"""
What a task calls the services through: signs its requests with the credentials of its run.

Source: taskcluster tools/taskcluster-proxy.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.core import hawk
from tccli.errors import TcError
from tccli.sandbox.worker.api import exchange
from tccli.sandbox.worker.listener import Handler, Listener

if TYPE_CHECKING:
    from tccli.sandbox.worker.api import Api

BEWIT_LIFE = 3600
PASSED_ON = ("content-type", "accept", "x-taskcluster-trace-id")
PASSED_BACK = ("content-type", "location", "x-taskcluster-artifact-storage-type")


class Proxy(Listener):
    """
    Listens for one task: its ``url`` is what ``TASKCLUSTER_PROXY_URL`` is.

    Args:
        api: The run's; its credentials may change.
        scopes: What the task may do at most.
    """

    def __init__(self, api: Api, scopes: tuple[str, ...]) -> None:
        class OfRun(_Handler):
            upstream, limits = api, scopes

        super().__init__(OfRun)


class _Handler(Handler):
    upstream: Api
    limits: tuple[str, ...]

    def do_GET(self) -> None:  # noqa: N802 - its name there
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
