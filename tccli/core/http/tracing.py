"""
The trace of ``-vv``: every request and response, without secrets.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tccli.core.http.redact import redact_header, redact_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.messages import Request, Response, Transport


class TracingTransport:
    """
    Reports each request and response that passes through another transport.

    Args:
        report: Takes one line.
    """

    def __init__(self, transport: Transport, report: Callable[[str], None]) -> None:
        self._transport = transport
        self._report = report

    def send(self, request: Request) -> Response:
        """
        Send through the other transport.
        """
        self._report(f"> {request.verb} {redact_text(request.url)}")
        for name, value in request.headers.items():
            self._report(f"> {name}: {redact_header(name, value)}")
        if request.body:
            self._report(f"> ({len(request.body)} bytes)")
        started = time.monotonic()
        response = self._transport.send(request)
        self._report(f"< {response.status} after {time.monotonic() - started:.3f} s")
        for name, value in response.headers.items():
            self._report(f"< {name}: {redact_header(name, value)}")
        self._report(f"< ({len(response.body)} bytes)")
        return response
