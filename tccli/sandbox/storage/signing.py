"""
URLs that let whoever holds them do one thing, for a while.

Pure: the clock is an argument. The query has the names that S3 gives to the parts of a signature; what is signed is the
verb, the decoded path, the other query parameters, and the headers that the URL names.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

DATE = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a request is not answered: S3's code and words.
    """

    status: int
    code: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


def sign(
    base: str, verb: str, path: str, *, key: bytes, now: int, lifetime: float, headers: Mapping[str, str] | None = None
) -> str:
    """
    Return a URL that allows *verb* on *path*.

    Args:
        base: Of the host, without a trailing slash.
        verb: Upper case.
        path: From the slash on, not escaped.
        key: The host's.
        now: Milliseconds since 1970.
        lifetime: Seconds.
        headers: That the request must have, by lower-case name.
    """
    signed = headers or {}
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "sandbox",
        "X-Amz-Date": datetime.fromtimestamp(now / 1000, UTC).strftime(DATE),
        "X-Amz-Expires": f"{lifetime:g}",
        "X-Amz-SignedHeaders": ";".join(sorted(["host", *signed])),
    }
    signature = _signature(key, verb, path, query, signed)
    return f"{base}{escape(path)}?{urlencode({**query, 'X-Amz-Signature': signature})}"


def escape(path: str) -> str:
    """
    Return *path* as it stands in a URL; dots that would be taken for a way up are escaped too.
    """
    segments = quote(path, safe="/~").split("/")
    return "/".join(segment.replace(".", "%2E") if segment in {".", ".."} else segment for segment in segments)


def check(
    verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, key: bytes, now: int
) -> Refusal | None:
    """
    Return why a request is refused, or None.

    Args:
        verb: Upper case.
        path: From the slash on, decoded.
        query: Decoded.
        headers: By lower-case name.
        key: The host's.
        now: Milliseconds since 1970.
    """
    given = query.get("X-Amz-Signature")
    if given is None:
        return Refusal(403, "AccessDenied", "Access Denied")
    try:
        begun = datetime.strptime(query["X-Amz-Date"], DATE).replace(tzinfo=UTC).timestamp()
        ends = begun + float(query["X-Amz-Expires"])
        names = query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError, OverflowError):
        message = "Query-string authentication requires the Signature, Expires and Date parameters"
        return Refusal(403, "AuthorizationQueryParametersError", message)
    if now / 1000 > ends:
        details = {
            "X-Amz-Expires": query["X-Amz-Expires"],
            "Expires": _written(ends),
            "ServerTime": _written(now / 1000),
        }
        return Refusal(403, "AccessDenied", "Request has expired", details)
    rest = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    signed = {name: headers.get(name, "") for name in names if name != "host"}
    if not hmac.compare_digest(_signature(key, verb, path, rest, signed).encode(), given.encode()):
        message = "The request signature we calculated does not match the signature you provided."
        return Refusal(403, "SignatureDoesNotMatch", message)
    return None


def _signature(key: bytes, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    lines = [verb, path]
    lines += [f"{name}={value}" for name, value in sorted(query.items())]
    lines += [f"{name}:{value.strip()}" for name, value in sorted(headers.items())]
    return hmac.digest(key, "\n".join(lines).encode("utf-8", "surrogateescape"), "sha256").hex()


def _written(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
