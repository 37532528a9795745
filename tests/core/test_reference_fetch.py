"""
References over the network.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core import reference_fetch
from tccli.core.http.retry import RetryPolicy
from tccli.core.http.transport import HttpTransport
from tccli.core.reference_fetch import Fetcher, fetch_references, fetch_references_at
from tccli.errors import BrokenAnswerError, FailedError, NoAnswerError, NotFoundError, RefusedError, TcError, UsageError
from tccli.references.importing.validate import validate_documents
from tests.http_server import DROPPED, NO_RESPONSE, Received, Response, json_response, response
from tests.references.documents import API, CONTENTS, rollup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.http_server import ScriptedServer

ROLLUP = "/references/references.json"
MANIFEST = "/references/manifest.json"


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """
    A fetcher with short delays.
    """
    transport = HttpTransport(60, {})
    yield Fetcher(transport, RetryPolicy(retries=1, delay_factor=0.001), lambda _line: None)
    transport.close()


def serving(documents: dict[str, Any]) -> Callable[[Received], Response]:
    """
    Return a handler that serves documents by path.
    """

    def respond(received: Received) -> Response:
        found = documents.get(received.target)
        return json_response({"error": "Not found"}, 404) if found is None else json_response(found)

    return respond


def test_the_roll_up_is_fetched(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    In one request without credentials.
    """
    http_server.respond_with(serving({ROLLUP: rollup()}))

    assert validate_documents(CONTENTS) == fetch_references(fetcher, http_server.url)
    assert [("GET", ROLLUP)] == [(each.verb, each.target) for each in http_server.requests]
    assert {"host"} == set(http_server.requests[0].headers)


@pytest.mark.parametrize("absolute", [True, False], ids=["with the root URL", "without"])
def test_without_a_roll_up_documents_are_fetched_one_by_one(
    http_server: ScriptedServer, fetcher: Fetcher, *, absolute: bool
) -> None:
    """
    Those in the manifest, and the schemas that they refer to, each once.
    """
    names = [name for name in CONTENTS if name.startswith("references/greet/")]
    manifest = {"references": [f"{http_server.url if absolute else ''}/{name}" for name in names]}
    http_server.respond_with(
        serving({**{f"/{name}": content for name, content in CONTENTS.items()}, MANIFEST: manifest})
    )

    assert validate_documents(CONTENTS) == fetch_references(fetcher, http_server.url)
    targets = [each.target for each in http_server.requests]
    assert len(targets) == len(set(targets))
    assert not {target for target in targets if "logs" in target or "common" in target}


