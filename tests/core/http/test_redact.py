"""
No secret reaches a person: whatever the place that it stands in.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.core.http import redact
from tccli.core.http.redact import Redactor, redact_document, redact_header, redact_text, redact_url

if TYPE_CHECKING:
    from collections.abc import Callable

# Nothing that a masked text has of its own.
SECRETS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~+=", min_size=8).map(lambda text: f"S3CR3T{text}T3RC3S")
PLACES = [
    "https://user:{}@host/path",
    "https://{}@host/path",
    "amqps://guest:{}@host:5671/%2F",
    "socks5h://me:{}@[::1]:1080",
    "http://u:{}/with/slashes@host/x",
    "https://h/x?bewit={}",
    "https://h/x?a=b&bewit={}&c=d",
    "https://s3/k?X-Amz-Signature={}&X-Amz-Date=1",
    "https://s3/k?X-Amz-Credential=a&X-Amz-Security-Token={}",
    "https://gcs/k?X-Goog-Signature={}",
    "https://s3/k?AWSAccessKeyId={}&Expires=1",
    "https://blob/k?sv=1&sig={}",
    "https://cf/k?Policy={}&Key-Pair-Id=x",
    "https://cf/k?Signature={}",
    "https://cf/k?Key-Pair-Id={}",
    "https://h/?access_token={}",
    "https://h/?token={}#x",
    "https://h/?client_secret={}",
    "https://h/?password={}",
    "https://h/api/hooks/v1/hooks/g/h/trigger/{}",
    "https://h/api/hooks/v1/hooks/g%2Fa/h/trigger/{}?a=b",
    "https://h/api/hooks/v1/hooks/g/h/trigger/a%2F{}",
    "https://s3/a b?x=1&X-Amz-Signature={}",
    "export TASKCLUSTER_ACCESS_TOKEN='{}'",
    'Authorization: Hawk id="a", mac="{}"',
    'the header hawk id="a", mac="{}"',
    "x-auth-token: {}",
    "Set-Cookie: session={}; path=/",
    '{{"accessToken": "{}", "a": 1}}',
    '{{"certificate": {{"seed": "{}"}}}}',
    '{{"secret": ["a", "{}',
    r'{{"body": "{{\"token\": \"{}\"}}"}}',
    "{{'AWS_SECRET_ACCESS_KEY': '{}'}}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "eyJ{}.a.b",
    "Proxy-Authorization: Basic {}",
]


@given(SECRETS, st.sampled_from(PLACES), st.integers(0, 2), st.sampled_from(["{}", "cannot reach {}; retry", "x ({})"]))
def test_no_secret_stays_in_a_text(secret: str, place: str, encodings: int, message: str) -> None:
    """
    Also where the URL is the parameter of another one, percent-encoded once or twice.
    """
    text = place.format(secret)
    if encodings and "://" in text and "slashes" not in text:
        for _ in range(encodings):
            text = quote(text, safe="")
        text = f"https://login/?next={text}"
    masked = redact_text(message.format(text))

    assert "S3CR3T" not in masked
    assert "T3RC3S" not in masked
    assert masked == redact_text(masked)


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach https://h:443/path/@scope/x; retry",
        "https://h/api/queue/v1/task-group/g/list?continuationToken=abc&limit=5",
        "https://h/x?assignment=1&tokens=2&policyholder=3",
        "a@example.com has a policy",
        "add \"secrets.get\": …; the token: expected a string; 'secret' must be an object",
        '{"secretName": "a", "tokens_used": 5, "isSecret": true, "accessToken": null}',
        "the hawk is a bird; authorized-scopes: none; set-cookies",
        "queue.createTask: payload is not valid: missing fields created, deadline (did you mean created?)",
    ],
)
def test_what_is_not_secret_stays(text: str) -> None:
    """
    A message that hides too much helps no one.
    """
    assert text == redact_text(text)


def test_the_rest_of_a_url_stays() -> None:
    """
    With the brackets and the punctuation around it.
    """
    assert "no (https://h/x?a=b&bewit=…); retry" == redact_text("no (https://h/x?a=b&bewit=abc); retry")
    assert "amqp://guest:…@h/v" == redact_text("amqp://guest:pw@h/v")
    assert "me:…@host" == redact_url("me:secret@host")


@given(st.text(st.characters(codec="utf-8"), min_size=20), st.sampled_from([str, quote, html.escape, json.dumps]))
def test_a_known_secret_is_masked_in_any_form(value: str, encode: Callable[[str], str]) -> None:
    """
    Whole, encoded, and cut off at either end.
    """
    redactor = Redactor({"TASKCLUSTER_ACCESS_TOKEN": f"S3CR3T{value}T3RC3S"})
    whole = encode(f"S3CR3T{value}T3RC3S")

    assert not re.search("S3CR3T|T3RC3S", redactor.redact_text(f"a {whole} b {json.dumps(whole)} c"))
    assert "S3CR3T" not in redactor.redact_text(f"a {whole[:18]} b")
    assert "S3CR3T" not in redactor.redact_text(f"a {whole[:12] if encode is str else whole[:18]}… b")


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        pytest.param("https_proxy", "http://u:p%40ssword@h:1", ["p@ssword", "p%40ssword"], id="proxy"),
        pytest.param("ALL_PROXY", "socks5://password@h", ["password"], id="proxy without a name"),
        pytest.param("TASKCLUSTER_CERTIFICATE", '{"seed": "abcdef", "signature": "ghijkl"}', ["abcdef", "ghijkl"]),
        pytest.param("TASKCLUSTER_CERTIFICATE", '{"seed": "abcdef', ['{"seed": "abcdef'], id="no certificate"),
    ],
)
def test_the_environment_has_secrets(name: str, value: str, secrets: list[str]) -> None:
    """
    They are masked wherever they come from afterwards; what else the variables have is not.
    """
    redactor = Redactor({name: value, "PATH": "not-secret"})

    assert ["…"] * len(secrets) == [redactor.redact_text(secret) for secret in secrets]
    assert "not-secret" == redactor.redact_text("not-secret")


@given(SECRETS)
def test_no_secret_stays_in_a_header(secret: str) -> None:
    """
    The scheme of an Authorization header does.
    """
    for name in ("Cookie", "set-cookie", "X-Amz-Security-Token", "x-api-key", "Private-Token"):
        assert "…" == redact_header(name, secret)
    assert "Hawk …" == redact_header("authorization", f"Hawk id={secret}")
    assert secret not in redact_header("Location", f"https://h/?bewit={secret}")
    assert "text/plain" == redact_header("Content-Type", "text/plain")


@given(SECRETS)
def test_no_secret_stays_in_a_document(secret: str) -> None:
    """
    Keys and structure do.
    """
    document = {
        "secret": {"a": [secret, 1], "b": None},
        "env": {"GITHUB_TOKEN": secret, "PATH": "/bin"},
        "credentials": {"accessToken": secret, "certificate": secret},
        "url": f"https://h/?bewit={secret}",
    }
    masked = redact_document(document)

    assert secret not in json.dumps(masked)
    assert {"a": ["…", "…"], "b": None} == masked["secret"]
    assert {"GITHUB_TOKEN": "…", "PATH": "/bin"} == masked["env"]


@given(SECRETS, st.sampled_from([(",", ":"), (", ", ": ")]), st.integers(0, 3))
def test_what_follows_a_secret_stays(secret: str, separators: tuple[str, str], nested: int) -> None:
    """
    In a text that is a JSON document, such as a response with -vv, for which the ends of arrays and objects are known.
    """
    hidden: Any = [secret, {"]": "}" + secret}]
    for _ in range(nested):
        hidden = {"a": hidden, "status": "hidden"}
    document = [{"credentials": hidden, "taskId": "first"}, {"tokens": [secret], "runId": 7}, {"last": {"name": "end"}}]
    masked = redact_text(json.dumps(document, separators=separators))

    assert "S3CR3T" not in masked
    assert "hidden" not in masked
    assert all(part in masked for part in ("first", "runId", "7", "last", "end"))
    assert masked == redact_text(masked)


def make_secret(*words: object) -> str:
    """
    Return the same secret for the same words; no two have a part in common.
    """
    return hashlib.sha256(repr(words).encode()).hexdigest()


def test_secrets_of_calls_are_masked_during_the_calls() -> None:
    """
    In several threads, while secrets of the run are added. Then they are forgotten: a batch has any number of calls.
    """
    redactor = Redactor({})
    wrong: list[str] = []

    def call(number: int) -> None:
        for count in range(150):
            of_run, secret = make_secret("run", number, count), make_secret("call", number, count)
            if count % 50 == 0:
                redactor.add(of_run)
            with redactor.mask_during({"token": secret, "name": "visible"}):
                text = redactor.redact_text(f"visible {secret} {of_run} {secret[:18]}")
            if secret[:18] in text or "visible" not in text or (count % 50 == 0 and of_run in text):
                wrong.append(text)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(call, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    forgotten, stored = make_secret("call", 0, 0), make_secret("run", 0, 0)
    assert f"{forgotten} …" == redactor.redact_text(f"{forgotten} {stored}")


def test_many_secrets_are_masked_in_time() -> None:
    """
    That of the text's length.
    """
    text = json.dumps([{"secret": {"a": [1]}, "n": 1}] * 20_000)

    assert 20_000 == redact_text(text).count('"n": 1')
    assert '"secret": …' == redact_text('"secret": ' + "[" * 100_000)


PIECES = [
    "https://user:pass/word@host/trigger/abc?bewit=abcdef&x=1",
    "%3A%2F%2Fuser%3Apassword%40host",
    "\u0130\u0131\u017f\u212a",
    "Authorization : Hawk id='a', mac=b",
    "Authori\u017fation: bearer abc",
    "author\u0131zat\u0130on: bearer abc",
    "tr\u0131gger/abc",
    "haw\u212a mac=abc",
    "coo\u212aie: abc",
    "X-My-Token\n: abc",
    "'accessToken' : 'abc'",
    '\\"secret\\"\t:\t\\"abc\\"',
    "-----BEGIN PRIVATE KEY-----abc-----END",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6",
    " ",
    "/",
    "plain",
]


@given(st.lists(st.sampled_from(PIECES) | st.characters(), max_size=6).map("".join))
@example("haw\u212a mac=abc")
@example("https://a.example/tr\u0131gger/abc")
@example("author\u0131zation: bearer abc")
def test_no_pattern_is_left_out_that_matches(text: str) -> None:
    """
    Also where a letter of another alphabet counts as a small or capital one of ASCII.
    """
    matching = {pattern for pattern in redact._NEEDS if re.search(pattern, text)}

    assert matching <= set(redact._select(redact._NEEDS, text))


def test_a_plain_message_needs_no_pattern() -> None:
    """
    To compile them takes longer than the rest of a command that fails.
    """
    message = "tc: task status: missing argument TASK...; usage: tc task status [OPTIONS] TASK..."

    assert [] == redact._select(redact._NEEDS, message)
