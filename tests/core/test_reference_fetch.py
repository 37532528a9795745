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
    One that does not wait long.
    """
    transport = HttpTransport(2.0, {})
    yield Fetcher(transport, RetryPolicy(retries=1, delay_factor=0.001), lambda _line: None)
    transport.close()


def serving(documents: dict[str, Any]) -> Callable[[Received], Response]:
    """
    Return what answers with documents by their paths.
    """

    def respond(received: Received) -> Response:
        found = documents.get(received.target)
        return json_response({"error": "Not found"}, 404) if found is None else json_response(found)

    return respond


def test_fetches_the_roll_up(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    In one request, which does not say who asks.
    """
    http_server.respond_with(serving({ROLLUP: rollup()}))

    assert validate_documents(CONTENTS) == fetch_references(fetcher, http_server.url)
    assert [("GET", ROLLUP)] == [(each.verb, each.target) for each in http_server.requests]
    assert {"host"} == set(http_server.requests[0].headers)


@pytest.mark.parametrize("absolute", [True, False], ids=["with the root URL", "without"])
def test_fetches_one_by_one_where_there_is_no_roll_up(
    http_server: ScriptedServer, fetcher: Fetcher, *, absolute: bool
) -> None:
    """
    What the manifest names, the schemas that those name, and the schemas that schemas name: each once.
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


def test_schemas_that_are_not_there(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    Leave a payload that is not checked.
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
def test_a_manifest_leads_nowhere_else(http_server: ScriptedServer, fetcher: Fetcher, manifest: Any) -> None:
    """
    Than below ``references/`` of the deployment.
    """
    http_server.respond_with(serving({MANIFEST: manifest}))
    with pytest.raises(BrokenAnswerError):
        fetch_references(fetcher, http_server.url)
    assert {ROLLUP, MANIFEST} == {each.target for each in http_server.requests}


def test_schemas_without_end(http_server: ScriptedServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of which each names the next, are fetched up to a number.
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
        pytest.param(NO_RESPONSE, NoAnswerError, "within 2 s", id="silence"),
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
def test_what_comes_instead(
    http_server: ScriptedServer, fetcher: Fetcher, response: Response, error: type[TcError], line: str
) -> None:
    """
    Is an error with the code that says so, in one line.
    """
    http_server.respond_with(response)
    with pytest.raises(error, match=line) as caught:
        fetch_references_at(fetcher, f"{http_server.url}/api.json")
    assert error is type(caught.value)
    assert "\n" not in str(caught.value)


def test_a_packed_answer_is_unpacked(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    Though it was not asked for: storage may have it no other way.
    """
    http_server.respond_with(response(200, PACKED, Content_Encoding="gzip"))

    assert validate_documents(CONTENTS) == fetch_references_at(fetcher, f"{http_server.url}/rollup.json?version=1")


def test_a_failure_that_passes_is_tried_again(http_server: ScriptedServer, fetcher: Fetcher) -> None:
    """
    As with calls.
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
def test_what_is_no_url_of_a_document(fetcher: Fetcher, url: str) -> None:
    """
    Is not tried.
    """
    with pytest.raises(UsageError, match="not an http URL"):
        fetch_references_at(fetcher, url)
