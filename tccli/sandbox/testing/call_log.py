"""
A log of the requests that the sandbox received, without secrets.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tccli.core.http.redact import redact_text
from tccli.sandbox.clock import to_json

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.http.request import Request

MAX_CALLS = 100_000


class CallLog:
    """
    The latest requests, oldest first.
    """

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=MAX_CALLS)

    def add(self, request: Request, call: Call | None, status: int, now: int) -> None:
        """
        Add a request.

        Args:
            call: None if the request is not a call of a method.
            status: 0 without a response.
            now: Milliseconds since 1970.
        """
        self._calls.append(
            {
                "time": to_json(now),
                "verb": request.verb,
                "path": redact_text(request.target),
                "method": None if call is None else call.method.id,
                "clientId": None if call is None else call.known_client_id,
                "status": status,
            }
        )

    def entries(self) -> list[dict[str, Any]]:
        """
        Return a copy of the log.
        """
        return list(self._calls)
