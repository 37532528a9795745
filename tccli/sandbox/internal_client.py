"""
Calls of one service to another: they pass all checks, but do not go over the network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli import references
from tccli.sandbox.auth.signature import ANONYMOUS, Identity
from tccli.sandbox.call import Call, Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.http.request import Request
from tccli.sandbox.pipeline import perform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.sandbox.state import State


async def call(
    state: State,
    client_id: str | None,
    scopes: Sequence[str],
    method_id: str,
    args: Mapping[str, str],
    payload: Any = None,
) -> Response:
    """
    Call an API method as a client would.

    Args:
        client_id: None for an anonymous caller.
        scopes: The caller's, not expanded.
        method_id: Such as ``queue.createTask``.
        args: Path arguments.
        payload: JSON, or None.

    Raises:
        ApiError: The response is an error.
    """
    service, _, name = method_id.partition(".")
    method = references.method(service, name)
    made = Call(method=method, args=dict(args), request=_request(method, args, payload), state=state)
    made.set_identity(Identity(client_id, state.accounts.expand([*scopes, ANONYMOUS]), None))
    try:
        return await perform(made)
    except ApiError as error:
        error.payload = made.payload
        raise


def build_path(method: references.Method, args: Mapping[str, str]) -> str:
    """
    Return the path of a call, escaped as the official clients do it.
    """
    route = re.sub(r"<(\w+)>", lambda found: quote(args[found[1]], safe="!'()*"), method.route)
    return f"/api/{method.service}/{method.version}{route}"


def _request(method: references.Method, args: Mapping[str, str], payload: Any) -> Request:
    body = b"" if payload is None else dumps(payload).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))} if body else {}
    return Request(method.verb, build_path(method, args), "", headers, body)
