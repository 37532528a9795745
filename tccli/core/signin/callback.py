"""
The server on this machine that the browser sends the credentials of the new client to.

It listens on both loopback addresses, since ``localhost`` may be either, and takes one request: a GET that a browser
makes to show a page, for the host ``localhost``, on a path that only the page in the deployment knows. The response
redirects to a page without the token.
"""

from __future__ import annotations

import errno
import hmac
import re
import secrets
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from queue import Empty, SimpleQueue
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from tccli.core.hawk import ACCESS_TOKEN, CLIENT_ID
from tccli.core.signin import page
from tccli.core.threads import start_thread
from tccli.errors import LocalFileError

if TYPE_CHECKING:
    from typing import Self

MAX_PORT_ATTEMPTS = 20
MAX_VALUE_CHARACTERS = 4096
REQUEST_TIMEOUT_SECONDS = 10
PAGE_TIMEOUT_SECONDS = 10
POLL_INTERVAL_SECONDS = 0.05
DONE = "/done"


class Callback(NamedTuple):
    """
    The credentials of the new client.
    """

    client_id: str
    access_token: str


class CallbackError(ValueError):
    """
    A request that is not the callback; the message is a sentence.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CallbackServer:
    """
    Listens for the callback while the ``with`` block runs.

    Attributes:
        url: Where the callback goes, for the page in the deployment.
        is_given_up: Whether :meth:`give_up` was called.

    Raises:
        LocalFileError: The port cannot be used.
    """

    def __init__(self, root_url: str, port: int = 0) -> None:
        self.root_url = root_url
        self._path = f"/{secrets.token_urlsafe(24)}"
        self._sockets = _listen(port)
        self.port = self._sockets[0].getsockname()[1]
        self.url = f"http://localhost:{self.port}{self._path}"
        self.is_given_up = False
        self._results: SimpleQueue[Callback | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._callback: Callback | None = None
        self._is_page_shown = threading.Event()
        self._needs_page = False
        self._servers: list[_Server] = []

    def __enter__(self) -> Self:
        for sock in self._sockets:
            server = _Server(sock, self)
            self._servers.append(server)
            start_thread(server.serve_forever, POLL_INTERVAL_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def wait(self, timeout: float) -> Callback | None:
        """
        Return the credentials, or None if they do not come in time or :meth:`give_up` was called.

        Args:
            timeout: Seconds.
        """
        with suppress(Empty):
            return self._results.get(timeout=timeout)
        return None

    def give_up(self) -> None:
        """
        End the wait.
        """
        self.is_given_up = True
        self._results.put(None)

    def wait_for_page(self) -> None:
        """
        Wait until the browser has the page that says that the sign-in is done.
        """
        if self._needs_page:
            self._is_page_shown.wait(PAGE_TIMEOUT_SECONDS)

    def accept_url(self, url: str) -> None:
        """
        Take the callback from the URL in the address bar of a browser on another machine.

        Raises:
            CallbackError: It is not the callback.
        """
        found = re.fullmatch(r"(?i)(?:http://)?localhost:([0-9]+)(/.*)", url.strip())
        if not found or found[1] != str(self.port):
            raise CallbackError(400, f"the URL must begin with http://localhost:{self.port}/")
        self._accept(found[2])

    def respond(self, target: str, headers: dict[str, list[str]]) -> tuple[int, dict[str, str], str]:
        """
        Return status, headers and page for a GET.

        Args:
            target: Path and query, as sent.
            headers: By name in lower case.

        Raises:
            CallbackError: It is refused.
        """
        _check_headers(headers, self.port)
        callback = self._callback
        if callback is not None and hmac.compare_digest(target.encode(), (self._path + DONE).encode()):
            return 200, {}, page.render_success(callback.client_id, self.root_url)
        self._accept(target, needs_page=True)
        return 303, {"Location": self._path + DONE}, ""

    def report_page(self) -> None:
        """
        End :meth:`wait_for_page`.
        """
        self._is_page_shown.set()

    def _accept(self, target: str, *, needs_page: bool = False) -> None:
        path, _, query = target.partition("?")
        if not hmac.compare_digest(path.encode(), self._path.encode()):
            raise CallbackError(404, "The address is not that of the sign-in that is in progress.")
        callback = parse_query(query)
        with self._lock:
            if self._callback is not None:
                raise CallbackError(410, "The sign-in has already taken place; its address works only once.")
            self._callback = callback
            self._needs_page = needs_page
        self._results.put(callback)


def parse_query(query: str) -> Callback:
    """
    Return the credentials in the query of a callback.

    The page puts the client id in as it is: its plus signs are plus signs.

    Raises:
        CallbackError: A value is missing, is there twice, or is not a client id or an access token.
    """
    found: dict[str, str] = {}
    for part in query.partition("#")[0].split("&"):
        name, _, value = part.partition("=")
        if name in found:
            raise CallbackError(400, f"The address has {name[:40]!a} twice.")
        with suppress(UnicodeDecodeError):
            found[name] = unquote(value, errors="strict")
    values = [found.get(name, "") for name in ("clientId", "accessToken")]
    if not all(values):
        raise CallbackError(400, "The address does not have the credentials of a client.")
    for value, form in zip(values, (CLIENT_ID, ACCESS_TOKEN), strict=True):
        if not form.fullmatch(value) or len(value) > MAX_VALUE_CHARACTERS:
            raise CallbackError(400, "The address does not have valid credentials.")
    return Callback(*values)


def _check_headers(headers: dict[str, list[str]], port: int) -> None:
    # A name of a foreign site may lead to this machine.
    if [host.lower() for host in headers.get("host", [])] != [f"localhost:{port}"]:
        raise CallbackError(421, "The request is for another host.")
    # A browser does not send an origin when it shows a page, but when a page calls another site. These headers are sent
    # by all current browsers; other programs send none of them.
    if "origin" in headers:
        raise CallbackError(403, "The request comes from a page of another site.")
    for name, allowed in (("sec-fetch-mode", ["navigate"]), ("sec-fetch-dest", ["document"])):
        if headers.get(name, allowed) != allowed:
            raise CallbackError(403, "The request comes from a page of another site.")
    if "sec-purpose" in headers:
        raise CallbackError(403, "The request is made ahead of time.")


def _listen(port: int) -> list[socket.socket]:
    """
    Return sockets on the same port of the loopback addresses of both families; of one, if the machine has only that.

    All of them are needed: on the other one, another user of this machine could listen for the token.
    """
    for attempt in range(MAX_PORT_ATTEMPTS):
        sockets: list[socket.socket] = []
        try:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                number = sockets[0].getsockname()[1] if sockets else port
                try:
                    sockets.append(socket.create_server((host, number), family=family))
                except OSError as error:
                    if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}:
                        raise
            if sockets:
                return sockets
            raise LocalFileError("cannot listen for the callback: this machine has no loopback address")
        except OSError as error:
            for sock in sockets:
                sock.close()
            if port == 0 and error.errno == errno.EADDRINUSE and attempt + 1 < MAX_PORT_ATTEMPTS:
                continue
            where = f"port {port}" if port else "any port"
            reason = error.strerror or str(error)
            raise LocalFileError(
                f"cannot listen for the callback on {where} of localhost: {reason}", hint="give another --port"
            ) from None
    raise AssertionError


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sock: socket.socket, owner: CallbackServer) -> None:
        super().__init__(sock.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        # The browser has closed the connection.
        pass


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT_SECONDS

    def do_GET(self) -> None:
        headers = {name.lower(): self.headers.get_all(name, []) for name in self.headers}
        try:
            status, extra, text = self.server.owner.respond(self.path, headers)
        except CallbackError as error:
            self._send(error.status, {}, page.render_refusal(str(error)))
            return
        self._send(status, extra, text)
        if status == 200:
            self.server.owner.report_page()

    def _refuse_method(self) -> None:
        self._send(405, {"Allow": "GET"}, page.render_refusal("Only GET is allowed."))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse_method  # noqa: N815 - http.server's names

    def _send(self, status: int, headers: dict[str, str], text: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**page.HEADERS, **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """
        Refuse a malformed request.
        """
        self.close_connection = True
        self._send(code, {}, page.render_refusal("The request is malformed."))

    def version_string(self) -> str:
        """
        Return the header Server.
        """
        return "tc"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """
        Print nothing: the request has the token.
        """
