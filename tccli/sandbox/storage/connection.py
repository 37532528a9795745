"""
One connection to the storage host: reads requests, sends what was planned for them.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from contextlib import suppress
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tccli.sandbox.storage.answers import Plan, plan, refuse
from tccli.sandbox.storage.counters import Exchange
from tccli.sandbox.storage.signing import Refusal

if TYPE_CHECKING:
    from tccli.sandbox.storage.host import Storage

RECEIVED_AT_ONCE = 1 << 20
SENT_AT_ONCE = 1 << 18
"""Also what the system keeps for a slow client: more would be counted as sent, and never arrive."""
SMALL = 1 << 16
IDLE_SECONDS = 60
SLICES = 20
"""How many times a second a slow connection gets something."""
LINGER_SECONDS = 2


class Connection(BaseHTTPRequestHandler):
    """
    Answers the requests of one client, one after the other.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        """
        Take over a connection.
        """
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_AT_ONCE)
        self.storage: Storage = self.server.storage  # type: ignore[attr-defined]
        self.name = ""
        self.exchange = Exchange("", "", "")

    def do_GET(self) -> None:
        """
        Answer a request of any verb.
        """
        target = urlsplit(self.path)
        path = unquote(target.path, errors="surrogateescape")
        self.name = path.split("/", 2)[-1]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.exchange = Exchange(self.command, self.name, headers.get("range", ""))
        self.storage.counters.add(self.exchange)
        if fault := self.storage.faults.strike("latency", self.command, self.name):
            time.sleep(float(fault.value))
        if fault := self.storage.faults.strike("status", self.command, self.name):
            words = responses.get(fault.number, "Error").replace(" ", "")
            return self._refuse(Refusal(fault.number, words, "Please try again."))
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        refusal = self.storage.refusal(self.command, path, query, headers)
        if refusal:
            return self._refuse(refusal)
        if self.command == "PUT":
            return self._put(path, headers)
        stored = self.storage.files.find(path)
        if stored is None:
            refusal = Refusal(404, "NoSuchKey", "The specified key does not exist.", {"Key": self.name})
            return self._refuse(refusal)
        # Opened before anything is said of it: it may be replaced at any moment.
        try:
            with open(stored.path, "rb", buffering=0) as file:
                return self._send(plan(stored, headers, self.storage.faults, self.name), file)
        except FileNotFoundError:
            return self._refuse(Refusal(503, "SlowDown", "Please reduce your request rate."))

    do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = do_GET  # noqa: N815 - by these names too

    def handle_expect_100(self) -> bool:
        """
        Say nothing yet: a body is asked for only when it is known to be welcome.
        """
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """
        Keep quiet.
        """

    def _put(self, key: str, headers: dict[str, str]) -> None:
        if "transfer-encoding" in headers or not headers.get("content-length", "").isdecimal():
            message = "You must provide the Content-Length HTTP header."
            return self._refuse(Refusal(411, "MissingContentLength", message))
        length = int(headers["content-length"])
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        files = self.storage.files
        path = files.begin()
        try:
            if not self._receive(path, length):
                return None
            stored = files.keep(
                key,
                path,
                content_type=headers.get("content-type", "binary/octet-stream"),
                encoding=headers.get("content-encoding", ""),
                modified=self.storage.clock.now() // 1000,
            )
        except BaseException:
            files.drop(path)
            raise
        return self._send(Plan(200, {"ETag": stored.etag, "Content-Length": "0"}))

    def _receive(self, path: str, length: int) -> bool:
        """
        Take a body off the wire; False if it did not come whole, which has been said then.
        """
        faults = self.storage.faults
        drop = None
        for kind in ("drop", "reset"):
            drop = drop or faults.strike(kind, "PUT", self.name, lambda fault: fault.number < length)
        slow = faults.strike("slow", "PUT", self.name)
        chunk = max(1, slow.number // SLICES) if slow else RECEIVED_AT_ONCE
        end = drop.number if drop else length
        buffer = memoryview(bytearray(min(chunk, max(1, end))))
        begun = time.monotonic()
        whole = True
        with open(path, "wb") as file:
            while self.exchange.received < end and whole:
                wanted = min(len(buffer), end - self.exchange.received)
                try:
                    count = self.rfile.readinto(buffer[:wanted])
                except TimeoutError:
                    count = 0
                whole = count == wanted
                file.write(buffer[:count])
                self._count(received=count)
                if slow:
                    time.sleep(max(0.0, begun + self.exchange.received / slow.number - time.monotonic()))
        if drop:
            # What is unread makes either kind a reset.
            self._end(resets=True)
        elif not whole:
            message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            self._refuse(Refusal(400, "IncompleteBody", message))
        if drop or not whole:
            self.storage.files.drop(path)
            return False
        return True

    def _refuse(self, refusal: Refusal) -> None:
        answer = refuse(refusal, request_id=secrets.token_hex(8).upper())
        # A body that nobody reads would be taken for the next request.
        if self.command not in {"GET", "HEAD"}:
            answer.hangs_up = True
            answer.headers["Connection"] = "close"
        self._send(answer)

    def _send(self, answer: Plan, file: Any = None) -> None:
        phrase = responses.get(answer.status, "")
        date = formatdate(self.storage.clock.now() / 1000, usegmt=True)
        lines = [f"HTTP/1.1 {answer.status} {phrase}", f"Date: {date}", "Server: tc-sandbox"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if self.command == "HEAD":
            answer.text, answer.length, answer.padding = "", 0, 0
        self.exchange.status = answer.status
        try:
            self._body(answer, head, file)
        finally:
            if answer.hangs_up:
                self._end(resets=answer.resets)

    def _body(self, answer: Plan, head: bytes, file: Any) -> None:
        if answer.text:
            self.connection.sendall(head + answer.text.encode())
            return
        slow = self.storage.faults.strike("slow", self.command, self.name) if file else None
        if slow is None and answer.length <= SMALL and not answer.padding:
            # One write, so that small ones take one packet and one wake-up.
            data = b""
            if file is not None:
                file.seek(answer.start)
                data = file.read(answer.length)
            self._count(sent=len(data))
            self.connection.sendall(head + data)
            return
        self.connection.sendall(head)
        chunk = max(1, slow.number // SLICES) if slow else SENT_AT_ONCE
        begun, position = time.monotonic(), answer.start
        end = answer.start + answer.length
        while position < end:
            position += self._send_file(file, position, min(chunk, end - position))
            if slow:
                time.sleep(max(0.0, begun + (position - answer.start) / slow.number - time.monotonic()))
        if answer.padding:
            self._count(sent=answer.padding)
            self.connection.sendall(bytes(answer.padding))

    def _send_file(self, file: Any, start: int, length: int) -> int:
        """
        Send some bytes of a file without having them in our hands, and return how many.
        """
        self._count(sent=length)
        sent: int = 0
        try:
            sent = self.connection.sendfile(file, start, length)
        except OSError:
            sent = max(0, file.tell() - start)
            raise
        finally:
            self._count(sent=sent - length)
        if not sent:
            raise OSError("the file is shorter than it was")
        return sent

    def _count(self, *, sent: int = 0, received: int = 0) -> None:
        self.storage.counters.count(self.exchange, sent=sent, received=received)

    def _end(self, *, resets: bool) -> None:
        """
        Hang up.
        """
        self.close_connection = True
        if resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        # Bytes on their way when a connection is closed would make the system take back our answer.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            ends = time.monotonic() + LINGER_SECONDS
            while time.monotonic() < ends and self.connection.recv(SMALL):
                pass
