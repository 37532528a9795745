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
from tccli.core.reference_fetch import Fetcher, of_deployment, of_url
from tccli.errors import BrokenAnswerError, FailedError, NoAnswerError, NotFoundError, RefusedError, TcError, UsageError
from tccli.references.importing.validate import checked
from tests.http_server import DROPPED, SILENCE, Answer, Received, answer, said
from tests.references.documents import API, CONTENTS, rollup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.http_server import Rude

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


def serving(documents: dict[str, Any]) -> Callable[[Received], Answer]:
    """
    Return what answers with documents by their paths.
    """

    def respond(received: Received) -> Answer:
        found = documents.get(received.target)
        return said({"error": "Not found"}, 404) if found is None else said(found)

    return respond


def test_fetches_the_roll_up(rude: Rude, fetcher: Fetcher) -> None:
    """
    In one request, which does not say who asks.
    """
    rude.answers(serving({ROLLUP: rollup()}))

    assert checked(CONTENTS) == of_deployment(fetcher, rude.url)
    assert [("GET", ROLLUP)] == [(each.verb, each.target) for each in rude.requests]
    assert {"host", "accept-encoding"} == set(rude.requests[0].headers)


@pytest.mark.parametrize("absolute", [True, False], ids=["with the root URL", "without"])
def test_fetches_one_by_one_where_there_is_no_roll_up(rude: Rude, fetcher: Fetcher, *, absolute: bool) -> None:
    """
    What the manifest names, the schemas that those name, and the schemas that schemas name: each once.
    """
    names = [name for name in CONTENTS if name.startswith("references/greet/")]
    manifest = {"references": [f"{rude.url if absolute else ''}/{name}" for name in names]}
    rude.answers(serving({**{f"/{name}": content for name, content in CONTENTS.items()}, MANIFEST: manifest}))

    assert checked(CONTENTS) == of_deployment(fetcher, rude.url)
    targets = [each.target for each in rude.requests]
    assert len(targets) == len(set(targets))
    assert not {target for target in targets if "logs" in target or "common" in target}


def test_schemas_that_are_not_there(rude: Rude, fetcher: Fetcher) -> None:
    """
    Leave a payload that is not checked.
    """
    rude.answers(
        serving({MANIFEST: {"references": ["/references/greet/v1/api.json"]}, "/references/greet/v1/api.json": API})
    )

    assert {"references/greet/v1/api.json"} == set(of_deployment(fetcher, rude.url))


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
def test_a_manifest_leads_nowhere_else(rude: Rude, fetcher: Fetcher, manifest: Any) -> None:
    """
    Than below ``references/`` of the deployment.
    """
    rude.answers(serving({MANIFEST: manifest}))
    with pytest.raises(BrokenAnswerError):
        of_deployment(fetcher, rude.url)
    assert {ROLLUP, MANIFEST} == {each.target for each in rude.requests}


def test_schemas_without_end(rude: Rude, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of which each names the next, are fetched up to a number.
    """
    monkeypatch.setattr(reference_fetch, "MOST", 10)

    def respond(received: Received) -> Answer:
        if received.target.startswith("/schemas/"):
            return said({"allOf": [{"$ref": f"x{len(rude.requests)}.json#"}]})
        return serving(
            {MANIFEST: {"references": ["/references/greet/v1/api.json"]}, "/references/greet/v1/api.json": API}
        )(received)

    rude.answers(respond)
    with pytest.raises(BrokenAnswerError, match="more than 10 schemas"):
        of_deployment(fetcher, rude.url)
    assert 20 > len(rude.requests)


BOMB = gzip.compress(b" " * (40 << 20))
PACKED = gzip.compress(json.dumps(rollup()).encode())


@pytest.mark.parametrize(
    ("response", "error", "line"),
    [
        pytest.param(answer(404), NotFoundError, "404", id="not there"),
        pytest.param(answer(403), RefusedError, "403", id="refused"),
        pytest.param(answer(502, b"<h1>Bad</h1>"), FailedError, "502", id="a proxy's page"),
        pytest.param(DROPPED, NoAnswerError, "127.0.0.1", id="hung up"),
        pytest.param(SILENCE, NoAnswerError, "within 2 s", id="silence"),
        pytest.param(answer(302, Location="http://127.0.0.1:1/"), BrokenAnswerError, "redirects", id="a redirect"),
        pytest.param(answer(200, b"<!doctype html>"), BrokenAnswerError, "not JSON", id="a page"),
        pytest.param(said([]), BrokenAnswerError, "no service", id="nothing in it"),
        pytest.param(said(rollup({"references/a/v1/api.json": {}})), BrokenAnswerError, "serviceName", id="malformed"),
        pytest.param(answer(200, b"[" * 100_000), BrokenAnswerError, "nested", id="nested without end"),
        pytest.param(answer(200, b" " * (33 << 20)), BrokenAnswerError, "larger than 32 MiB", id="too large"),
        pytest.param(
            answer(200, BOMB, Content_Encoding="gzip"),
            BrokenAnswerError,
            "larger than 32 MiB",
            id="too large, unpacked",
        ),
        pytest.param(answer(200, b"x", Content_Encoding="br"), BrokenAnswerError, "encoding", id="packed otherwise"),
        pytest.param(answer(200, PACKED[:-9], Content_Encoding="gzip"), BrokenAnswerError, "cut short", id="cut short"),
    ],
)
def test_what_comes_instead(rude: Rude, fetcher: Fetcher, response: Answer, error: type[TcError], line: str) -> None:
    """
    Is an error with the code that says so, in one line.
    """
    rude.answers(response)
    with pytest.raises(error, match=line) as caught:
        of_url(fetcher, f"{rude.url}/api.json")
    assert error is type(caught.value)
    assert "\n" not in str(caught.value)


def test_a_packed_answer_is_unpacked(rude: Rude, fetcher: Fetcher) -> None:
    """
    Though it was not asked for: storage may have it no other way.
    """
    rude.answers(answer(200, PACKED, Content_Encoding="gzip"))

    assert checked(CONTENTS) == of_url(fetcher, f"{rude.url}/rollup.json?version=1")


def test_a_failure_that_passes_is_tried_again(rude: Rude, fetcher: Fetcher) -> None:
    """
    As with calls.
    """
    rude.answers(answer(503), said(API))

    assert {"references/greet/v1/api.json"} == set(of_url(fetcher, f"{rude.url}/api.json"))


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
    with pytest.raises(UsageError, match="is not a URL"):
        of_url(fetcher, url)
