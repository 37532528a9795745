"""
One call of an API method, as its handler sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli.core import scopes
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.request import identify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method
    from tccli.sandbox.auth.signature import Identity
    from tccli.sandbox.http.request import Request
    from tccli.sandbox.state import State


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a handler returns.

    Attributes:
        document: JSON; None for an empty body, which makes an unchanged status 204.
        status: The HTTP status.
        headers: Besides those that every answer has.
        text: Sent instead of JSON, with its content type in *headers*.
    """

    document: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass(slots=True)
class Call:
    """
    A request that was routed. It is authenticated when somebody first wants to know who is asking.

    Attributes:
        args: The path arguments, decoded.
        query: Known query options only.
        payload: The JSON that was sent, defaults filled in; ``{}`` if nothing was.
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
        Who is asking.

        Raises:
            AuthenticationError: The signature does not hold.
        """
        if self._identity is None:
            accounts, clock = self.state.accounts, self.state.clock
            now = clock.now()
            real = now - clock.offset if clock.was_moved else now
            self._identity = identify(self.request, now=now, real=real, load=accounts.load, expand=accounts.expand)
        return self._identity

    def identify_as(self, identity: Identity) -> None:
        """
        Take the caller for somebody without looking at a signature.
        """
        self._identity = identity

    @property
    def known_client_id(self) -> str | None:
        """
        Who is asking, if somebody wanted to know before.
        """
        return None if self._identity is None else self._identity.client_id

    @property
    def client_id(self) -> str:
        """
        Who is asking, for the record: never for access control.
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
        The deployment's time as the services write it.
        """
        return to_json(self.now)

    def authorize(self, **values: Any) -> None:
        """
        Refuse the call unless the caller has the scopes of the reference, filled in with *values*.

        Raises:
            ApiError: 401 or 403.
        """
        expression = scopes.render(self.method.scopes, values)
        if expression is not None:
            require(self.identity, expression)


def require(identity: Identity, expression: scopes.Expression) -> None:
    """
    Refuse a caller who does not satisfy *expression*.

    Raises:
        ApiError: 403, with what is missing.
    """
    lacking = scopes.missing(identity.scopes, expression)
    if lacking is None:
        return
    if identity.client_id is None:
        says = "This request requires Taskcluster credentials that satisfy the following scope expression:"
        raise ApiError("InsufficientScopes", f"{says}\n\n```\n{{{{required}}}}\n```", required=expression)
    who = f"Client ID {identity.client_id} does not have sufficient scopes and is missing the following scopes:"
    needs = "This request requires the client to satisfy the following scope expression:"
    message = f"{who}\n\n```\n{{{{unsatisfied}}}}\n```\n\n{needs}\n\n```\n{{{{required}}}}\n```"
    raise ApiError("InsufficientScopes", message, unsatisfied=lacking, required=expression)
