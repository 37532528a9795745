"""
What differs between two sets of references.
"""

from __future__ import annotations

from typing import Any

import pytest

from tccli import references
from tccli.references import ReferenceSet
from tccli.references.importing import merge
from tccli.references.importing.diff import Difference, diff_references
from tccli.references.importing.validate import split_rollup, validate_documents
from tests.references.documents import API, CONTENTS, EXCHANGES, HELLO, rollup, with_method

NOTHING = ReferenceSet()


def library(document: Any) -> ReferenceSet:
    """
    Return a library with nothing else in it.
    """
    return NOTHING.override_contents(merge.convert_documents(validate_documents(split_rollup(document)), NOTHING), "x")


def found(changed: dict[str, Any]) -> list[tuple[Any, ...]]:
    """
    Return the differences when documents of the service are replaced, without its name.
    """
    return [
        tuple(each)[1:] for each in diff_references(library(rollup()), library(rollup(CONTENTS | changed)), ["greet"])
    ]


def test_no_differences() -> None:
    """
    Between a reference and itself.
    """
    assert [] == found({})
    assert [] == list(diff_references(references.built_in(), references.built_in(), references.service_names()))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"method": "put"}, [("changed", "verb", "POST", "PUT")], id="the verb"),
        pytest.param({"route": "/hi/<name>"}, [("changed", "route", "/hello/<name>", "/hi/<name>")], id="the route"),
        pytest.param(
            {"route": "/hello/<who>", "args": ["who"]},
            [("changed", "route", "/hello/<name>", "/hello/<who>"), ("changed", "arguments", ["name"], ["who"])],
            id="an argument",
        ),
        pytest.param(
            {"query": ["soft"]}, [("removed", "query", "loud", None), ("added", "query", None, "soft")], id="the query"
        ),
        pytest.param({"stability": "stable"}, [("changed", "stability", "experimental", "stable")], id="the stability"),
        pytest.param(
            {"scopes": None}, [("changed", "scopes", API["entries"][0]["scopes"], None)], id="scopes that are gone"
        ),
        pytest.param(
            {"input": None},
            [("changed", "takes payload", True, False), ("changed", "payload", "hello.json", None)],
            id="no payload any more",
        ),
        pytest.param({"output": "blob"}, [("changed", "answer", "answer.json", None)], id="no schema of the answer"),
        pytest.param({"title": "Hi", "description": "Hi."}, [], id="words only"),
    ],
)
def test_differences_of_a_method(changes: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    """
    In everything but prose.
    """
    assert [("method", "hello", *each) for each in expected] == found(
        {"references/greet/v1/api.json": with_method(**changes)}
    )


def test_added_and_removed_methods() -> None:
    """
    By name.
    """
    assert [
        ("method", "hello", "removed", "", "POST /hello/<name>", None),
        ("method", "wave", "added", "", None, "POST /hello/<name>"),
    ] == found({"references/greet/v1/api.json": with_method(name="wave")})


def test_differences_of_an_exchange() -> None:
    """
    In the name at the broker, and in the routing key.
    """
    entry = EXCHANGES["entries"][0]
    other = {**EXCHANGES, "entries": [{**entry, "exchange": "hi", "routingKey": entry["routingKey"][:2]}]}
    prefix = EXCHANGES["exchangePrefix"]

    assert [
        ("exchange", "greeted", "changed", "exchange", f"{prefix}greeted", f"{prefix}hi"),
        ("exchange", "greeted", "changed", "routing key", ["primary", "who", "reserved#"], ["primary", "who"]),
    ] == found({"references/greet/v1/exchanges.json": other})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"required": ["words", "tone"]}, [("added", "#/required", None, "tone")], id="more is required"),
        pytest.param(
            {"additionalProperties": True}, [("changed", "#/additionalProperties", False, True)], id="a value"
        ),
        pytest.param(
            {"properties": {**HELLO["properties"], "to": {"type": "string"}}},
            [("added", "#/properties/to", None, {"type": "string"})],
            id="a property",
        ),
        pytest.param(
            {"properties": {**HELLO["properties"], "tone": {"enum": ["low", "middle", "high"]}}},
            [("added", "#/properties/tone/enum", None, "middle")],
            id="a choice, in another order",
        ),
        pytest.param({"title": "Hi", "description": "Hi."}, [], id="words only"),
    ],
)
def test_differences_of_a_schema(changes: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    """
    With a JSON pointer to the place.
    """
    assert [("schema", "hello.json", *each) for each in expected] == found(
        {"schemas/greet/v1/hello.json": {**HELLO, **changes}}
    )


def test_added_and_removed_services() -> None:
    """
    The methods of a new one are listed.
    """
    both = references.built_in().override(library(rollup()).services.values())

    assert [Difference("greet", "service", "greet", "removed", before="v1")] == list(
        diff_references(both, references.built_in(), ["greet"])
    )
    assert [("service", "greet"), ("method", "hello"), ("method", "listGreeted"), ("exchange", "greeted")] == [
        (each.kind, each.name) for each in diff_references(references.built_in(), both, ["auth", "greet"])
    ]


def test_missing_schemas_are_not_removed_ones() -> None:
    """
    A single document has no schemas.
    """
    alone = {name: content for name, content in CONTENTS.items() if name.startswith("references/greet/")}

    assert [] == list(diff_references(library(rollup()), library(rollup(alone)), ["greet"]))
