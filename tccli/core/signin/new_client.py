"""
What follows a sign-in: the token that the browser has seen is replaced, and the new client is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.core.hawk import ACCESS_TOKEN
from tccli.core.scopes import algebra
from tccli.core.times import format_timestamp, parse_timestamp
from tccli.errors import RefusedError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.client import Client


class NewClient(NamedTuple):
    """
    A client after the sign-in.

    Attributes:
        access_token: A new one, or that of the callback.
        expires: A timestamp; empty if it is not known.
        missing_scopes: Those that were asked for, and that the user does not have.
        problem: Why the token is still that of the callback; empty if it is not.
    """

    client_id: str
    access_token: str
    expires: str
    missing_scopes: Sequence[str]
    problem: str


def replace_token(client: Client, scopes: Sequence[str]) -> NewClient:
    """
    Give the client of the account a new access token, if its scopes allow it.

    Browsers store the address of the callback in their history, with the token in it: that of a redirect, too.

    Args:
        client: Has the credentials of the callback.
        scopes: Those that were asked for.
    """
    credentials = client.account.credentials
    assert credentials is not None
    client_id, token, problem = credentials.client_id, credentials.access_token, ""
    found: Any = None
    try:
        found = client.call_json(references.method("auth", "resetAccessToken"), [client_id])
    except RefusedError as error:
        problem = error.message if error.status == 401 else f"it does not have auth:reset-access-token:{client_id}"
        if error.status == 403:
            found = _fetch(client, client_id)
    except TcError as error:
        problem = error.message
    document = found if isinstance(found, dict) else {}
    if not problem:
        new_token = document.get("accessToken")
        if not isinstance(new_token, str) or not ACCESS_TOKEN.fullmatch(new_token):
            problem = "the response has no valid access token"
        else:
            token = new_token
    return NewClient(
        client_id, token, _read_timestamp(document.get("expires")), _find_missing(document, scopes), problem
    )


def _fetch(client: Client, client_id: str) -> Any:
    try:
        return client.call_json(references.method("auth", "client"), [client_id])
    except TcError:
        return None


def _find_missing(document: dict[str, Any], scopes: Sequence[str]) -> list[str]:
    granted = document.get("expandedScopes")
    if not isinstance(granted, list) or not all(isinstance(scope, str) for scope in granted):
        return []
    # A star asks for all that the user has.
    return [scope for scope in scopes if scope != "*" and not any(algebra.covers(held, scope) for held in granted)]


def _read_timestamp(value: Any) -> str:
    try:
        return format_timestamp(parse_timestamp(value)) if isinstance(value, str) else ""
    except UsageError:
        return ""
