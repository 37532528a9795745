"""
A task's log: a file, and a server that streams it while it grows.
"""

from __future__ import annotations

import secrets
import threading

from tccli.sandbox.worker.http_server import Handler, LoopbackServer

WAIT_SECONDS = 30.0
CHUNK_BYTES = 65536


class Log:
    """
    The output of a run. Threads may share it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - finish() closes it
        self._changed = threading.Condition()
        self._size = 0
        self._is_done = False

    def write(self, content: bytes) -> None:
        """
        Append bytes; after :meth:`finish`, do nothing.
        """
        with self._changed:
            if not self._is_done:
                self._file.write(content)
                self._size += len(content)
            self._changed.notify_all()

    def write_line(self, line: str, time: str) -> None:
        """
        Append a line of the worker.
        """
        self.write(f"[taskcluster {time}] {line}\n".encode())

    def write_error(self, line: str) -> None:
        """
        Append why the worker ends the task, in the form of generic-worker.
        """
        self.write(f"[taskcluster:error] {line}\n".encode())

    def finish(self) -> None:
        """
        Close the log.
        """
        with self._changed:
            if not self._is_done:
                self._is_done = True
                self._file.close()
            self._changed.notify_all()

    def wait(self, after: int) -> bool:
        """
        Wait for more than *after* bytes; return False if the log is closed and has no more.

        Returns True without more bytes after a timeout.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_done or self._size > after, WAIT_SECONDS)
            return self._size > after or not self._is_done


class LogServer(LoopbackServer):
    """
    Streams a log over HTTP under an unguessable URL.

    Attributes:
        log_url: Of the log.
    """

    def __init__(self, log: Log) -> None:
        path = f"/log/{secrets.token_urlsafe(16)}"
        super().__init__(type("BoundHandler", (_Handler,), {"log": log, "log_path": path}))
        self.log_url = self.url + path


class _Handler(Handler):
    log: Log
    log_path: str

    def do_GET(self) -> None:  # noqa: N802 - the base class looks for this name
        """
        Send the log until it is closed.
        """
        if self.path != self.log_path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        sent = 0
        with open(self.log.path, "rb") as file:
            while self.log.wait(sent):
                while chunk := file.read(CHUNK_BYTES):
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                    sent += len(chunk)
        self.wfile.write(b"0\r\n\r\n")
