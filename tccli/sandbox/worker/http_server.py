"""
A small HTTP server on a loopback port, for the duration of a run.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
POLL_INTERVAL_SECONDS = 0.05


class Handler(BaseHTTPRequestHandler):
    """
    Handles requests, and logs nothing.
    """

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """
        Log nothing.
        """


class LoopbackServer:
    """
    Serves requests while the context is open.

    Attributes:
        url: Without a trailing slash.
    """

    def __init__(self, handler: type[Handler]) -> None:
        self._server = _Server((HOST, 0), handler)
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_INTERVAL_SECONDS,), daemon=True)

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
        Print errors, except those of clients that close their connection.
        """
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
