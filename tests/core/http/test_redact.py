"""
No secret reaches a person: whatever the place that it stands in.
"""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.http.redact import redact_document, redact_header, redact_text, redact_url

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
    'Authorization: Hawk id="a", mac="{}"',
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