def test_missing_schemas(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    The payload is not checked.
    """
    http_server.respond_with(
        serving({MANIFEST: {"references": ["/references/greet/v1/api.json"]}, "/references/greet/v1/api.json": API})
    )

    assert {"references/greet/v1/api.json"} == set(fetch_references(fetcher, http_server.url))


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param([], id="a list"),
        pytest.param({"references": {}}, id="an object for a list"),
        pytest.param({"references": [1]}, id="numbers"),
        pytest.param({"references": []}, id="nothing"),
        pytest.param({"references": ["https://evil.example/references/greet/v1/api.json"]}, id="another host"),
        pytest.param({"references": ["/../references/greet/v1/api.json"]}, id="another path"),
        pytest.param({"references": ["/references/greet/v1 /api.json"]}, id="no path"),
    ],
)
def test_a_manifest_with_other_paths(http_server: ScriptedServer, fetcher: Fetcher, manifest: Any) -> None:
    """
    Only paths below ``references/`` are fetched.
    """
    http_server.respond_with(serving({MANIFEST: manifest}))
    with pytest.raises(BrokenAnswerError):
        fetch_references(fetcher, http_server.url)
    assert {ROLLUP, MANIFEST} == {each.target for each in http_server.requests}


def test_number_of_schemas_is_limited(
    http_server: ScriptedServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Their number is limited.
    """
    monkeypatch.setattr(reference_fetch, "MAX_ENTRIES", 10)

    def respond(received: Received) -> Response:
        if received.target.startswith("/schemas/"):
            return json_response({"allOf": [{"$ref": f"x{len(http_server.requests)}.json#"}]})
        return serving(
            {MANIFEST: {"references": ["/references/greet/v1/api.json"]}, "/references/greet/v1/api.json": API}
        )(received)

    http_server.respond_with(respond)
    with pytest.raises(BrokenAnswerError, match="more than 10 schemas"):
        fetch_references(fetcher, http_server.url)
    assert 20 > len(http_server.requests)


BOMB = gzip.compress(b" " * (40 << 20))
PACKED = gzip.compress(json.dumps(rollup()).encode())


@pytest.mark.parametrize(
    ("response", "error", "line"),
    [
        pytest.param(response(404), NotFoundError, "404", id="not there"),
        pytest.param(response(403), RefusedError, "403", id="refused"),
        pytest.param(response(502, b"<h1>Bad</h1>"), FailedError, "502", id="a proxy's page"),
        pytest.param(DROPPED, NoAnswerError, "127.0.0.1", id="hung up"),
        pytest.param(response(302, Location="http://127.0.0.1:1/"), BrokenAnswerError, "redirects", id="a redirect"),
        pytest.param(response(200, b"<!doctype html>"), BrokenAnswerError, "not valid JSON", id="a page"),
        pytest.param(json_response([]), BrokenAnswerError, "no service", id="nothing in it"),
        pytest.param(
            json_response(rollup({"references/a/v1/api.json": {}})), BrokenAnswerError, "serviceName", id="malformed"
        ),
        pytest.param(response(200, b"[" * 100_000), BrokenAnswerError, "nested", id="nested without end"),
        pytest.param(response(200, b" " * (33 << 20)), BrokenAnswerError, "larger than 32 MiB", id="too large"),
        pytest.param(
            response(200, BOMB, Content_Encoding="gzip"),
            BrokenAnswerError,
            "larger than 32 MiB",
            id="too large, unpacked",
        ),
        pytest.param(response(200, b"x", Content_Encoding="br"), BrokenAnswerError, "encoding", id="packed otherwise"),
        pytest.param(
            response(200, PACKED[:-9], Content_Encoding="gzip"), BrokenAnswerError, "cut short", id="cut short"
        ),
    ],
)
def test_other_responses_are_errors(
    http_server: ScriptedServer, fetcher: Fetcher, response: Response, error: type[TcError], line: str
) -> None:
    """
    In one line, with the exit code of the cause.
    """
    http_server.respond_with(response)
    with pytest.raises(error, match=line) as caught:
        fetch_references_at(fetcher, f"{http_server.url}/api.json")
    assert error is type(caught.value)
    assert "\n" not in str(caught.value)


def test_silence_is_an_error(http_server: ScriptedServer) -> None:
    """
    After the time that the transport waits.
    """
    http_server.respond_with(NO_RESPONSE)
    with HttpTransport(0.3, {}) as transport:
        fetcher = Fetcher(transport, RetryPolicy(retries=0), lambda _line: None)
        with pytest.raises(NoAnswerError, match=r"within 0\.3 s"):
            fetch_references_at(fetcher, f"{http_server.url}/api.json")


def test_a_compressed_response_is_decompressed(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    Storage may send one that was not asked for.
    """
    http_server.respond_with(response(200, PACKED, Content_Encoding="gzip"))

    assert validate_documents(CONTENTS) == fetch_references_at(fetcher, f"{http_server.url}/rollup.json?version=1")


def test_temporary_failures_are_retried(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    As for calls.
    """
    http_server.respond_with(response(503), json_response(API))

    assert {"references/greet/v1/api.json"} == set(fetch_references_at(fetcher, f"{http_server.url}/api.json"))


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "https://user:secret@host/x",
        "http://host:99999/x",
        "http://host/a b",
        "http://host/#x",
        "http://h\n/x",
    ],
)
def test_an_invalid_url_is_a_usage_error(fetcher: Fetcher, url: str) -> None:
    """
    Nothing is sent.
    """
    with pytest.raises(UsageError, match="cannot fetch "):
        fetch_references_at(fetcher, url)
