"""
What was asked of the sandbox: every call, without what is secret in it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tccli.core.http.redact import redact_text
from tccli.sandbox.clock import to_json

if TYPE_CHECKING:
    from tccli.sandbox.call import Call
    from tccli.sandbox.http.request import Request

KEPT = 100_000


class Recording:
    """
    The latest calls, oldest first.
    """

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, request: Request, call: Call | None, status: int, now: int) -> None:
        """
        Note a request when it was answered.

        Args:
            request: What was sent.
            call: What was made of it, if it was a method's.
            status: Of the answer, or 0 where there was none.
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
        Return what is kept.
        """
        return list(self._calls)
