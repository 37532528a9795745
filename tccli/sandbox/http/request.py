"""
A request as received, its payload, and its signer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tccli import strict_json
from tccli.sandbox.auth import signature
from tccli.sandbox.auth.certificates import Issuer, SignatureError
from tccli.sandbox.http.body import decode_body
from tccli.sandbox.http.errors import ApiError, InternalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tccli.sandbox.auth.signature import Identity

BOTH_SCHEMES = (
    "Cannot use two authentication schemes at once "
    "this request has both bewit in querystring and 'authorization' header"
)
WRONG_HASH = (
    "Invalid payload hash: {{hash}}\n"
    "Computed payload hash: {{computedHash}}\n"
    "The signature covers a hash of the payload, and the payload that arrived has another one."
)
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETERS = re.compile(rf'(; *{_NAME} *= *("([^"\\\\]|\\\\.)*"|{_NAME}) *)*')
_HOST = re.compile(r"\s*([^:]+|\[[^\]]+\])(?::(\d+))?\s*", re.ASCII)


class AuthenticationError(ApiError):
    """
    401.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__("AuthenticationFailed", message, **details)


class MalformedPayloadError(ApiError):
    """
    400.

    Attributes:
        payload: What was sent: JSON of another type, or the text.
    """

    def __init__(self, reason: str, payload: Any) -> None:
        super().__init__("MalformedPayload", "Failed to parse JSON: {{errMsg}}", errMsg=reason)
        self.payload = payload


@dataclass(frozen=True)
class Request:
    """
    A received request.

    Attributes:
        verb: Upper case.
        path: Percent-encoded.
        query: Form-encoded, without the question mark.
        headers: By lower-case name.
        body: Cut off one byte after the maximum.
        is_disconnected: Returns whether the client has closed the connection.
        peer: The client's address.
    """

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    is_disconnected: Callable[[], Awaitable[bool]] | None = None
    peer: str = ""

    @property
    def target(self) -> str:
        """
        Path and query exactly as sent, which the signature covers.
        """
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def options(self) -> list[tuple[str, str]]:
        """
        The query options in order, with duplicates.
        """
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def has_json(self) -> bool:
        """
        Whether the content type is JSON. Other bodies are ignored.
        """
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = "transfer-encoding" in self.headers or "content-length" in self.headers
        return has_body and media_type == "application/json"

    @property
    def has_json_parameters(self) -> bool:
        """
        Whether the parameters of the content type are well-formed, which only methods with a payload check.
        """
        _, semicolon, parameters = self.headers.get("content-type", "").partition(";")
        return _PARAMETERS.fullmatch(semicolon + parameters) is not None

    @cached_property
    def text(self) -> str:
        """
        The body, decoded, if it is JSON.

        Raises:
            BodyError: The body cannot be read.
        """
        if not self.has_json:
            return ""
        return decode_body(self.body, self.headers.get("content-type", ""), self.headers.get("content-encoding", ""))


def read_payload(request: Request) -> Any:
    """
    Return the JSON object or array in the body, or ``{}`` without a body.

    Raises:
        MalformedPayloadError: The body is not an object or array in JSON.
        BodyError: The body cannot be read.
    """
    if not request.text:
        return {}
    try:
        payload = strict_json.loads(request.text, as_javascript=True)
    except strict_json.StrictJsonError as error:
        raise MalformedPayloadError(str(error), request.text) from None
    if not isinstance(payload, dict | list):
        raise MalformedPayloadError("Must be an object or array", payload)
    return payload


def identify(
    request: Request,
    *,
    now: int,
    real_now: int | None = None,
    get_client: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Identity:
    """
    Return the signer of a request; see :func:`signature.authenticate` for the arguments.

    Raises:
        AuthenticationError: The signature is not valid.
    """
    authorization = request.headers.get("authorization", "")
    if authorization and any(name == "bewit" and value for name, value in request.options):
        raise AuthenticationError(BOTH_SCHEMES)
    host, port = _address(request.headers)
    signed = signature.SignedRequest(request.verb, request.target, host, port, authorization)
    try:
        identity = signature.authenticate(signed, now=now, real_now=real_now, get_client=get_client, expand=expand)
    except SignatureError as error:
        raise AuthenticationError(str(error)) from None
    if identity.payload_hash is not None:
        _check_hash(request, identity.payload_hash)
    return identity


def _address(headers: Mapping[str, str]) -> tuple[str, int]:
    # The host and port that the client called, also through a proxy.
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
    computed = signature.calculate_payload_hash(
        request.text.encode("utf-8", "replace"), request.headers.get("content-type", "")
    )
    if len(claimed) != len(computed):
        raise InternalError("RangeError: Input buffers must have the same byte length")
    if claimed != computed:
        raise AuthenticationError(WRONG_HASH, hash=claimed, computedHash=computed)
