"""
The ``ext`` of a signature: certificates of temporary credentials, and authorized scopes.

Source: taskcluster services/auth, signaturevalidator; messages and order of checks were measured.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from tccli import strict_json
from tccli.core.scopes import is_valid, merge, satisfies
from tccli.sandbox.clock import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CLOCK_SKEW = 5 * MINUTE
MAX_LIFETIME = 31 * DAY


class SignatureError(Exception):
    """
    The signature is not valid: 401, with this message.
    """


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    A client, or temporary credentials of a client.

    Attributes:
        scopes: Expanded for the deployment's clients; not expanded for temporary credentials.
        expires: Milliseconds since 1970, or None.
    """

    client_id: str
    access_token: str
    scopes: list[str]
    expires: int | None


def apply_ext(
    client_id: str,
    ext: str,
    *,
    now: int,
    get_client: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Issuer:
    """
    Return the access token and the scopes of a signature.

    Args:
        client_id: From the header or bewit.
        ext: From the header or bewit: base64 of JSON, or empty.
        now: Milliseconds since 1970.
        get_client: Maps a client id to a client; raises SignatureError.
        expand: Adds the scopes of roles.

    Raises:
        SignatureError: The client does not exist, or *ext* is not valid.
    """
    if not ext:
        return get_client(client_id)
    document = parse_ext(ext)
    certificate = document.get("certificate")
    issuer_id: Any = client_id
    if isinstance(certificate, dict) and certificate.get("issuer"):
        issuer_id = certificate["issuer"]
        if not isinstance(issuer_id, str):
            _reject("ext.certificate.issuer must be a string")
        if issuer_id == client_id:
            _reject("ext.certificate.issuer must differ from the supplied clientId")
    issuer = get_client(issuer_id)
    if _is_set(certificate):
        issuer = _apply_certificate(client_id, issuer, certificate, now)
    if _is_set(document.get("authorizedScopes")):
        issuer = _restrict(issuer, document["authorizedScopes"], expand)
    return issuer


def parse_ext(ext: str) -> dict[str, Any]:
    """
    Return the object in *ext*; any other JSON than null counts as an empty object.

    Raises:
        SignatureError: *ext* is not JSON, or null.
    """
    try:
        document = strict_json.loads(decode_base64(ext).decode("utf-8", "replace"), as_javascript=True)
    except strict_json.StrictJsonError:
        raise SignatureError("Failed to parse ext") from None
    if document is None:
        raise SignatureError("Failed to parse ext")
    return document if isinstance(document, dict) else {}


def decode_base64(text: str) -> bytes:
    """
    Decode as Node.js does: either alphabet, with or without padding; other characters are ignored.
    """
    clean = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0].replace("-", "+").replace("_", "/"))
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return b64decode(clean + "=" * (-len(clean) % 4))


def sign_certificate(access_token: str, client_id: str, certificate: dict[str, Any]) -> str:
    """
    Return the signature of a certificate that *client_id* uses.
    """
    lines = ["version:1"]
    if certificate.get("issuer"):
        lines += [f"clientId:{client_id}", f"issuer:{certificate['issuer']}"]
    lines += [f"seed:{certificate['seed']}"]
    lines += [f"{name}:{_as_javascript(certificate[name])}" for name in ("start", "expiry")]
    lines += ["scopes:", *certificate["scopes"]]
    return b64encode(hmac.digest(access_token.encode(), "\n".join(lines).encode("utf-8", "replace"), "sha256")).decode()


def derive_token(access_token: str, seed: str) -> str:
    """
    Return the access token that belongs to a certificate's seed.
    """
    return (
        urlsafe_b64encode(hmac.digest(access_token.encode(), seed.encode("utf-8", "replace"), "sha256"))
        .decode()
        .rstrip("=")
    )


def _apply_certificate(client_id: str, issuer: Issuer, certificate: Any, now: int) -> Issuer:
    _check_shape(certificate)
    if certificate["start"] > now + MAX_CLOCK_SKEW:
        _reject("ext.certificate.start > now")
    if certificate["expiry"] < now - MAX_CLOCK_SKEW:
        _reject("ext.certificate.expiry < now")
    if certificate["expiry"] - certificate["start"] > MAX_LIFETIME:
        _reject("ext.certificate cannot last longer than 31 days!")
    if issuer.client_id != client_id:
        needed = f"auth:create-client:{client_id}"
        if not satisfies(issuer.scopes, needed):
            _reject(f"ext.certificate issuer `{issuer.client_id}` doesn't have `{needed}` for supplied clientId.")
    elif "clientId" in certificate:
        _reject("ext.certificate.clientId must only be used with ext.certificate.issuer")
    if not satisfies(issuer.scopes, {"AllOf": certificate["scopes"]}):
        _reject(
            f"ext.certificate issuer `{issuer.client_id}` doesn't satisfy all certificate scopes "
            f"{', '.join(certificate['scopes'])}.  The temporary credentials were not generated correctly."
        )
    signature = certificate.get("signature")
    expected = sign_certificate(issuer.access_token, client_id, certificate)
    if not isinstance(signature, str) or not _equal(signature, expected):
        ending = ", or wrong clientId provided" if certificate.get("issuer") else ""
        _reject(f"ext.certificate.signature is not valid{ending}")
    expiry = int(certificate["expiry"])
    return Issuer(
        client_id=client_id,
        access_token=derive_token(issuer.access_token, certificate["seed"]),
        scopes=certificate["scopes"],
        expires=None if issuer.expires is None else min(issuer.expires, expiry),
    )


def _check_shape(certificate: Any) -> None:
    if not isinstance(certificate, dict | list):
        _reject("ext.certificate must be a JSON object")
    if isinstance(certificate, list) or not _is_number(certificate.get("version")) or certificate["version"] != 1:
        _reject("ext.certificate.version must be 1")
    seed = certificate.get("seed")
    if not isinstance(seed, str):
        _reject("ext.certificate.seed must be a string")
    if len(seed) != 44:
        _reject("ext.certificate.seed must be 44 characters")
    for name in ("start", "expiry"):
        if not _is_number(certificate.get(name)):
            _reject(f"ext.certificate.{name} must be a number")
    if not isinstance(certificate.get("scopes"), list):
        _reject("ext.certificate.scopes must be an array")
    if not all(map(is_valid, certificate["scopes"])):
        _reject("ext.certificate.scopes must be an array of valid scopes")


def _restrict(issuer: Issuer, authorized: Any, expand: Callable[[list[str]], list[str]]) -> Issuer:
    if not isinstance(authorized, list):
        _reject("ext.authorizedScopes must be an array")
    if not all(map(is_valid, authorized)):
        _reject("ext.authorizedScopes must be an array of valid scopes")
    expanded = expand(merge(issuer.scopes, ["assume:anonymous"]))
    if not satisfies(expanded, {"AllOf": authorized}):
        intro = "Supplied credentials do not satisfy authorizedScopes; credentials have scopes:"
        lines = [intro, "", "```", *expanded, "```", "", "authorizedScopes are:", "", "```", *authorized, "```"]
        _reject("\n".join(lines))
    return Issuer(issuer.client_id, issuer.access_token, authorized, issuer.expires)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _is_set(value: Any) -> bool:
    # As JavaScript decides: an empty list is true, and means no scopes.
    return isinstance(value, list | dict) or bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_javascript(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _reject(message: str) -> NoReturn:
    raise SignatureError(message)
