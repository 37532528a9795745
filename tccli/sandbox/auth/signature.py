"""
Hawk headers and bewits, checked as the services check them.

Pure: the clock, the clients and the roles are arguments. There is no Hawk library here on purpose: requests that the
client signs with one are verified by independent code. Nonces may repeat, since the services do not store them.

Source: mozilla/hawk API.md, "Protocol Example" and "Single URI Authorization"; taskcluster services/auth,
signaturevalidator.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tccli.core import scopes as scope_sets
from tccli.sandbox.auth import certificates
from tccli.sandbox.auth.certificates import Issuer, SignatureError, decode_base64
from tccli.sandbox.clock import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_CLOCK_SKEW = 15 * MINUTE
MAX_CHARACTERS = 4096
KNOWN_ATTRIBUTES = frozenset({"id", "ts", "nonce", "hash", "ext", "mac", "app", "dlg"})
ANONYMOUS = "assume:anonymous"

_HEADER = re.compile(r"(\w+)(?:\s+(.*))?", re.ASCII)
_ATTRIBUTE = re.compile(r'(\w+)="([^"\\]*)"\s*(?:,\s*|$)', re.ASCII)
_VALUE = re.compile(r"[ \w!#$%&'()*+,\-./:;<=>?@\[\]^`{|}~]+", re.ASCII)
_BEWIT = re.compile(r"(/.*)([?&])bewit=([^&$]*)(?:&(.+))?")
_INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """
    The signed parts of a request.

    Attributes:
        method: Upper case.
        resource: Path and query exactly as sent.
        host: From the Host header, without the port.
        port: From the Host header, or the scheme's default.
        authorization: The header, or empty.
    """

    method: str
    resource: str
    host: str
    port: int
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """
    The caller.

    Attributes:
        client_id: None for a request without credentials.
        scopes: Expanded and normalized.
        expires: Milliseconds since 1970, or None.
        payload_hash: Base64, if the signature covers the payload.
    """

    client_id: str | None
    scopes: list[str]
    expires: int | None
    payload_hash: str | None = None


def authenticate(
    request: SignedRequest,
    *,
    now: int,
    real_now: int | None = None,
    get_client: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Identity:
    """
    Return the signer of a request.

    Args:
        now: Milliseconds since 1970.
        real_now: A second time by which headers may be signed.
        get_client: Maps a client id to a client; raises SignatureError for an unknown, disabled or expired one.
        expand: Adds the scopes of roles.

    Raises:
        SignatureError: The signature is not valid; the message is the services'.
    """
    if request.authorization:
        times = (now, now if real_now is None else real_now)
        return _authenticate_header(request, times, get_client, expand)
    if re.match(r"/.*[?&]bewit=", request.resource):
        return _authenticate_bewit(request, now, get_client, expand)
    return Identity(None, expand([ANONYMOUS]), now + 15 * MINUTE)


def _authenticate_header(
    request: SignedRequest,
    times: tuple[int, int],
    get_client: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Identity:
    attributes = parse_header(request.authorization)
    if not all(attributes.get(name) for name in ("id", "ts", "nonce", "mac")):
        raise SignatureError("Bad Request: Missing attributes")
    issued = certificates.apply_ext(
        attributes["id"], attributes.get("ext", ""), now=times[0], get_client=get_client, expand=expand
    )
    mac = calculate_mac("header", issued.access_token, request, attributes)
    if not _equal(mac, attributes["mac"]):
        raise SignatureError("Unauthorized: Bad mac")
    # As in the services, a signed timestamp that is not a number is never stale.
    if _NUMBER.fullmatch(attributes["ts"]) and all(
        abs(float(attributes["ts"]) * 1000 - now) > MAX_CLOCK_SKEW for now in times
    ):
        raise SignatureError("Unauthorized: Stale timestamp")
    return _identity(attributes["id"], issued, expand, attributes.get("hash"))


def _authenticate_bewit(
    request: SignedRequest, now: int, get_client: Callable[[str], Issuer], expand: Callable[[list[str]], list[str]]
) -> Identity:
    if len(request.resource) > MAX_CHARACTERS:
        raise SignatureError("Bad Request: Resource path exceeds max length")
    found = _BEWIT.fullmatch(request.resource)
    if found is None:
        raise SignatureError("Unauthorized")
    before, joint, bewit, after = found.groups()
    if not bewit:
        raise SignatureError("Unauthorized: Empty bewit")
    if request.method not in {"GET", "HEAD"}:
        raise SignatureError("Unauthorized: Invalid method")
    client_id, expiry, mac, ext = parse_bewit(bewit)
    issued = certificates.apply_ext(client_id, ext, now=now, get_client=get_client, expand=expand)
    unsigned = SignedRequest("GET", before + (joint + after if after else ""), request.host, request.port)
    if not _equal(calculate_mac("bewit", issued.access_token, unsigned, {"ts": expiry, "ext": ext}), mac):
        raise SignatureError("Unauthorized: Bad mac")
    # As in the services, an expiry that is not a number never passes.
    seconds = _INTEGER.match(expiry)
    if seconds is not None and float(seconds[1]) * 1000 <= now:
        raise SignatureError("Unauthorized: Access expired")
    return _identity(client_id, issued, expand, None)


def _identity(
    client_id: str, issued: Issuer, expand: Callable[[list[str]], list[str]], payload_hash: str | None
) -> Identity:
    # Every caller has the anonymous role, also one that restricts itself to authorized scopes.
    scopes = expand(scope_sets.merge(issued.scopes, [ANONYMOUS]))
    return Identity(client_id, scopes, issued.expires, payload_hash or None)


def parse_header(header: str) -> dict[str, str]:
    """
    Return the attributes of a Hawk header.

    Raises:
        SignatureError: The header has another scheme, is too long, or is malformed.
    """
    if len(header) > MAX_CHARACTERS:
        raise SignatureError("Bad Request: Header length too long")
    found = _HEADER.fullmatch(header)
    if found is None:
        raise SignatureError("Bad Request: Invalid header syntax")
    if found[1].lower() != "hawk":
        raise SignatureError("Unauthorized")
    if not found[2]:
        raise SignatureError("Bad Request: Invalid header syntax")
    attributes: dict[str, str] = {}
    problem = ""
    for name, value in _ATTRIBUTE.findall(found[2]):
        if name not in KNOWN_ATTRIBUTES:
            problem = f"Unknown attribute: {name}"
        elif not _VALUE.fullmatch(value):
            problem = f"Bad attribute value: {name}"
        elif name in attributes:
            problem = f"Duplicate attribute: {name}"
        else:
            attributes[name] = value
    if problem or _ATTRIBUTE.sub("", found[2]):
        raise SignatureError(f"Bad Request: {problem or 'Bad header format'}")
    return attributes


def parse_bewit(bewit: str) -> tuple[str, str, str, str]:
    """
    Return client id, expiry in Unix seconds as written, MAC and ext.

    Raises:
        SignatureError: The bewit is padded, otherwise malformed, or incomplete.
    """
    if not re.fullmatch(r"[\w-]*", bewit, re.ASCII):
        raise SignatureError("Bad Request: Invalid bewit encoding")
    parts = decode_base64(bewit).decode("latin-1").split("\\")
    if len(parts) != 4:
        raise SignatureError("Bad Request: Invalid bewit structure")
    client_id, expiry, mac, ext = parts
    if not client_id or not expiry or not mac:
        raise SignatureError("Bad Request: Missing bewit attributes")
    return client_id, expiry, mac, ext


def calculate_mac(kind: str, access_token: str, request: SignedRequest, attributes: Mapping[str, str]) -> str:
    """
    Return Hawk's MAC in base64.

    Args:
        kind: ``header`` or ``bewit``.
        attributes: Of the header: ``ts`` (Unix time in whole seconds, as written), and optionally ``nonce``, ``hash``,
            ``ext``, ``app`` and ``dlg``.
    """
    lines = [
        f"hawk.1.{kind}",
        attributes["ts"],
        attributes.get("nonce", ""),
        request.method.upper(),
        request.resource,
        request.host.lower(),
        str(request.port),
        attributes.get("hash", ""),
        attributes.get("ext", "").replace("\\", "\\\\").replace("\n", "\\n"),
    ]
    if attributes.get("app"):
        lines += [attributes["app"], attributes.get("dlg", "")]
    text = "".join(line + "\n" for line in lines)
    return b64encode(hmac.digest(access_token.encode(), text.encode("utf-8", "replace"), "sha256")).decode()


def calculate_payload_hash(payload: bytes, content_type: str) -> str:
    """
    Return Hawk's hash of a payload in base64, without the parameters of the content type.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    text = b"hawk.1.payload\n" + media_type.encode() + b"\n" + payload + b"\n"
    return b64encode(hashlib.sha256(text).digest()).decode()


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))
