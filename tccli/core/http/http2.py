"""
A stricter reader of HTTP/2 responses than httpcore's, which takes a missing status for 200.
"""

from __future__ import annotations

import re
from typing import Any

import h2.events

from tccli.core.http.httpx_import import http2_module, httpcore

http2 = http2_module()
STATUS = re.compile(rb"[2-9][0-9]{2}")


class StrictHttp2Connection(http2.HTTP2Connection):  # type: ignore[misc, name-defined] # a module without types
    """
    A connection whose responses must have one status, of three digits.
    """

    def _receive_response(self, request: Any, stream_id: int) -> tuple[int, list[tuple[bytes, bytes]]]:
        while not isinstance(event := self._receive_stream_event(request, stream_id), h2.events.ResponseReceived):
            pass
        headers = event.headers or []
        statuses = [value for name, value in headers if name == b":status"]
        if len(statuses) != 1 or not STATUS.fullmatch(statuses[0]):
            raise httpcore.RemoteProtocolError(f"the status is {b', '.join(statuses).decode('latin-1')!a}")
        return int(statuses[0]), [(name, value) for name, value in headers if not name.startswith(b":")]


def install() -> None:
    """
    Make httpcore use it for all connections.
    """
    http2.HTTP2Connection = StrictHttp2Connection
