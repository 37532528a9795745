"""
Published references in the form of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.references.importing import merge
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.validate import split_rollup, validate_documents
from tests.references.documents import API, EXCHANGES, rollup, with_method

if TYPE_CHECKING:
    from tccli.references import ReferenceSet

QUEUE = {**API, "serviceName": "queue"}


def library(document: Any, known: ReferenceSet | None = None) -> ReferenceSet:
    """
    Return a library with what a document says over another one.
    """
    known = known or references.built_in()
    converted = merge.convert_documents(validate_documents(split_rollup(document)), known)
    return known.override_contents(merge.complete(converted, known), "x")


def test_a_new_service_is_added() -> None:
    """
    With methods, exchanges and schemas; titles become summaries.
    """
    found = library(rollup()).service("greet")

    assert ("Greeting Service", "v1") == (found.summary, found.version)
    assert {"hello": "Say Hello", "listGreeted": "List the Greeted"} == {
        name: method.summary for name, method in found.methods.items()
    }
    assert ("POST", ("name",), ("loud",), "hello.json", "answer.json") == (
        found.methods["hello"].verb,
        found.methods["hello"].args,
        found.methods["hello"].query,
        found.methods["hello"].input,
        found.methods["hello"].output,
    )
    assert found.methods["listGreeted"].output is None
    assert "exchange/taskcluster-greet/v1/greeted" == found.exchanges["greeted"].exchange
    assert {"hello.json", "answer.json"} == set(found.schemas)


def test_a_method_without_a_title() -> None:
    """
    Its name is its summary.
    """
    assert "hello" == library(with_method(title=None)).method("greet", "hello").summary


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        pytest.param({"method": "get", "route": "/task/<taskId>", "args": ["taskId"]}, "ours", id="the same"),
        pytest.param({"method": "post", "route": "/task/<taskId>", "args": ["taskId"]}, "Theirs", id="another verb"),
        pytest.param({"method": "get", "route": "/tasks/<taskId>", "args": ["taskId"]}, "Theirs", id="another route"),
    ],
)
def test_built_in_summaries(changes: dict[str, Any], summary: str) -> None:
    """
    They apply to methods with the same verb and route.
    """
    entry = {**API["entries"][0], **changes, "name": "task", "title": "Theirs."}
    expected = references.method("queue", "task").summary if summary == "ours" else summary

    assert expected == library({**QUEUE, "entries": [entry]}).method("queue", "task").summary


def test_an_api_json_keeps_known_exchanges() -> None:
    """
    Payloads without a schema are not checked.
    """
    found = library(QUEUE).service("queue")
    before = references.service("queue")

    assert ["hello", "listGreeted"] == list(found.methods)
    assert before.exchanges == found.exchanges
    assert (True, None) == (found.methods["hello"].takes_payload, found.methods["hello"].input)
    assert all(exchange.schema in found.schemas for exchange in found.exchanges.values())


def test_an_exchanges_json_keeps_known_methods() -> None:
    """
    With the version that the methods are called with.
    """
    found = library({**EXCHANGES, "serviceName": "queue", "apiVersion": "v9"}).service("queue")
    before = references.service("queue")

    assert ("v1", before.summary) == (found.version, before.summary)
    assert [method.record for method in before.methods.values()] == [method.record for method in found.methods.values()]
    assert ["exchange/taskcluster-greet/v1/greeted"] == [each.exchange for each in found.exchanges.values()]


def test_both_documents_one_after_the_other() -> None:
    """
    In any order, the result is that of a roll-up.
    """
    first = library(EXCHANGES, library(API)).service("greet")
    second = library(API, library(EXCHANGES)).service("greet")

    assert (first.methods.keys(), first.exchanges.keys()) == (second.methods.keys(), second.exchanges.keys())


def test_a_service_in_another_spelling() -> None:
    """
    A command line could mean either, so it is rejected.
    """
    with pytest.raises(InvalidReferenceError, match="purgecache cannot be told apart from purge-cache"):
        library({**API, "serviceName": "purgecache"})
