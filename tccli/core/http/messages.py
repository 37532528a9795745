"""
Requests and answers, and what turns one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """
    What a request stands for: ``queue.task``, its path arguments in order, its query, its payload (None without one).
    """

    method: str
    args: tuple[str, ...]
    query: Mapping[str, str]
    payload: Any


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request, exactly as it goes out.

    Attributes:
        url: Absolute and percent-encoded; what was signed.
        headers: Without Host and Content-Length, unless *blocks* needs the latter.
        body: None where there is none, which is not the same as an empty one.
        call: The method call it stands for.
        blocks: A long body instead of *body*, read as it is sent; the headers hold its Content-Length.
    """

    verb: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    call: Call | None = None
    blocks: Iterable[Any] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """
    One answer, whole and decoded.

    Attributes:
        headers: By lower-case name; of a repeated one, the last.
        body: Decoded of any content encoding.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """
    Whatever can turn a request into an answer.
    """

    def send(self, request: Request) -> Response:
        """
        Send once, without retries.
        """
