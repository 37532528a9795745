"""
A call of an API method, as its handler sees it, and the response that the handler returns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli.core import scopes
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.request import identify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method
    from tccli.sandbox.auth.signature import Identity
    from tccli.sandbox.http.request import Request
    from tccli.sandbox.state import State


CLIENT_ID = "[A-Za-z0-9!@/:.+|_-]+"


@dataclass(frozen=True, slots=True)
class Response:
    """
    What a handler returns.

    Attributes:
        document: JSON; None for an empty body, which turns status 200 into 204.
        headers: In addition to those of every response.
        text: Sent instead of JSON, with its content type in *headers*.
        has_etag: Whether a body has an entity tag.
    """

    document: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    has_etag: bool = True


@dataclass(slots=True)
class Call:
    """
    A routed request. Its signature is checked when :attr:`identity` is first read.

    Attributes:
        args: Path arguments, decoded.
        query: Known query options only.
        payload: The JSON that was sent, with defaults filled in; ``{}`` without a body.
    """

    method: Method
    args: dict[str, str]
    request: Request
    state: State
    query: dict[str, str] = field(default_factory=dict)
    payload: Any = field(default_factory=dict)
    _identity: Identity | None = None

    @property
    def identity(self) -> Identity:
        """
        The caller.

        Raises:
            AuthenticationError: The signature is not valid.
        """
        if self._identity is None:
            accounts, clock = self.state.accounts, self.state.clock
            now = clock.now()
            real_now = now - clock.offset if clock.is_moved else now
            self._identity = identify(
                self.request, now=now, real_now=real_now, get_client=accounts.get_client, expand=accounts.expand
            )
            self._check_client_id()
        return self._identity

    def _check_client_id(self) -> None:
        # Names of temporary credentials are not limited. As in the services, all but auth fail for other characters
        # than those of a client id, because auth's response to them does not match its schema.
        client_id = self.known_client_id
        if self.method.service != "auth" and client_id and not re.fullmatch(CLIENT_ID, client_id, re.ASCII):
            raise InternalError("Output schema validation error: data.clientId should match the pattern of client ids")

    def set_identity(self, identity: Identity) -> None:
        """
        Set the caller without a check of the signature.
        """
        self._identity = identity

    @property
    def known_client_id(self) -> str | None:
        """
        The caller's client id, if the signature was checked before.
        """
        return None if self._identity is None else self._identity.client_id

    @property
    def client_id(self) -> str:
        """
        The caller's client id for records; not for access control.
        """
        return self.identity.client_id or "auth-failed:no-auth"

    @property
    def now(self) -> int:
        """
        The deployment's time in milliseconds.
        """
        return self.state.clock.now()

    @property
    def now_json(self) -> str:
        """
        The deployment's time as an RFC 3339 timestamp.
        """
        return to_json(self.now)

    def authorize(self, **values: Any) -> None:
        """
        Check that the caller has the scopes that the reference requires.

        Args:
            **values: The values of the scope template's parameters.

        Raises:
            ApiError: 401 or 403.
        """
        expression = scopes.render_template(self.method.scopes, values)
        if expression is not None:
            require_scopes(self.identity, expression)


def require_json(call: Call) -> None:
    """
    Check that the content type of a request is JSON, whose body is read before.

    Raises:
        ApiError: 400 MalformedPayload.
    """
    if not call.request.has_json or not call.request.has_json_parameters:
        message = "Payload must be JSON with content-type: application/json got content-type: {{contentType}}"
        raise ApiError("MalformedPayload", message, contentType=call.request.headers.get("content-type"))


def require_scopes(identity: Identity, expression: scopes.Expression) -> None:
    """
    Check that the caller satisfies a scope expression.

    Raises:
        ApiError: 403, with the missing scopes.
    """
    missing = scopes.find_missing(identity.scopes, expression)
    if missing is None:
        return
    if identity.client_id is None:
        message = "This request requires Taskcluster credentials that satisfy the following scope expression:"
        raise ApiError("InsufficientScopes", f"{message}\n\n```\n{{{{required}}}}\n```", required=expression)
    who = f"Client ID {identity.client_id} does not have sufficient scopes and is missing the following scopes:"
    needs = "This request requires the client to satisfy the following scope expression:"
    message = f"{who}\n\n```\n{{{{unsatisfied}}}}\n```\n\n{needs}\n\n```\n{{{{required}}}}\n```"
    raise ApiError("InsufficientScopes", message, unsatisfied=missing, required=expression)
