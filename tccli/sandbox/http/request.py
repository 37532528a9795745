"""
A request as it came over the wire, and who signed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tccli import strict_json
from tccli.sandbox.auth import signature
from tccli.sandbox.auth.certificates import Issuer, SignatureError
from tccli.sandbox.http.errors import ApiError, InternalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tccli.sandbox.auth.signature import Identity

LARGEST_BODY = 10 * 1024 * 1024
BOTH_SCHEMES = (
    "Cannot use two authentication schemes at once "
    "this request has both bewit in querystring and 'authorization' header"
)
WRONG_HASH = (
    "Invalid payload hash: {{hash}}\n"
    "Computed payload hash: {{computedHash}}\n"
    "The signature covers a hash of the payload, and the payload that arrived has another one."
)
_HOST = re.compile(r"\s*([^:]+|\[[^\]]+\])(?::(\d+))?\s*", re.ASCII)


class AuthenticationError(ApiError):
    """
    401, with the reason.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__("AuthenticationFailed", message, **details)


@dataclass(frozen=True, slots=True)
class Request:
    """
    What was sent.

    Attributes:
        verb: Upper case.
        path: Percent-encoded.
        query: Form-encoded, without the question mark.
        headers: By lower-case name.
        body: As sent, at most a byte more than may be.
        is_gone: Tells whether the client has hung up.
        peer: The address that it came from.
    """

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    is_gone: Callable[[], Awaitable[bool]] | None = None
    peer: str = ""

    @property
    def target(self) -> str:
        """
        Path and query exactly as they were sent, which is what is signed.
        """
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def options(self) -> list[tuple[str, str]]:
        """
        The query options in order, repeated ones repeated.
        """
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def has_json(self) -> bool:
        """
        Whether the body claims to be JSON; what does not is never read.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = "transfer-encoding" in self.headers or "content-length" in self.headers
        return has_body and media_type == "application/json"

    @property
    def text(self) -> str:
        """
        The body, if it is JSON.
        """
        return self.body.decode("utf-8", "replace") if self.has_json else ""


def read_payload(request: Request) -> Any:
    """
    Return the JSON object or array in the body, ``{}`` if there is none.

    Raises:
        ApiError: The body is not JSON, or too large, which the services take for their own failure.
    """
    if request.has_json and len(request.body) > LARGEST_BODY:
        raise InternalError("PayloadTooLargeError: request entity too large")
    if not request.text:
        return {}
    try:
        payload = strict_json.loads(request.text, as_javascript=True)
    except strict_json.StrictJsonError as error:
        raise ApiError("MalformedPayload", "Failed to parse JSON: {{errMsg}}", errMsg=str(error)) from None
    if not isinstance(payload, dict | list):
        raise ApiError("MalformedPayload", "Failed to parse JSON: {{errMsg}}", errMsg="Must be an object or array")
    return payload


def identify(
    request: Request,
    *,
    now: int,
    real: int | None = None,
    load: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Identity:
    """
    Return who sent *request*: see :func:`signature.authenticate`.

    Raises:
        AuthenticationError: The signature does not hold.
    """
    authorization = request.headers.get("authorization", "")
    if authorization and any(name == "bewit" and value for name, value in request.options):
        raise AuthenticationError(BOTH_SCHEMES)
    host, port = _address(request.headers)
    signed = signature.Signed(request.verb, request.target, host, port, authorization)
    try:
        identity = signature.authenticate(signed, now=now, real=real, load=load, expand=expand)
    except SignatureError as error:
        raise AuthenticationError(str(error)) from None
    if identity.payload_hash is not None:
        _check_hash(request, identity.payload_hash)
    return identity


def _address(headers: Mapping[str, str]) -> tuple[str, int]:
    """
    Return host and port that the client called, also from behind a proxy.
    """
    found = _HOST.fullmatch(headers.get("host", ""))
    if found is None:
        raise InternalError("TypeError: Cannot read properties of null (reading 'port')")
    port = int(found[2] or 80)
    if "x-forwarded-port" in headers:
        forwarded = re.match(r"\s*(\d{1,5})", headers["x-forwarded-port"], re.ASCII)
        port = int(forwarded[1]) if forwarded else -1
    elif headers.get("x-forwarded-proto") == "https":
        port = 443
    return found[1], port


def _check_hash(request: Request, claimed: str) -> None:
    computed = signature.calculate_payload_hash(request.text.encode(), request.headers.get("content-type", ""))
    if len(claimed) != len(computed):
        raise InternalError("RangeError: Input buffers must have the same byte length")
    if claimed != computed:
        raise AuthenticationError(WRONG_HASH, hash=claimed, computedHash=computed)
