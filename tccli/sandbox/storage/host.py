"""
The storage host: HTTP on a loopback port, with a thread for each connection.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import sys
import threading
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from tccli.sandbox.storage import signing
from tccli.sandbox.storage.connection import Connection
from tccli.sandbox.storage.counters import Counters
from tccli.sandbox.storage.faults import FaultSet
from tccli.sandbox.storage.files import FileStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tccli.sandbox.clock import Clock

DEFAULT_HOST = "127.0.0.1"


class Storage:
    """
    Stores bytes, and signs URLs for their download and upload.

    Args:
        clock: The deployment's.
        directory: For the bytes; None is a temporary directory.
        host: The address to listen on.

    Raises:
        OSError: The directory cannot be used.

    Attributes:
        url: Of the host, without a trailing slash.
        faults: ``storage.faults.add("drop=1MB,times=3")`` makes it fail.
    """

    def __init__(self, clock: Clock, directory: Path | None = None, host: str = DEFAULT_HOST) -> None:
        self.clock = clock
        self.files = FileStore(directory)
        self.faults = FaultSet()
        self.counters = Counters()
        self._key = secrets.token_bytes(32)
        self._server = _Server(self, host)
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="storage", daemon=True
        )

    def start(self) -> None:
        """
        Serve requests.
        """
        self._thread.start()

    def close(self) -> None:
        """
        Close all connections, and stop.
        """
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self.files.close()

    def reset(self, clock: Clock) -> None:
        """
        Delete all files, and close all connections; there are no faults then, and all counters are zero.
        """
        self.clock = clock
        # A request that is still handled, perhaps of a client that was killed, uses those from before.
        self.faults, self.counters = FaultSet(), Counters()
        self._server.close_connections()
        self.files.clear()

    def get_url(self, bucket: str, name: str, lifetime: float) -> str:
        """
        Return a URL for a download.

        Args:
            lifetime: Seconds.
        """
        return self._url("GET", bucket, name, lifetime)

    def put_url(self, bucket: str, name: str, lifetime: float, headers: Mapping[str, str]) -> str:
        """
        Return a URL for an upload.

        Args:
            lifetime: Seconds.
            headers: Headers that the upload must have, by lower-case name.
        """
        return self._url("PUT", bucket, name, lifetime, headers)

    def store(self, bucket: str, name: str, data: bytes, content_type: str) -> None:
        """
        Store bytes that were not uploaded by HTTP.
        """
        path = self.files.create_path()
        with open(path, "wb") as file:
            file.write(data)
        modified = self.clock.now() // 1000
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self.files.store(f"/{bucket}/{name}", path, content_type=content_type, encoding="", modified=modified, md5=md5)

    def delete(self, bucket: str, name: str) -> None:
        """
        Delete a file, if it exists.
        """
        self.files.delete(f"/{bucket}/{name}")

    def apply_hash_fault(self, name: str, hashes: Mapping[str, str]) -> dict[str, str]:
        """
        Return an object's hashes, or what a fault makes of them.
        """
        fault = self.faults.next_fault("hashes", "GET", name)
        if fault is None:
            return dict(hashes)
        if fault.value == "wrong":
            return {algorithm: digest[::-1].translate(_OTHER_DIGITS) for algorithm, digest in hashes.items()}
        return {} if fault.value == "none" else {"sha1024": "00" * 128}

    def check_access(
        self, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> signing.StorageError | None:
        """
        Return why a request is not authorized, or None.
        """
        return signing.check(verb, path, query, headers, key=self._key, now=self.clock.now())

    def _url(self, verb: str, bucket: str, name: str, lifetime: float, headers: Mapping[str, str] | None = None) -> str:
        fault = self.faults.next_fault("expire", verb, name)
        if fault is not None:
            lifetime = float(fault.value)
        path, now = f"/{bucket}/{name}", self.clock.now()
        return signing.sign(self.url, verb, path, key=self._key, now=now, lifetime=lifetime, headers=headers)


_OTHER_DIGITS = str.maketrans("0123456789abcdef", "123456789abcdef0")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, storage: Storage, host: str) -> None:
        self.storage = storage
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, 0), Connection)

    def server_bind(self) -> None:
        """
        Bind, without the name lookup of the base class.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """
        Accept a connection, and count it.
        """
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        with self.storage.counters.lock:
            self.storage.counters.connections += 1
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """
        Close a connection.
        """
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """
        Close all connections, which ends their threads.
        """
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """
        Print errors, except those of clients that close their connection.
        """
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
