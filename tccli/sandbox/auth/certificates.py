"""
What the ``ext`` of a signature changes: temporary credentials, and scopes given up for one request.

Source: taskcluster services/auth, signaturevalidator; measured messages and order of checks.
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

SKEW = 5 * MINUTE
LONGEST = 31 * DAY


class SignatureError(Exception):
    """
    The signature does not hold: 401, with this message.
    """


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    A client, or what is left of it after a certificate.

    Attributes:
        scopes: Expanded when it comes from the deployment's clients.
        expires: Milliseconds since 1970, or None for one that never ends.
    """

    client_id: str
    access_token: str
    scopes: list[str]
    expires: int | None


def apply(
    client_id: str,
    ext: str,
    *,
    now: int,
    load: Callable[[str], Issuer],
    expand: Callable[[list[str]], list[str]],
) -> Issuer:
    """
    Return the token and the scopes that the holder of *client_id* signs with.

    Args:
        client_id: As in the header or bewit.
        ext: As in the header or bewit, base64 of JSON, or empty.
        now: Milliseconds since 1970.
        load: Client id → client; raises SignatureError.
        expand: Scopes → scopes with those of the roles.

    Raises:
        SignatureError: There is no such client, or *ext* is not what its issuer signed.
    """
    if not ext:
        return load(client_id)
    document = parse_ext(ext)
    certificate = document.get("certificate")
    issuer_id: Any = client_id
    if isinstance(certificate, dict) and certificate.get("issuer"):
        issuer_id = certificate["issuer"]
        if not isinstance(issuer_id, str):
            _refuse("ext.certificate.issuer must be a string")
        if issuer_id == client_id:
            _refuse("ext.certificate.issuer must differ from the supplied clientId")
    issuer = load(issuer_id)
    if _is_set(certificate):
        issuer = _apply_certificate(client_id, issuer, certificate, now)
    if _is_set(document.get("authorizedScopes")):
        issuer = _restrict(issuer, document["authorizedScopes"], expand)
    return issuer


def parse_ext(ext: str) -> dict[str, Any]:
    """
    Return the document in *ext*; one that is no object says nothing, and restricts nothing.

    Raises:
        SignatureError: It is not JSON, or null.
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
    Decode either alphabet, padded or not, and pass over what belongs to neither: as Node.js does.
    """
    clean = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0].replace("-", "+").replace("_", "/"))
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return b64decode(clean + "=" * (-len(clean) % 4))


def sign_certificate(access_token: str, client_id: str, certificate: dict[str, Any]) -> str:
    """
    Return the signature that *certificate* has to carry when *client_id* uses it.
    """
    lines = ["version:1"]
    if certificate.get("issuer"):
        lines += [f"clientId:{client_id}", f"issuer:{certificate['issuer']}"]
    lines += [f"seed:{certificate['seed']}"]
    lines += [f"{name}:{_as_javascript(certificate[name])}" for name in ("start", "expiry")]
    lines += ["scopes:", *certificate["scopes"]]
    return b64encode(hmac.digest(access_token.encode(), "\n".join(lines).encode("utf-8", "replace"), "sha256")).decode()


def temporary_token(access_token: str, seed: str) -> str:
    """
    Return the access token that goes with a certificate of this seed.
    """
    return (
        urlsafe_b64encode(hmac.digest(access_token.encode(), seed.encode("utf-8", "replace"), "sha256"))
        .decode()
        .rstrip("=")
    )


def _apply_certificate(client_id: str, issuer: Issuer, certificate: Any, now: int) -> Issuer:
    _check_shape(certificate)
    if certificate["start"] > now + SKEW:
        _refuse("ext.certificate.start > now")
    if certificate["expiry"] < now - SKEW:
        _refuse("ext.certificate.expiry < now")
    if certificate["expiry"] - certificate["start"] > LONGEST:
        _refuse("ext.certificate cannot last longer than 31 days!")
    if issuer.client_id != client_id:
        needed = f"auth:create-client:{client_id}"
        if not satisfies(issuer.scopes, needed):
            _refuse(f"ext.certificate issuer `{issuer.client_id}` doesn't have `{needed}` for supplied clientId.")
    elif "clientId" in certificate:
        _refuse("ext.certificate.clientId must only be used with ext.certificate.issuer")
    if not satisfies(issuer.scopes, {"AllOf": certificate["scopes"]}):
        _refuse(
            f"ext.certificate issuer `{issuer.client_id}` doesn't satisfy all certificate scopes "
            f"{', '.join(certificate['scopes'])}.  The temporary credentials were not generated correctly."
        )
    signature = certificate.get("signature")
    expected = sign_certificate(issuer.access_token, client_id, certificate)
    if not isinstance(signature, str) or not _same(signature, expected):
        ending = ", or wrong clientId provided" if certificate.get("issuer") else ""
        _refuse(f"ext.certificate.signature is not valid{ending}")
    expiry = int(certificate["expiry"])
    return Issuer(
        client_id=client_id,
        access_token=temporary_token(issuer.access_token, certificate["seed"]),
        scopes=certificate["scopes"],
        expires=None if issuer.expires is None else min(issuer.expires, expiry),
    )


def _check_shape(certificate: Any) -> None:
    if not isinstance(certificate, dict | list):
        _refuse("ext.certificate must be a JSON object")
    if isinstance(certificate, list) or not _is_number(certificate.get("version")) or certificate["version"] != 1:
        _refuse("ext.certificate.version must be 1")
    seed = certificate.get("seed")
    if not isinstance(seed, str):
        _refuse("ext.certificate.seed must be a string")
    if len(seed) != 44:
        _refuse("ext.certificate.seed must be 44 characters")
    for name in ("start", "expiry"):
        if not _is_number(certificate.get(name)):
            _refuse(f"ext.certificate.{name} must be a number")
    if not isinstance(certificate.get("scopes"), list):
        _refuse("ext.certificate.scopes must be an array")
    if not all(map(is_valid, certificate["scopes"])):
        _refuse("ext.certificate.scopes must be an array of valid scopes")


def _restrict(issuer: Issuer, authorized: Any, expand: Callable[[list[str]], list[str]]) -> Issuer:
    if not isinstance(authorized, list):
        _refuse("ext.authorizedScopes must be an array")
    if not all(map(is_valid, authorized)):
        _refuse("ext.authorizedScopes must be an array of valid scopes")
    held = expand(merge(issuer.scopes, ["assume:anonymous"]))
    if not satisfies(held, {"AllOf": authorized}):
        says = "Supplied credentials do not satisfy authorizedScopes; credentials have scopes:"
        lines = [says, "", "```", *held, "```", "", "authorizedScopes are:", "", "```", *authorized, "```"]
        _refuse("\n".join(lines))
    return Issuer(issuer.client_id, issuer.access_token, authorized, issuer.expires)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _is_set(value: Any) -> bool:
    """
    Say whether JavaScript would take *value* for true: an empty list is, and means "no scopes".
    """
    return isinstance(value, list | dict) or bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_javascript(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _refuse(message: str) -> NoReturn:
    raise SignatureError(message)
