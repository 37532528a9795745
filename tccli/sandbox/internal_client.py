"""
Calls that one service makes to another: through all checks, but not over the wire.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli import references
from tccli.sandbox.auth.signature import ANONYMOUS, Identity
from tccli.sandbox.call import Answer, Call
from tccli.sandbox.http.request import Request
from tccli.sandbox.pipeline import perform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.sandbox.state import State


async def ask(
    state: State, who: str | None, scopes: Sequence[str], method_id: str, args: Mapping[str, str], payload: Any = None
) -> Answer:
    """
    Call an API method as a client would.

    Args:
        state: The deployment.
        who: A client id, or None for nobody.
        scopes: What the caller may use, not expanded.
        method_id: Such as ``queue.createTask``.
        args: The path arguments.
        payload: JSON, or None.

    Raises:
        ApiError: The answer is an error.
    """
    service, _, name = method_id.partition(".")
    method = references.method(service, name)
    call = Call(method=method, args=dict(args), request=_request(method, args, payload), state=state)
    expanded = state.accounts.expand([*scopes, ANONYMOUS])
    call.identify_as(Identity(who, expanded, None))
    return await perform(call)


def path(method: references.Method, args: Mapping[str, str]) -> str:
    """
    Return the path of a call, escaped as the official clients do it.
    """
    route = re.sub(r"<(\w+)>", lambda found: quote(args[found[1]], safe="!'()*"), method.route)
    return f"/api/{method.service}/{method.version}{route}"


def _request(method: references.Method, args: Mapping[str, str], payload: Any) -> Request:
    body = b"" if payload is None else json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"content-type": "application/json", "content-length": str(len(body))} if body else {}
    return Request(method.verb, path(method, args), "", headers, body)
