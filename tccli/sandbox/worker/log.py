"""
A task's log: a file that grows, and a page that shows it growing.
"""

from __future__ import annotations

import secrets
import threading

from tccli.sandbox.worker.listener import Handler, Listener

PATIENCE = 30.0
PIECE = 65536


class Log:
    """
    What a run prints; threads may share it.

    Args:
        path: Where it is kept.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by finish
        self._changed = threading.Condition()
        self._size = 0
        self._is_done = False

    def write(self, content: bytes) -> None:
        """
        Add to it; what comes too late is lost.
        """
        with self._changed:
            if not self._is_done:
                self._file.write(content)
                self._size += len(content)
            self._changed.notify_all()

    def say(self, line: str, time: str) -> None:
        """
        Add a line of the worker's own.
        """
        self.write(f"[taskcluster {time}] {line}\n".encode())

    def finish(self) -> None:
        """
        Take no more.
        """
        with self._changed:
            if not self._is_done:
                self._is_done = True
                self._file.close()
            self._changed.notify_all()

    def wait(self, after: int) -> bool:
        """
        Wait until there is more than *after* bytes; False if there never will be.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_done or self._size > after, PATIENCE)
            return self._size > after or not self._is_done


class Page(Listener):
    """
    Shows a log over HTTP as it grows, under an address that cannot be guessed.

    Attributes:
        address: Where it is.
    """

    def __init__(self, log: Log) -> None:
        path = f"/log/{secrets.token_urlsafe(16)}"

        class OfLog(_Handler):
            shown, path_to_it = log, path

        super().__init__(OfLog)
        self.address = self.url + path


class _Handler(Handler):
    shown: Log
    path_to_it: str

    def do_GET(self) -> None:  # noqa: N802 - its name there
        """
        Send what there is, and what comes.
        """
        if self.path != self.path_to_it:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        sent = 0
        with open(self.shown.path, "rb") as file:
            while self.shown.wait(sent):
                while piece := file.read(PIECE):
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    sent += len(piece)
        self.wfile.write(b"0\r\n\r\n")
