"""
Signatures: those of the reference implementation are valid, all others are errors, and nothing crashes.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.sandbox.auth import signature
from tccli.sandbox.auth.certificates import Issuer, SignatureError, derive_token, parse_ext, sign_certificate
from tccli.sandbox.auth.signature import SignedRequest
from tccli.sandbox.clock import DAY, MINUTE

VECTORS = Path(__file__).parents[1] / "vectors"
NOW = 1_500_000_000_000
SEED = "s" * 44


def load_vectors(name: str) -> Any:
    """
    Return a file of vectors.
    """
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def signed(url: str, method: str = "GET", authorization: str = "") -> SignedRequest:
    """
    Return the signed parts of a request to *url*.
    """
    parts = urlsplit(url)
    resource = url[url.index("/", len(parts.scheme) + 3) :]
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return SignedRequest(method, resource, str(parts.hostname), port, authorization)


def ext(document: Any) -> str:
    """
    Return the ``ext`` with a document.
    """
    return b64encode(json.dumps(document).encode()).decode()


def header(attributes: dict[str, str]) -> str:
    """
    Return a Hawk header.
    """
    return "Hawk " + ", ".join(f'{name}="{value}"' for name, value in attributes.items())


def authenticate(request: SignedRequest, *, now: int = NOW, issuer: Issuer | None = None) -> signature.Identity:
    """
    Authenticate a request of a client with the scopes ``x*`` and ``auth:create-client:b``.
    """
    known = issuer or Issuer("a", "token", ["x*", "auth:create-client:b"], NOW + DAY)

    def load(client_id: str) -> Issuer:
        if client_id != known.client_id:
            raise SignatureError("not found")
        return known

    return signature.authenticate(request, now=now, get_client=load, expand=list)


def request_with(document: Any, *, client_id: str = "a", token: str = "token", ts: int = NOW // 1000) -> SignedRequest:
    """
    Return a correctly signed request with *document* as its ext.
    """
    attributes = {"id": client_id, "ts": str(ts), "nonce": "n"}
    if document is not None:
        attributes["ext"] = ext(document)
    unsigned = SignedRequest("GET", "/x", "host", 80)
    mac = signature.calculate_mac("header", token, unsigned, attributes)
    return SignedRequest("GET", "/x", "host", 80, header({**attributes, "mac": mac}))


def certificate(**changes: Any) -> dict[str, Any]:
    """
    Return a certificate of the client ``a``, signed after the changes.
    """
    client_id = changes.pop("client_id", "a")
    document = {"version": 1, "seed": SEED, "start": NOW, "expiry": NOW + DAY, "scopes": ["xb"], **changes}
    document.setdefault("signature", sign_certificate("token", client_id, document))
    return document


@pytest.mark.parametrize("vector", load_vectors("hawk-headers.json"))
def test_headers_have_the_reference_mac(vector: dict[str, Any]) -> None:
    """
    The MAC of the reference Hawk implementation, for awkward URLs, with and without ext.
    """
    attributes = {"ts": str(vector["timestamp"]), "nonce": vector["nonce"], "ext": vector["extHeader"] or ""}
    request = signed(vector["url"], vector["method"])

    assert vector["mac"] == signature.calculate_mac("header", vector["credentials"]["accessToken"], request, attributes)


@pytest.mark.parametrize("vector", load_vectors("bewits.json"))
def test_bewits_of_the_reference_are_valid(vector: dict[str, Any]) -> None:
    """
    Until they expire.
    """
    _, expires, mac, in_bewit = signature.parse_bewit(vector["bewit"])
    token = vector["credentials"]["accessToken"]
    unsigned = signed(vector["url"])

    assert str(vector["expires"]) == expires
    assert mac == signature.calculate_mac("bewit", token, unsigned, {"ts": expires, "ext": in_bewit})
    assert vector["bewit"] in vector["signedUrl"]


@pytest.mark.parametrize("vector", load_vectors("temporary-credentials.json"), ids=lambda vector: vector["description"])
def test_temporary_credentials_of_the_reference_are_valid(vector: dict[str, Any]) -> None:
    """
    Named and unnamed: signature and token are the same.
    """
    issuer, issued = vector["permCreds"], vector["expectedTempCreds"]
    document = json.loads(issued["certificate"])

    assert document["signature"] == sign_certificate(issuer["accessToken"], issued["clientId"], document)
    assert issued["accessToken"] == derive_token(issuer["accessToken"], document["seed"])


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(0, True), (14.9, True), (-14.9, True), (15.1, False), (-15.1, False)]
)
def test_a_clock_may_be_fifteen_minutes_off(minutes: float, accepted: bool) -> None:
    """
    Before or after the deployment's.
    """
    request = request_with(None, ts=int(NOW + minutes * MINUTE) // 1000)

    if accepted:
        assert "a" == authenticate(request).client_id
    else:
        with pytest.raises(SignatureError, match="Stale timestamp"):
            authenticate(request)


def test_unnamed_temporary_credentials_have_the_scopes_of_their_certificate() -> None:
    """
    And those of the anonymous role; they expire with the certificate.
    """
    identity = authenticate(request_with({"certificate": certificate()}, token=derive_token("token", SEED)))

    assert ["assume:anonymous", "xb"] == identity.scopes
    assert NOW + DAY == identity.expires


def test_named_temporary_credentials_have_their_own_name() -> None:
    """
    The issuer needs the scope to create the client of that name.
    """
    named = certificate(client_id="b", issuer="a")
    token = derive_token("token", SEED)

    assert "b" == authenticate(request_with({"certificate": named}, client_id="b", token=token)).client_id
    other = request_with({"certificate": certificate(client_id="c", issuer="a")}, client_id="c", token=token)
    with pytest.raises(SignatureError, match="doesn't have `auth:create-client:c`"):
        authenticate(other)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param({"certificate": "text"}, "must be a JSON object", id="certificate as a string"),
        pytest.param({"certificate": certificate(version=2)}, "version must be 1", id="version"),
        pytest.param({"certificate": certificate(version=True)}, "version must be 1", id="version true"),
        pytest.param({"certificate": certificate(seed="short")}, "44 characters", id="seed"),
        pytest.param({"certificate": certificate(start=NOW + 6 * MINUTE)}, "start > now", id="not yet"),
        pytest.param(
            {"certificate": certificate(start=NOW - DAY, expiry=NOW - 6 * MINUTE)}, "expiry < now", id="no more"
        ),
        pytest.param({"certificate": certificate(expiry=NOW + 32 * DAY)}, "31 days", id="too long"),
        pytest.param({"certificate": certificate(scopes=["c"])}, "satisfy all certificate scopes", id="scopes"),
        pytest.param({"certificate": certificate(scopes=["ä"])}, "valid scopes", id="scope that is none"),
        pytest.param({"certificate": certificate(signature="x")}, "signature is not valid", id="signature"),
        pytest.param({"certificate": certificate(clientId="a")}, "clientId must only", id="name without issuer"),
        pytest.param({"certificate": certificate(issuer="a")}, "must differ", id="own issuer"),
        pytest.param({"certificate": certificate(issuer=1)}, "must be a string", id="issuer"),
        pytest.param({"authorizedScopes": "a"}, "must be an array", id="authorizedScopes no list"),
        pytest.param({"authorizedScopes": ["c"]}, "do not satisfy authorizedScopes", id="authorizedScopes too many"),
        pytest.param(None, "Failed to parse ext", id="null"),
    ],
)
def test_an_invalid_ext_is_an_error_with_a_reason(document: Any, message: str) -> None:
    """
    In certificates and authorized scopes.
    """
    request = request_with(document or {}, token=derive_token("token", SEED))
    if document is None:
        request = SignedRequest(
            "GET", "/x", "host", 80, header({"id": "a", "ts": "1", "nonce": "n", "mac": "m", "ext": "bnVsbA=="})
        )

    with pytest.raises(SignatureError, match=message):
        authenticate(request)


def test_an_empty_list_of_authorized_scopes_removes_all_scopes() -> None:
    """
    Without the list, nothing is removed.
    """
    assert ["assume:anonymous"] == authenticate(request_with({"authorizedScopes": []})).scopes
    assert "x*" in authenticate(request_with({})).scopes


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        pytest.param("Basic abc", "^Unauthorized$", id="other scheme"),
        pytest.param("Hawk", "Invalid header syntax", id="nothing"),
        pytest.param('Hawk id="a"', "Missing attributes", id="attributes missing"),
        pytest.param('Hawk id="a", id="b"', "Duplicate attribute: id", id="twice"),
        pytest.param('Hawk who="a"', "Unknown attribute: who", id="unknown"),
        pytest.param('Hawk id="ä"', "Bad attribute value: id", id="not ASCII"),
        pytest.param("Hawk id=a", "Bad header format", id="no quotes"),
        pytest.param("Hawk " + "x" * 5000, "Header length too long", id="long"),
        pytest.param('Hawk id="a", ts="1500000000", nonce="n", mac="x"', "Bad mac", id="mac"),
        pytest.param('Hawk id="z", ts="1500000000", nonce="n", mac="x"', "not found", id="client"),
    ],
)
def test_an_invalid_header_is_an_error_with_a_reason(authorization: str, message: str) -> None:
    """
    In the words of the reference implementation.
    """
    with pytest.raises(SignatureError, match=message):
        authenticate(SignedRequest("GET", "/x", "host", 80, authorization))


@given(st.text() | st.from_regex(r'Hawk (\w+="[^"]*",? ?)*', fullmatch=True))
@example('Hawk id="a", ts="\x00", nonce="n", mac="\x7f"')
@example('Hawk id="a", ts="1e999", nonce="n", mac="m", ext="eyJjZXJ0aWZpY2F0ZSI6WzFdfQ=="')
def test_garbage_in_a_header_is_a_signature_error(garbage: str) -> None:
    """
    Or the request is anonymous.
    """
    try:
        identity = authenticate(SignedRequest("GET", "/x", "host", 80, garbage))
    except SignatureError:
        return
    assert identity.client_id is None


@pytest.mark.parametrize(
    ("expiry", "mac", "expected"),
    [
        pytest.param(str(NOW // 1000 + 60), None, "a", id="later"),
        pytest.param(str(NOW // 1000), None, "Unauthorized: Access expired", id="now"),
        pytest.param("1", "wrong", "Unauthorized: Bad mac", id="the MAC first"),
        pytest.param("never", None, "a", id="a text never expires"),
        pytest.param("1.9e9", None, "Unauthorized: Access expired", id="whole seconds"),
        pytest.param("", None, "Bad Request: Missing bewit attributes", id="missing"),
    ],
)
def test_the_expiry_of_a_bewit_is_signed_as_written(expiry: str, mac: str | None, expected: str) -> None:
    """
    And read after the MAC is checked.
    """
    unsigned = SignedRequest("GET", "/x", "host", 80)
    mac = mac or signature.calculate_mac("bewit", "token", unsigned, {"ts": expiry, "ext": ""})
    bewit = urlsafe_b64encode(f"a\\{expiry}\\{mac}\\".encode()).decode().rstrip("=")
    try:
        found = authenticate(SignedRequest("GET", f"/x?bewit={bewit}", "host", 80)).client_id
    except SignatureError as error:
        found = str(error)

    assert expected == found


@given(st.text() | st.from_regex(r"[\w-]*", fullmatch=True) | st.binary().map(lambda raw: b64encode(raw).decode()))
def test_garbage_in_a_bewit_is_a_signature_error(garbage: str) -> None:
    """
    Or the request is anonymous.
    """
    try:
        identity = authenticate(SignedRequest("GET", f"/x?bewit={garbage}", "host", 80))
    except SignatureError:
        return
    assert identity.client_id is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["version", "seed", "start", "expiry", "scopes", "signature", "issuer", "clientId"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "certificate": JSON
            | st.dictionaries(st.sampled_from(KEYS), JSON).map(lambda changes: {**certificate(), **changes}),
            "authorizedScopes": JSON,
        },
    )
)
def test_garbage_in_an_ext_adds_no_scopes(document: dict[str, Any]) -> None:
    """
    With any certificate and any authorized scopes.
    """
    try:
        identity = authenticate(request_with(document))
    except SignatureError:
        return
    assert all(scope.startswith(("x", "auth:create-client:b", "assume:anonymous")) for scope in identity.scopes)


@given(st.binary())
def test_parsing_an_ext_never_crashes(raw: bytes) -> None:
    """
    It returns a dictionary or raises SignatureError.
    """
    with suppress(SignatureError):
        assert isinstance(parse_ext(b64encode(raw).decode()), dict)
