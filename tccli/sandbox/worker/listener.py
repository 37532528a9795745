"""
A small HTTP server beside a run, for as long as the run lasts.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
GLANCE = 0.05


class Handler(BaseHTTPRequestHandler):
    """
    Answers requests, and says nothing about it.
    """

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """
        Keep quiet.
        """


class Listener:
    """
    Listens on a loopback port of its own for as long as the context lasts.

    Attributes:
        url: Without a trailing slash.
    """

    def __init__(self, handler: type[Handler]) -> None:
        self._server = _Server((HOST, 0), handler)
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(GLANCE,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        Pass over clients that go away in the middle; whatever else it is, show it.
        """
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
