"""
Hawk signatures as Taskcluster uses them: Authorization headers, signed URLs, temporary credentials.

Pure: clock, nonce and seed are arguments.

Source: mozilla/hawk API.md; Taskcluster defines the string to sign of temporary credentials.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tccli.core.times import milliseconds
from tccli.errors import ConfigurationError, UsageError
from tccli.strict_json import StrictJsonError, loads_leniently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MAX_ACCESS_TOKEN_LENGTH = 1000
"""In characters; the services issue 44."""
MAX_TEMPORARY_LIFETIME = timedelta(days=31)
MAX_MILLISECONDS = 253_402_300_799_999
"""The end of the year 9999."""
CLIENT_ID = re.compile(r"[A-Za-z0-9!@/:.+|_-]+")
"""With any other client id, which only temporary credentials can have, all services but auth fail."""
ACCESS_TOKEN = re.compile(r"[!-~]{1,1000}")
"""What can be signed with, and stored in a variable. Services make tokens of 44 characters."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    A client and its secret.

    Attributes:
        access_token: The key of the signatures; never sent.
        certificate: The parsed certificate of temporary credentials, else None.
        authorized_scopes: The scopes that requests are limited to; None means no limit.
    """

    client_id: str
    access_token: str = field(repr=False)
    certificate: Mapping[str, Any] | None = field(default=None, repr=False)
    authorized_scopes: tuple[str, ...] | None = None


def parse_certificate(text: str) -> Mapping[str, Any] | None:
    """
    Return the certificate in a JSON text, or None if the text is empty.

    Raises:
        ConfigurationError: It is not JSON, or not a certificate.
    """
    if not text.strip():
        return None
    try:
        certificate = loads_leniently(text)
    except StrictJsonError as error:
        raise ConfigurationError(f"invalid certificate: not JSON: {error}") from None
    if (
        not isinstance(certificate, dict)
        or not {"version", "seed", "start", "expiry", "signature"} <= certificate.keys()
    ):
        raise ConfigurationError("invalid certificate: expected version, seed, start, expiry and signature")
    if not all(
        isinstance(certificate[name], int) and 0 <= certificate[name] <= MAX_MILLISECONDS
        for name in ("start", "expiry")
    ):
        raise ConfigurationError("invalid certificate: start and expiry must be in milliseconds")
    return certificate


def extension(credentials: Credentials) -> str | None:
    """
    Return the ``ext`` field with certificate and authorized scopes: base64 of JSON, or None if there are neither.
    """
    content: dict[str, Any] = {}
    if credentials.certificate is not None:
        content["certificate"] = credentials.certificate
    if credentials.authorized_scopes is not None:
        content["authorizedScopes"] = list(credentials.authorized_scopes)
    if not content:
        return None
    return base64.b64encode(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).decode()


def authorization_header(verb: str, url: str, credentials: Credentials, *, now: int, nonce: str) -> str:
    """
    Return the value of the ``Authorization`` header.

    Args:
        verb: Upper case.
        url: Exactly as it will be sent.
        now: Unix time in whole seconds.
        nonce: Printable ASCII, a new one for every request.

    Raises:
        ConfigurationError: The client id or the token has a character that is not allowed in a header.
    """
    from mohawk.exc import BadHeaderValue

    from tccli.core.hawk_resource import SignedResource, Signer

    try:
        resource = SignedResource(
            credentials=_mohawk_credentials(credentials),
            url=url,
            method=verb,
            nonce=nonce,
            timestamp=now,
            ext=extension(credentials),
            always_hash_content=False,
        )
        return Signer().make_header(resource)
    except (BadHeaderValue, UnicodeError):
        raise _unusable() from None


def sign_url(url: str, credentials: Credentials, *, expires: int) -> str:
    """
    Return *url* with a bewit: anyone who has the URL may GET it until *expires*.

    Args:
        url: Absolute and percent-encoded, without a fragment.
        expires: Unix time in whole seconds.

    Returns:
        *url* with ``bewit=`` (base64url, unpadded) as its last query parameter.

    Raises:
        UsageError: *url* has no host, or a fragment, or is signed already.
        ConfigurationError: The client id or the token has a character that is not allowed in a signed URL.

    Source: mozilla/hawk API.md, "Single URI Authorization".
    """
    from mohawk.bewit import get_bewit
    from mohawk.exc import BadHeaderValue

    from tccli.core.hawk_resource import SignedResource

    if not re.match(r"https?://[^/?#]+", url) or "#" in url:
        raise UsageError(f"cannot sign {url!r}: it is not an absolute URL without a fragment")
    if re.search(r"[?&]bewit=", url):
        raise UsageError("cannot sign the URL: it is already signed")
    try:
        resource = SignedResource(
            credentials=_mohawk_credentials(credentials),
            url=url,
            method="GET",
            nonce="",
            timestamp=expires,
            ext=extension(credentials),
        )
        bewit = get_bewit(resource).rstrip("=")
    except (BadHeaderValue, UnicodeError):
        raise _unusable() from None
    return f"{url}{'&' if '?' in url else '?'}bewit={bewit}"


def temporary_credentials(
    issuer: Credentials, *, scopes: Sequence[str], start: datetime, expiry: datetime, seed: str, name: str | None = None
) -> Credentials:
    """
    Return credentials with *scopes* that work from *start* to *expiry*.

    Args:
        issuer: Permanent credentials. Their authorized scopes are passed on.
        seed: 44 random characters.
        name: Client id of named temporary credentials; unnamed ones have the issuer's.

    Raises:
        UsageError: The lifetime is not in (0, 31 days], a scope is malformed, or the name is the issuer's.
        ConfigurationError: The issuer's credentials are temporary.

    Source: Taskcluster's documentation of temporary credentials; the certificate's version 1.
    """
    if issuer.certificate is not None:
        raise ConfigurationError("temporary credentials cannot issue others", hint="use the client's permanent ones")
    if not start < expiry:
        raise UsageError("the credentials would expire before they start")
    if expiry - start > MAX_TEMPORARY_LIFETIME:
        raise UsageError("temporary credentials can be valid for 31 days at most")
    if name is not None and name == issuer.client_id:
        raise UsageError(f"the name must differ from the issuer's, {issuer.client_id}")
    if name is not None and not CLIENT_ID.fullmatch(name):
        raise UsageError(f"{name!r} is not a name for a client", hint="it takes letters, digits and !@/:.+|_-")
    for scope in scopes:
        if not re.fullmatch(r"[\x20-\x7e]+", scope):
            raise UsageError(f"{scope!r} is not a scope: printable ASCII only, and not empty")
    certificate: dict[str, Any] = {
        "version": 1,
        "scopes": list(scopes),
        "start": milliseconds(start),
        "expiry": milliseconds(expiry),
        "seed": seed,
    }
    named = [f"clientId:{name}", f"issuer:{issuer.client_id}"] if name is not None else []
    signed = [
        "version:1",
        *named,
        f"seed:{seed}",
        f"start:{certificate['start']}",
        f"expiry:{certificate['expiry']}",
        "scopes:",
        *scopes,
    ]
    certificate["signature"] = base64.b64encode(_hmac(issuer.access_token, "\n".join(signed))).decode()
    if name is not None:
        certificate["issuer"] = issuer.client_id
    token = base64.urlsafe_b64encode(_hmac(issuer.access_token, seed)).decode().rstrip("=")
    return replace(issuer, client_id=name or issuer.client_id, access_token=token, certificate=certificate)


def _hmac(key: str, message: str) -> bytes:
    # It loads OpenSSL, which an unsigned request over http does without.
    import hmac

    return hmac.digest(key.encode(), message.encode(), "sha256")


def _mohawk_credentials(credentials: Credentials) -> dict[str, str]:
    # mohawk accepts a line feed as the last character.
    if not re.fullmatch(r"[\x20-\x7e]*", credentials.client_id):
        raise _unusable()
    return {"id": credentials.client_id, "key": credentials.access_token, "algorithm": "sha256"}


def _unusable() -> ConfigurationError:
    return ConfigurationError("cannot sign: the client id or the access token has a character that is not allowed")
