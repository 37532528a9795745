"""
Signing, held against the reference vectors and the official client.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from base64 import b64encode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import mohawk
import pytest
import taskcluster
import taskcluster.utils
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.core import hawk
from tccli.core.hawk import Credentials
from tccli.core.times import parse_timestamp
from tccli.errors import ConfigurationError, UsageError
from tests.vectors import load

HEADERS = load("hawk-headers")
BEWITS = load("bewits")
TEMPORARY = load("temporary-credentials")
ISSUER = Credentials("tester/one", "very-secret-token")
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SEED = "s" * 44
CERTIFICATE = {"version": 1, "scopes": [], "start": 1, "expiry": 2, "seed": SEED, "signature": "x"}
IDS = st.text("abcXYZ019/_:@*.-", min_size=1, max_size=30)
TOKENS = st.text("abcXYZ019_-", min_size=1, max_size=44)
SCOPES = st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20), max_size=4)
SEGMENTS = st.lists(st.text("az09%2F%20-._~", min_size=1, max_size=8), min_size=1, max_size=5).map("/".join)


def credentials(vector: dict[str, Any]) -> Credentials:
    """
    Return what a vector was signed with.
    """
    content = vector["ext"] or {}
    scopes = content.get("authorizedScopes")
    return Credentials(
        vector["credentials"]["clientId"],
        vector["credentials"]["accessToken"],
        content.get("certificate"),
        None if scopes is None else tuple(scopes),
    )


def attributes(header: str) -> dict[str, str]:
    """
    Return what a header says, by name.
    """
    assert header.startswith("Hawk ")
    return dict(re.findall(r'(\w+)="([^"]*)"', header))


@pytest.mark.parametrize("vector", HEADERS, ids=[f"{place}" for place in range(len(HEADERS))])
def test_headers_are_the_references(vector: dict[str, Any]) -> None:
    """
    Clock and nonce being equal, so is the MAC.
    """
    header = hawk.authorization_header(
        vector["method"], vector["url"], credentials(vector), now=vector["timestamp"], nonce=vector["nonce"]
    )
    found = attributes(header)

    assert vector["mac"] == found["mac"]
    assert vector["nonce"] == found["nonce"]
    assert str(vector["timestamp"]) == found["ts"]
    assert vector["credentials"]["clientId"] == found["id"]
    assert vector["extHeader"] == found.get("ext")
    assert vector["credentials"]["accessToken"] not in header


@pytest.mark.parametrize("vector", BEWITS, ids=[f"{place}" for place in range(len(BEWITS))])
def test_bewits_are_the_references(vector: dict[str, Any]) -> None:
    """
    Unpadded, and joined to the URL as the reference does.
    """
    assert vector["signedUrl"] == hawk.sign_url(vector["url"], credentials(vector), expires=vector["expires"])


@pytest.mark.parametrize("vector", TEMPORARY, ids=[vector["description"] for vector in TEMPORARY])
def test_temporary_credentials_are_the_references(vector: dict[str, Any]) -> None:
    """
    Token and certificate, byte for byte.
    """
    given_scopes = vector["permCreds"]["authorizedScopes"]
    issuer = Credentials(
        vector["permCreds"]["clientId"],
        vector["permCreds"]["accessToken"],
        authorized_scopes=None if given_scopes is None else tuple(given_scopes),
    )
    expected = vector["expectedTempCreds"]

    issued = hawk.temporary_credentials(
        issuer,
        scopes=vector["tempCredsScopes"],
        start=parse_timestamp(vector["start"]),
        expiry=parse_timestamp(vector["expiry"]),
        seed=vector["seed"],
        name=vector["tempCredsName"] or None,
    )

    assert expected["clientId"] == issued.client_id
    assert expected["accessToken"] == issued.access_token
    assert json.loads(expected["certificate"]) == issued.certificate
    assert given_scopes == (None if issued.authorized_scopes is None else list(issued.authorized_scopes))


@given(IDS, TOKENS, SCOPES.filter(bool), st.booleans(), st.integers(1, 31 * 86_400))
def test_issues_what_the_official_client_issues(
    client_id: str, token: str, scopes: list[str], named: bool, lifetime: int
) -> None:
    """
    From the same issuer, scopes, times and seed come the same credentials.
    """
    expiry = START + timedelta(seconds=lifetime)
    name = f"{''.join(hawk.CLIENT_ID.findall(client_id))}/temporary" if named else None
    seed = SEED
    with mock.patch("taskcluster.utils.slugId", side_effect=[seed[:22], seed[22:]]):
        official = taskcluster.createTemporaryCredentials(client_id, token, START, expiry, scopes, name)

    ours = hawk.temporary_credentials(
        Credentials(client_id, token), scopes=scopes, start=START, expiry=expiry, seed=SEED, name=name
    )

    assert taskcluster.utils.toStr(official["clientId"]) == ours.client_id
    assert taskcluster.utils.toStr(official["accessToken"]) == ours.access_token
    assert json.loads(official["certificate"]) == ours.certificate


@given(IDS, TOKENS, SCOPES, st.none() | SCOPES, st.sampled_from(["", "?limit=1", "?a=b&c=%20"]), SEGMENTS)
def test_signs_urls_as_the_official_client_does(
    client_id: str, token: str, scopes: list[str], authorized: list[str] | None, query: str, path: str
) -> None:
    """
    The bewit says the same, certificate and authorized scopes included.
    """
    now = int(time.time())
    issued = hawk.temporary_credentials(
        Credentials(client_id, token), scopes=scopes, start=START, expiry=START + DAY, seed=SEED
    )
    ours = Credentials(
        issued.client_id, issued.access_token, issued.certificate, None if authorized is None else tuple(authorized)
    )
    options: dict[str, Any] = {
        "rootUrl": "https://tc.example.com",
        "credentials": {
            "clientId": issued.client_id,
            "accessToken": issued.access_token,
            "certificate": json.dumps(issued.certificate),
        },
    }
    if authorized is not None:
        options["authorizedScopes"] = authorized
    url = f"https://tc.example.com/api/queue/v1/{path}{query}"
    client = taskcluster.Queue(options)
    with mock.patch.object(client, "buildUrl", return_value=url), mock.patch("time.time", return_value=now):
        official = client.buildSignedUrl("ping", expiration=60)

    signed = hawk.sign_url(url, ours, expires=now + 60)

    assert parts(official)[:3] == parts(signed)[:3]
    assert decoded(parts(official)[3]) == decoded(parts(signed)[3])


def parts(url: str) -> list[str]:
    """
    Return what the bewit of a URL says: client, expiry, MAC without the ext, ext.
    """
    bewit = re.search(r"[?&]bewit=([^&]*)$", url)
    assert bewit
    client_id, expiry, mac, ext = urlsafe_b64decode(bewit[1] + "===").decode().split("\\")
    return [url[: bewit.start()], client_id, expiry, ext, mac]


def decoded(ext: str) -> Any:
    """
    Return what an ext says; blanks in its JSON are nobody's business.
    """
    return json.loads(urlsafe_b64decode(ext.translate(str.maketrans("+/", "-_")).rstrip("=") + "===")) if ext else None


@given(
    IDS,
    TOKENS,
    st.sampled_from(["GET", "PUT", "DELETE"]),
    SEGMENTS,
    st.sampled_from(["https://tc.example.com", "http://127.0.0.1:80", "http://localhost:8180"]),
)
def test_a_receiver_accepts_the_header(client_id: str, token: str, verb: str, path: str, root: str) -> None:
    """
    An independent check of the signature, for any client, path and port.
    """
    url = f"{root}/{path}"
    header = hawk.authorization_header(verb, url, Credentials(client_id, token), now=int(time.time()), nonce="n")

    receiver: Any = mohawk.Receiver
    receiver(
        lambda _id: {"id": client_id, "key": token, "algorithm": "sha256"},
        header,
        url,
        verb,
        accept_untrusted_content=True,
    )


@given(st.text(max_size=20), st.text(max_size=20))
@example("me\n", "t")
def test_any_client_id_signs_or_is_refused(client_id: str, token: str) -> None:
    """
    What no header can hold is a configuration error.
    """
    who = Credentials(client_id, token)
    for sign in (
        partial(hawk.authorization_header, "GET", "http://h/a", who, now=1, nonce="n"),
        partial(hawk.sign_url, "http://h/a", who, expires=1),
    ):
        try:
            assert "\n" not in sign()
        except ConfigurationError as error:
            assert "cannot sign" in error.message


def test_no_scopes_are_not_the_same_as_no_limit() -> None:
    """
    An empty list goes out; None does not.
    """
    assert hawk.extension(ISSUER) is None
    assert {"authorizedScopes": []} == decoded(hawk.extension(Credentials("a", "b", authorized_scopes=())) or "")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/api/queue", id="no host"),
        pytest.param("https:///api", id="empty host"),
        pytest.param("ftp://h/a", id="another scheme"),
        pytest.param("https://h/a#b", id="fragment"),
        pytest.param("https://h/a?bewit=x", id="signed already"),
        pytest.param("https://h/a?b=c&bewit=x", id="signed already, behind something"),
    ],
)
def test_refuses_urls_that_cannot_be_signed(url: str) -> None:
    """
    Rather than making a link that never works.
    """
    with pytest.raises(UsageError):
        hawk.sign_url(url, ISSUER, expires=1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"expiry": START + 31 * DAY + timedelta(milliseconds=1)}, "31 days", id="longer than 31 days"),
        pytest.param({"expiry": START}, "before they start", id="no lifetime"),
        pytest.param({"expiry": START - DAY}, "before they start", id="negative lifetime"),
        pytest.param({"name": "tester/one"}, "must differ", id="the issuer's name"),
        pytest.param({"scopes": ["a\nb"]}, "not a scope", id="newline in a scope"),
        pytest.param({"scopes": [""]}, "not a scope", id="empty scope"),
        pytest.param({"scopes": ["ü"]}, "not a scope", id="scope beyond ASCII"),
    ],
)
def test_refuses_what_the_services_would_refuse(changes: dict[str, Any], error: str) -> None:
    """
    Before it is handed to anybody.
    """
    wanted: dict[str, Any] = {"scopes": ["a"], "start": START, "expiry": START + DAY, "seed": SEED, **changes}

    with pytest.raises(UsageError, match=error):
        hawk.temporary_credentials(ISSUER, **wanted)


def test_31_days_are_allowed() -> None:
    """
    The longest lifetime is in.
    """
    issued = hawk.temporary_credentials(ISSUER, scopes=[], start=START, expiry=START + 31 * DAY, seed=SEED)

    assert issued.certificate is not None


def test_temporary_credentials_issue_no_others() -> None:
    """
    Only permanent ones can.
    """
    issued = hawk.temporary_credentials(ISSUER, scopes=[], start=START, expiry=START + DAY, seed=SEED)

    with pytest.raises(ConfigurationError, match="permanent"):
        hawk.temporary_credentials(issued, scopes=[], start=START, expiry=START + DAY, seed=SEED)


def test_shows_no_secrets() -> None:
    """
    A representation in a log gives nothing away.
    """
    assert "very-secret" not in repr(ISSUER)
    assert SEED not in repr(Credentials("a", "b", CERTIFICATE))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param("{}", id="empty object"),
        pytest.param(json.dumps({**CERTIFICATE, "start": "1"}), id="times as text"),
        pytest.param("[" * 100_000, id="nested too deeply"),
    ],
)
def test_a_malformed_certificate_is_a_configuration_error(text: str) -> None:
    """
    Said before any request.
    """
    with pytest.raises(ConfigurationError, match="certificate"):
        hawk.parse_certificate(text)


@pytest.mark.parametrize(("text", "expected"), [("", None), (" \n", None), (json.dumps(CERTIFICATE), CERTIFICATE)])
def test_reads_certificates(text: str, expected: Any) -> None:
    """
    An empty one is none.
    """
    assert expected == hawk.parse_certificate(text)


def test_an_ipv6_address_is_signed_in_brackets() -> None:
    """
    As it stands in the Host header, from which services take it.
    """
    header = hawk.authorization_header("GET", "http://[::1]:8080/a?b=c", ISSUER, now=1, nonce="n")
    bewit = hawk.sign_url("https://[fd00::2]/a", ISSUER, expires=9).partition("bewit=")[2]
    signed = urlsafe_b64decode(bewit + "==").decode().split("\\")

    assert attributes(header)["mac"] == mac("hawk.1.header\n1\nn\nGET\n/a?b=c\n[::1]\n8080\n\n\n")
    assert signed[2] == mac("hawk.1.bewit\n9\n\nGET\n/a\n[fd00::2]\n443\n\n\n")


def mac(text: str) -> str:
    """
    Return the code of a normalized string of Hawk.
    """
    return b64encode(hmac.new(ISSUER.access_token.encode(), text.encode(), hashlib.sha256).digest()).decode()
