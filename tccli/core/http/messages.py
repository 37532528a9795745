"""
Requests and responses of HTTP, and the interface of what sends them.
"""

# Named tuples: to define four dataclasses takes 3 ms, in each call.

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tccli.core.http.deadline import Cancellation


class Call(NamedTuple):
    """
    A call of an API method: ``queue.task``, its path arguments in order, its query, its payload (None without one).
    """

    method: str
    args: tuple[str, ...]
    query: Mapping[str, str]
    payload: Any


class Request(NamedTuple):
    """
    One request, as it is sent.

    Attributes:
        url: Absolute and percent-encoded. Its path and query are sent byte for byte, since they may be signed.
        headers: Without Host; with Content-Length only for *blocks*.
        body: None for none, which is not the same as an empty one.
        call: The API call that the request makes, if any.
        blocks: Instead of *body*: bytes-like objects, read as they are sent.
        may_repeat: Whether the server may receive it twice without harm.
        cancellation: Aborts the exchange from another thread.
        is_from_service: Whether a service chose the URL or headers, so that it is its fault if they cannot be sent.
        retry: Which retry it is; 0 for the first attempt.
    """

    verb: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    call: Call | None = None
    blocks: Iterable[Any] | None = None
    may_repeat: bool = True
    cancellation: Cancellation | None = None
    is_from_service: bool = False
    retry: int = 0


class Response(NamedTuple):
    """
    A whole response.

    Attributes:
        headers: By lower-case name; of a repeated one, the last.
        body: Decompressed.
        via: The proxy that may have made the response up, for messages; empty if there was none, or only a tunnel.
    """

    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    via: str = ""


class Transport(Protocol):
    """
    Sends requests.
    """

    def send(self, request: Request) -> Response:
        """
        Send once, without retries.
        """
