"""
A connection to the storage host: reads requests, and sends the planned responses.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import struct
import time
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from tccli.sandbox.storage.counters import RequestRecord
from tccli.sandbox.storage.responses import PlannedResponse, plan_download, plan_error
from tccli.sandbox.storage.signing import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.sandbox.clock import Clock
    from tccli.sandbox.storage.counters import Counters
    from tccli.sandbox.storage.faults import FaultSet
    from tccli.sandbox.storage.files import FileStore

RECEIVE_BYTES = 1 << 20
SEND_BYTES = 1 << 18
"""Also the size of the system's send buffer: what is in it counts as sent."""
SMALL_BODY_BYTES = 1 << 16
IDLE_SECONDS = 60
SLOW_WRITES_PER_SECOND = 20
LINGER_SECONDS = 2


class Backend(Protocol):
    """
    What a connection needs of the storage.
    """

    clock: Clock
    files: FileStore
    faults: FaultSet
    counters: Counters

    def check_access(
        self, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> StorageError | None:
        """
        Return why a request is not authorized, or None.
        """


class Connection(BaseHTTPRequestHandler):
    """
    Handles the requests of one client, one after the other.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        """
        Configure the socket.
        """
        super().setup()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        self.storage: Backend = self.server.storage  # type: ignore[attr-defined]
        # After a reset, the storage has others.
        self.faults, self.counters = self.storage.faults, self.storage.counters
        self.name = ""
        self.record = RequestRecord("", "", "")

    def do_GET(self) -> None:
        """
        Handle a request of any verb.
        """
        target = urlsplit(self.path)
        path = unquote(target.path, errors="surrogateescape")
        self.name = path.split("/", 2)[-1]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.record = RequestRecord(self.command, self.name, headers.get("range", ""))
        self.counters.add(self.record)
        if fault := self.faults.next_fault("latency", self.command, self.name):
            time.sleep(float(fault.value))
        if fault := self.faults.next_fault("status", self.command, self.name):
            words = _phrase(fault.number).replace(" ", "") or "Error"
            return self._send_error(StorageError(fault.number, words, "Please try again."))
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        error = self.storage.check_access(self.command, path, query, headers)
        if error:
            return self._send_error(error)
        if self.command == "PUT":
            return self._receive_upload(path, headers)
        stored = self.storage.files.get(path)
        if stored is None:
            error = StorageError(404, "NoSuchKey", "The specified key does not exist.", {"Key": self.name})
            return self._send_error(error)
        # Open the file before the headers are sent, since it may be replaced at any moment.
        try:
            with open(stored.path, "rb", buffering=0) as file:
                return self._send(plan_download(stored, headers, self.faults, self.name), file)
        except FileNotFoundError:
            return self._send_error(StorageError(503, "SlowDown", "Please reduce your request rate."))

    do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = do_GET  # noqa: N815 - the base class looks for these names

    def handle_expect_100(self) -> bool:
        """
        Send nothing yet: 100 Continue follows when the upload is known to be authorized.
        """
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """
        Log nothing.
        """

    def _receive_upload(self, key: str, headers: dict[str, str]) -> None:
        if "transfer-encoding" in headers or not headers.get("content-length", "").isdecimal():
            message = "You must provide the Content-Length HTTP header."
            return self._send_error(StorageError(411, "MissingContentLength", message))
        length = int(headers["content-length"])
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        files = self.storage.files
        path = files.create_path()
        try:
            digest = hashlib.md5(usedforsecurity=False)
            if not self._receive_body(path, length, digest):
                return None
            stored = files.store(
                key,
                path,
                content_type=headers.get("content-type", "binary/octet-stream"),
                encoding=headers.get("content-encoding", ""),
                modified=self.storage.clock.now() // 1000,
                md5=digest.hexdigest(),
            )
        except BaseException:
            files.discard(path)
            raise
        return self._send(PlannedResponse(200, {"ETag": stored.etag, "Content-Length": "0"}))

    def _receive_body(self, path: str, length: int, digest: hashlib._Hash) -> bool:
        """
        Receive a body into a file and a digest; return False if it is incomplete, after an error response.
        """
        faults = self.faults
        drop = None
        for kind in ("drop", "reset"):
            drop = drop or faults.next_fault(kind, "PUT", self.name, lambda fault: fault.number < length)
        slow = faults.next_fault("slow", "PUT", self.name)
        chunk = max(1, slow.number // SLOW_WRITES_PER_SECOND) if slow else RECEIVE_BYTES
        end = drop.number if drop else length
        buffer = memoryview(bytearray(min(chunk, max(1, end))))
        started = time.monotonic()
        is_complete = True
        with open(path, "wb") as file:
            while self.record.received < end and is_complete:
                expected = min(len(buffer), end - self.record.received)
                try:
                    count = self.rfile.readinto(buffer[:expected])
                except TimeoutError:
                    count = 0
                is_complete = count == expected
                file.write(buffer[:count])
                digest.update(buffer[:count])
                self._count(received=count)
                if slow:
                    time.sleep(max(0.0, started + self.record.received / slow.number - time.monotonic()))
        if drop:
            # The unread rest of the body makes a reset of either kind.
            self._close(resets=True)
        elif not is_complete:
            message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            self._send_error(StorageError(400, "IncompleteBody", message))
        if drop or not is_complete:
            self.storage.files.discard(path)
            return False
        return True

    def _send_error(self, error: StorageError) -> None:
        response = plan_error(error, request_id=secrets.token_hex(8).upper())
        # An unread body would be parsed as the next request.
        if self.command not in {"GET", "HEAD"}:
            response.closes = True
            response.headers["Connection"] = "close"
        self._send(response)

    def _send(self, response: PlannedResponse, file: Any = None) -> None:
        date = formatdate(self.storage.clock.now() / 1000, usegmt=True)
        lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}", f"Date: {date}", "Server: tc-sandbox"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if self.command == "HEAD":
            response.text, response.length, response.padding = "", 0, 0
        self.record.status = response.status
        try:
            self._send_body(response, head, file)
        finally:
            if response.closes:
                self._close(resets=response.resets)

    def _send_body(self, response: PlannedResponse, head: bytes, file: Any) -> None:
        if response.text:
            self.connection.sendall(head + response.text.encode())
            return
        slow = self.faults.next_fault("slow", self.command, self.name) if file else None
        if slow is None and response.length <= SMALL_BODY_BYTES and not response.padding:
            # One write, so that a small response takes one packet.
            data = b""
            if file is not None:
                file.seek(response.start)
                data = file.read(response.length)
            self._count(sent=len(data))
            self.connection.sendall(head + data)
            return
        self.connection.sendall(head)
        chunk = max(1, slow.number // SLOW_WRITES_PER_SECOND) if slow else SEND_BYTES
        started, position = time.monotonic(), response.start
        end = response.start + response.length
        while position < end:
            position += self._send_file(file, position, min(chunk, end - position))
            if slow:
                time.sleep(max(0.0, started + (position - response.start) / slow.number - time.monotonic()))
        if response.padding:
            self._count(sent=response.padding)
            self.connection.sendall(bytes(response.padding))

    def _send_file(self, file: Any, start: int, length: int) -> int:
        """
        Send bytes of a file with sendfile(2), and return how many.
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
            raise OSError("the file has become shorter")
        return sent

    def _count(self, *, sent: int = 0, received: int = 0) -> None:
        self.counters.count(self.record, sent=sent, received=received)

    def _close(self, *, resets: bool) -> None:
        self.close_connection = True
        if resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        # If bytes arrive after close(), the system sends a reset, and the client may lose the response.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            ends = time.monotonic() + LINGER_SECONDS
            while time.monotonic() < ends and self.connection.recv(SMALL_BODY_BYTES):
                pass


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
