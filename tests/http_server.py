"""
An HTTP server without manners: it answers what a test tells it to, byte for byte, and keeps what it was sent.
"""

from __future__ import annotations

import json
import socket
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
    One request as it came in.
    """

    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """
    What goes back, and how.

    Attributes:
        data: Every byte, from the status line on.
        closes: Hang up afterwards.
        pause: Seconds after each byte, or None for all at once.
        silent: Say nothing until the server ends.
    """

    data: bytes = b""
    closes: bool = False
    pause: float | None = None
    silent: bool = False


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """
    Return a well-formed answer; the headers' underscores are hyphens.
    """
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    phrase = HTTPStatus(status).phrase
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Answer(f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode() + body)


def said(document: Any, status: int = 200, **headers: str) -> Answer:
    """
    Return an answer with a JSON document.
    """
    body = json.dumps(document, ensure_ascii=False).encode()
    return answer(status, body, **{"Content_Type": "application/json; charset=utf-8", **headers})


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """
    Return an error as the services word it.
    """
    trailer = "\n---\n\n* method:     task\n* errorCode:  " + code
    return said({"code": code, "message": message + trailer, "requestInfo": {"method": "task"}}, status, **headers)


DROPPED = Answer(closes=True)
SILENCE = Answer(silent=True)


@dataclass
class Rude:
    """
    The server: a thread for each connection, on a port of its own.

    Attributes:
        requests: What came in, whole.
        connections: How many connections there were.
    """

    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers: list[Answer | Callable[[Received], Answer]] = [said({})]
        self._over = threading.Event()
        self._arrived = threading.Condition()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    @property
    def url(self) -> str:
        """
        The root URL.
        """
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def env(self) -> dict[str, str]:
        """
        The variables that lead a client here, signed in.
        """
        return {"TASKCLUSTER_ROOT_URL": self.url, **CREDENTIALS}

    def answers(self, *answers: Answer | Callable[[Received], Answer]) -> None:
        """
        Answer with these, one after the other, and with the last of them from then on.
        """
        self._answers = list(answers)

    def wait_for(self, count: int) -> None:
        """
        Return when *count* requests are there.
        """
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, 30)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._talk, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as stream:
            while (received := _read(stream)) is not None:
                with self._arrived:
                    self.requests.append(received)
                    now = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                    self._arrived.notify_all()
                if not isinstance(now, Answer):
                    now = now(received)
                if now.silent:
                    self._over.wait(60)
                    return
                self._write(connection, now)
                if now.closes:
                    connection.shutdown(socket.SHUT_RDWR)
                    return

    def _write(self, connection: socket.socket, now: Answer) -> None:
        if now.pause is None:
            connection.sendall(now.data)
            return
        for place in range(len(now.data)):
            connection.sendall(now.data[place : place + 1])
            if self._over.wait(now.pause):
                return


def _read(stream: Any) -> Received | None:
    """
    Read one request, or None where the other side has hung up or talks something else.
    """
    if not stream.peek(1)[:1].isalpha():
        return None
    words = stream.readline().decode("latin-1").split(" ")
    if len(words) != 3:
        return None
    verb, target, _ = words
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Received(verb, target, headers, stream.read(int(headers.get("content-length", 0))))
