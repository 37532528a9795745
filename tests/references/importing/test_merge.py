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


def test_a_new_service() -> None:
    """
    Has methods, exchanges and schemas; its titles are the summaries.
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


def test_a_method_without_a_title_is_called_by_its_name() -> None:
    """
    Rather than by nothing.
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
def test_a_summary_of_ours_stays_while_it_is_true(changes: dict[str, Any], summary: str) -> None:
    """
    That is while verb and route are those that it was written for.
    """
    entry = {**API["entries"][0], **changes, "name": "task", "title": "Theirs."}
    expected = references.method("queue", "task").summary if summary == "ours" else summary

    assert expected == library({**QUEUE, "entries": [entry]}).method("queue", "task").summary


def test_methods_alone_leave_the_exchanges() -> None:
    """
    An ``api.json`` says nothing of them; payloads whose schemas it does not bring are not checked.
    """
    found = library(QUEUE).service("queue")
    before = references.service("queue")

    assert ["hello", "listGreeted"] == list(found.methods)
    assert list(before.exchanges.values()) == [
        exchange._replace(reference=before) for exchange in found.exchanges.values()
    ]
    assert (True, None) == (found.methods["hello"].takes_payload, found.methods["hello"].input)
    assert all(exchange.schema in found.schemas for exchange in found.exchanges.values())


def test_exchanges_alone_leave_the_methods() -> None:
    """
    The other way round; the service keeps the version that its methods are called with.
    """
    found = library({**EXCHANGES, "serviceName": "queue", "apiVersion": "v9"}).service("queue")
    before = references.service("queue")

    assert ("v1", before.summary) == (found.version, before.summary)
    assert list(before.methods.values()) == [method._replace(reference=before) for method in found.methods.values()]
    assert ["exchange/taskcluster-greet/v1/greeted"] == [each.exchange for each in found.exchanges.values()]


def test_both_in_turn_are_the_whole() -> None:
    """
    In any order.
    """
    first = library(EXCHANGES, library(API)).service("greet")
    second = library(API, library(EXCHANGES)).service("greet")

    assert (first.methods.keys(), first.exchanges.keys()) == (second.methods.keys(), second.exchanges.keys())


def test_a_service_that_is_a_known_one_but_for_the_spelling() -> None:
    """
    Is refused: nobody could tell which of the two a command line means.
    """
    with pytest.raises(InvalidReferenceError, match="purgecache cannot be told apart from purge-cache"):
        library({**API, "serviceName": "purgecache"})
