"""
Signed URLs that allow one verb on one path for a limited time.

Pure: the clock is an argument. The query parameters have S3's names. The signature covers the verb, the decoded path,
the other query parameters, and the headers that the URL names.
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
class StorageError:
    """
    An error with S3's code and message.
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
        base: The host's URL, without a trailing slash.
        verb: Upper case.
        path: Begins with a slash; not escaped.
        key: The host's secret.
        now: Milliseconds since 1970.
        lifetime: Seconds.
        headers: Headers that the request must have, by lower-case name.
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
    Percent-encode a path, including segments of dots, which clients would resolve.
    """
    segments = quote(path, safe="/~").split("/")
    return "/".join(segment.replace(".", "%2E") if segment in {".", ".."} else segment for segment in segments)


def check(
    verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], *, key: bytes, now: int
) -> StorageError | None:
    """
    Return why a request is not authorized, or None.

    Args:
        verb: Upper case.
        path: Begins with a slash; decoded.
        query: Decoded.
        headers: By lower-case name.
        key: The host's secret.
        now: Milliseconds since 1970.
    """
    signature = query.get("X-Amz-Signature")
    if signature is None:
        return StorageError(403, "AccessDenied", "Access Denied")
    try:
        start = datetime.strptime(query["X-Amz-Date"], DATE).replace(tzinfo=UTC).timestamp()
        ends = start + float(query["X-Amz-Expires"])
        names = query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError, OverflowError):
        message = "Query-string authentication requires the Signature, Expires and Date parameters"
        return StorageError(403, "AuthorizationQueryParametersError", message)
    if now / 1000 > ends:
        details = {
            "X-Amz-Expires": query["X-Amz-Expires"],
            "Expires": _to_timestamp(ends),
            "ServerTime": _to_timestamp(now / 1000),
        }
        return StorageError(403, "AccessDenied", "Request has expired", details)
    rest = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    signed = {name: headers.get(name, "") for name in names if name != "host"}
    if not hmac.compare_digest(_signature(key, verb, path, rest, signed).encode(), signature.encode()):
        message = "The request signature we calculated does not match the signature you provided."
        return StorageError(403, "SignatureDoesNotMatch", message)
    return None


def _signature(key: bytes, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    lines = [verb, path]
    lines += [f"{name}={value}" for name, value in sorted(query.items())]
    lines += [f"{name}:{value.strip()}" for name, value in sorted(headers.items())]
    return hmac.digest(key, "\n".join(lines).encode("utf-8", "surrogateescape"), "sha256").hex()


def _to_timestamp(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
