"""
What goes out and what comes back, as people may see it: secrets masked.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.messages import Request, Response, Transport


class TracingTransport:
    """
    Tells people what goes out and what comes back, secrets masked.
    """

    def __init__(self, transport: Transport, report: Callable[[str], None]) -> None:
        self._transport = transport
        self._report = report

    def send(self, request: Request) -> Response:
        """
        Send through the transport that this one stands before.
        """
        self._report(f"> {request.verb} {masked_url(request.url)}")
        for name, value in request.headers.items():
            self._report(f"> {name}: {masked_header(name, value)}")
        if request.body:
            self._report(f"> ({len(request.body)} bytes)")
        started = time.monotonic()
        response = self._transport.send(request)
        self._report(f"< {response.status} after {time.monotonic() - started:.3f} s")
        for name, value in response.headers.items():
            self._report(f"< {name}: {masked_header(name, value)}")
        self._report(f"< ({len(response.body)} bytes)")
        return response


def masked_url(text: str) -> str:
    """
    Return *text* with the bewits and storage signatures of the URLs in it masked.
    """
    return re.sub(r"(?i)\b(bewit|signature|sig|token|x-(?:amz|goog)-[\w-]+)=[^&\s)\"'<>]+", r"\1=…", text)


def masked_header(name: str, value: str) -> str:
    """
    Return a header's value as people may see it.
    """
    if name.lower() in {"cookie", "set-cookie"}:
        return "…"
    if name.lower() in {"authorization", "proxy-authorization"}:
        return f"{value.split(' ', 1)[0]} …"
    return masked_url(value)
