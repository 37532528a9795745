"""
Calls of API methods: arguments that are checked, and the URL that they make. Nothing is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from tccli import names
from tccli.core.payload import check_size, validate
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.core.payload import Payload
    from tccli.references import Method


class MethodArguments(NamedTuple):
    """
    The values for a method's path and query.

    Attributes:
        args: Path arguments in the method's order.
        query: Query options by their API names; only those that were given.
    """

    args: Sequence[str]
    query: Mapping[str, str]


class PreparedCall(NamedTuple):
    """
    A call whose arguments are checked. It can be printed, signed or sent; sending also needs the payload.

    Attributes:
        url: Percent-encoded, unsigned; every attempt sends exactly this.
        payload: None if the method takes none, or if it was not given yet.
    """

    method: Method
    arguments: MethodArguments
    url: str
    payload: Payload | None = None

    @property
    def may_repeat(self) -> bool:
        """
        Whether the service may receive the call twice without harm.
        """
        return self.method.may_repeat(self.payload.document if self.payload else None)

    def with_payload(self, payload: Payload, *, edits: Sequence[str] = (), checks_schema: bool = True) -> PreparedCall:
        """
        Return the call with a payload.

        Args:
            edits: The values of ``--set`` that changed it, for messages.
            checks_schema: Whether it must match the schema of the method.

        Raises:
            UsageError: The method takes no payload, or this one is larger than a service accepts, or not valid.
            ConfigurationError: The schema cannot be used.
        """
        if not self.method.takes_payload:
            raise UsageError(f"{self.method.id} takes no payload")
        check_size(self.method, payload)
        if checks_schema:
            validate(self.method, payload, edits)
        return self._replace(payload=payload)


def prepare_call(
    base_url: str, method: Method, args: Sequence[str], query: Mapping[str, str] | None = None
) -> PreparedCall:
    """
    Return a call of *method* without its payload.

    Pure: no account, no network.

    Args:
        base_url: The part of the URL before ``/api``.
        args: One value for each of the method's arguments, in its order.
        query: By API name.

    Raises:
        UsageError: An argument is missing, surplus or would name another endpoint, or a query option is unknown or
            malformed.
    """
    query = query or {}
    if len(args) != len(method.args):
        raise UsageError(f"{method.id} takes {method.count_arguments()}, not {len(args)}")
    _check_query(method, query)
    route = method.route
    for name, value in zip(method.args, args, strict=True):
        is_segment = bool(value) or not method.may_be_empty(name)
        route = route.replace(f"<{name}>", escape(f"{method.id}: <{name}>", value, is_segment=is_segment), 1)
    url = f"{base_url}/api/{method.service}/{method.version}{route}"
    if query:
        url += "?" + "&".join(
            f"{quote(name, safe='')}={escape(f'{method.id}: --{names.kebab(name)}', value, is_segment=False)}"
            for name, value in query.items()
        )
    return PreparedCall(method, MethodArguments(tuple(args), dict(query)), url)


def _check_query(method: Method, query: Mapping[str, str]) -> None:
    for name in query:
        if name not in method.query:
            raise UsageError(f"{method.id}: no query option {name!r}", hint=names.suggestion(name, method.query))
    limit = query.get("limit", "1")
    if not (limit.isascii() and limit.isdigit() and limit.strip("0")):
        raise UsageError(f"{method.id}: --limit must be a whole number of at least 1, not {limit!r}")
    if query.get("continuationToken") == "":
        raise UsageError(f"{method.id}: --continuation-token is empty", hint="leave it out to get the first page")


def escape(what: str, value: str, *, is_segment: bool = True) -> str:
    """
    Percent-encode *value*, slashes included.

    Args:
        what: Names the value in messages.
        is_segment: Whether it becomes a path segment, where an empty value, ``.`` and ``..`` change the path.

    Raises:
        UsageError: It would change the path, has control characters, or is not valid Unicode.
    """
    if is_segment and value in {"", ".", ".."}:
        raise UsageError(f"{what} cannot be {value!r}: it would name another endpoint" if value else f"{what} is empty")
    control = re.search(r"[\x00-\x1f\x7f]", value)
    if control:
        raise UsageError(f"{what} has a control character ({control[0]!r}) in {value!r}")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not valid UTF-8: {value!r}") from None
