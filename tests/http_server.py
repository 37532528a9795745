"""
A scripted HTTP server: it sends the bytes that a test chose, and records the requests that it received.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

CREDENTIALS = {"TASKCLUSTER_CLIENT_ID": "tester/one", "TASKCLUSTER_ACCESS_TOKEN": "very-secret-token"}


@dataclass(frozen=True)
class Received:
    """
    One request as it came in; headers by lower-case name.
    """

    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """
    The bytes to send, and how.

    Attributes:
        data: Every byte, from the status line on.
        closes: Close the connection afterwards.
        pause: Seconds after each byte, or None to send all at once.
        prompt: How many bytes are sent at once nevertheless.
        silent: Send nothing and leave the connection open until the server ends.
    """

    data: bytes = b""
    closes: bool = False
    pause: float | None = None
    prompt: int = 0
    silent: bool = False


def response(status: int, body: bytes = b"", **headers: str) -> Response:
    """
    Return a well-formed response; underscores in the headers' names become hyphens.
    """
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    phrase = HTTPStatus(status).phrase
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Response(f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode() + body)


def json_response(document: Any, status: int = 200, **headers: str) -> Response:
    """
    Return a response with a JSON document.
    """
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return response(status, body, **{"Content_Type": "application/json; charset=utf-8", **headers})


def error_response(status: int, code: str, message: str, **headers: str) -> Response:
    """
    Return an error in the services' own form.
    """
    trailer = "\n---\n\n* method:     task\n* errorCode:  " + code
    document = {"code": code, "message": message + trailer, "requestInfo": {"method": "task"}}
    return json_response(document, status, **headers)


DROPPED = Response(closes=True)
NO_RESPONSE = Response(silent=True)


@dataclass
class ScriptedServer:
    """
    The server: a thread for each connection, on a port of its own.

    Attributes:
        requests: The requests that came in whole.
        connections: The number of connections accepted.
        host: The loopback address to listen on.
        tls: To speak TLS with.
    """

    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family)
        self._script: list[Response | Callable[[Received], Response]] = [json_response({})]
        self._stopped = threading.Event()
        self._arrived = threading.Condition()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # It may have accepted one more, which then is closed as well.
        self._threads[0].join(10)
        self.close_connections()
        for thread in self._threads:
            thread.join(10)

    @property
    def port(self) -> int:
        """
        The port it listens on.
        """
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """
        The root URL.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """
        The environment of a client that is signed in here.
        """
        return {"TASKCLUSTER_ROOT_URL": self.url, **CREDENTIALS}

    def respond_with(self, *script: Response | Callable[[Received], Response]) -> None:
        """
        Send these responses in order, then repeat the last one.
        """
        with self._arrived:
            self._script = list(script)

    def wait_for(self, count: int) -> None:
        """
        Wait until *count* requests have arrived.
        """
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, 60)

    def wait_for_disconnection(self) -> None:
        """
        Wait until the client has closed the connection that it opened last.
        """
        self._threads[-1].join(60)
        assert not self._threads[-1].is_alive()

    def close_connections(self) -> None:
        """
        Close every connection that a client has opened so far.
        """
        for each in self._open:
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.tls is None:
                self._converse(connection)
                return
            with self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as encrypted:
                # Before the handshake, which may never end.
                self._open.append(encrypted)
                encrypted.do_handshake()
                self._converse(encrypted)

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while (received := _read(stream)) is not None:
                with self._arrived:
                    self.requests.append(received)
                    step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                    self._arrived.notify_all()
                if not isinstance(step, Response):
                    step = step(received)
                if step.silent:
                    self._stopped.wait(60)
                    return
                self._write(connection, step)
                if step.closes:
                    if isinstance(connection, ssl.SSLSocket):
                        # Sends the closing message of TLS, and does not wait for that of the client.
                        connection.settimeout(0)
                        with suppress(OSError):
                            connection.unwrap()
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                    return

    def _write(self, connection: socket.socket, step: Response) -> None:
        if step.pause is None:
            connection.sendall(step.data)
            return
        connection.sendall(step.data[: step.prompt])
        for index in range(step.prompt, len(step.data)):
            connection.sendall(step.data[index : index + 1])
            if self._stopped.wait(step.pause):
                return


def _read(stream: Any) -> Received | None:
    # None: the client closed the connection, perhaps in the middle of a request, or does not speak HTTP.
    if not stream.peek(1)[:1].isalpha():
        return None
    words = stream.readline().decode("latin-1").split(" ")
    if len(words) != 3:
        return None
    verb, target, _ = words
    headers: dict[str, str] = {}
    while (line := stream.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if not line:
        return None
    length = int(headers.get("content-length", 0))
    body = stream.read(length)
    return Received(verb, target, headers, body) if len(body) == length else None
