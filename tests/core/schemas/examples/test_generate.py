"""
Documents that are made from schemas.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.schemas.dialect import is_valid
from tccli.core.schemas.examples.generate import NoExampleError, Randomness, generate_example

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
LUCK = Randomness(NOW, Random(1))
BOTH = pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"const": {"a": 1}}, id="a constant"),
        pytest.param({"enum": [None, 2]}, id="one of several"),
        pytest.param({"type": ["null", "string"], "minLength": 3}, id="several types"),
        pytest.param({"type": "string", "minLength": 300}, id="a long text"),
        pytest.param({"type": "string", "maxLength": 2}, id="a short text"),
        pytest.param({"type": "string", "pattern": "^a+b{2}$", "minLength": 9}, id="a long text of a kind"),
        pytest.param({"type": "string", "pattern": "b", "minLength": 9}, id="a long text with something in it"),
        pytest.param({"type": "string", "format": "uri", "pattern": "^https"}, id="a URL of a kind"),
        pytest.param({"type": "number", "exclusiveMinimum": 5, "maximum": 6}, id="a number between"),
        pytest.param({"type": "integer", "multipleOf": 7, "minimum": 50}, id="a multiple"),
        pytest.param({"type": "number", "maximum": -3.5}, id="a negative number"),
        pytest.param({"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True}, id="a set"),
        pytest.param({"items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True}, id="a set of all"),
        pytest.param({"items": {"pattern": "^[a-z]+$"}, "minItems": 2, "uniqueItems": True}, id="a set of a kind"),
        pytest.param({"items": {"type": "integer"}, "minItems": 4, "uniqueItems": True}, id="a set of numbers"),
        pytest.param({"items": [{"const": 1}, {"const": 2}], "minItems": 2}, id="a tuple"),
        pytest.param({"type": "object", "minProperties": 2, "additionalProperties": {"const": 1}}, id="any names"),
        pytest.param({"properties": {"a": {"const": 1}, "b": False}, "minProperties": 1}, id="one that can be"),
        pytest.param({"required": ["x"], "additionalProperties": {"type": "null"}}, id="required, without a schema"),
        pytest.param({"oneOf": [False, {"const": 4}]}, id="one of"),
        pytest.param({"anyOf": [{"const": 3}, {"const": 4}], "minimum": 4}, id="any of"),
        pytest.param({"allOf": [{"required": ["a"]}, {"properties": {"a": {"const": 1}}}]}, id="all of"),
        pytest.param(
            {
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                "properties": {"a": {"const": 1}, "b": {"const": 2}},
            },
            id="the one or the other",
        ),
        pytest.param(
            {
                "properties": {"next": {"$ref": "#/definitions/node"}},
                "definitions": {"node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}}}},
            },
            id="a circle",
        ),
    ],
)
@BOTH
def test_examples_are_valid(schema: dict[str, Any], full: bool) -> None:
    """
    For every kind of schema.
    """
    assert is_valid(schema, generate_example(schema, LUCK, full=full))


def schemas_of_numbers(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """
    Return satisfiable schemas of numbers.
    """
    return st.tuples(st.integers(-50, 50), st.integers(0, 50)).map(
        lambda pair: {"type": kind, "minimum": pair[0], "maximum": pair[0] + pair[1]}
    )


LEAVES = (
    st.sampled_from([{}, {"type": "boolean"}, {"type": "null"}, {"type": "string", "format": "date-time"}])
    | st.sampled_from(["^[a-z]{3}$", "^x", "[0-9]+", "^a|b$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    )
    | st.tuples(st.integers(0, 30), st.integers(0, 30)).map(
        lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)}
    )
    | schemas_of_numbers("integer")
    | schemas_of_numbers("number")
    | st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=3).map(lambda values: {"enum": values})
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(inner, st.integers(0, 3)).map(lambda pair: {"type": "array", "items": pair[0], "minItems": pair[1]})
        | st.tuples(st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), st.booleans()).map(
            lambda pair: {
                "type": "object",
                "properties": pair[0],
                "required": sorted(pair[0])[:2],
                "additionalProperties": pair[1],
            }
        )
        | st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
        | st.tuples(inner, st.just({"description": "d"})).map(lambda pair: {"allOf": list(pair)})
    ),
    max_leaves=8,
)


@given(schema=SCHEMAS, full=st.booleans(), seed=st.integers(0, 5))
def test_numbers_are_valid(schema: dict[str, Any], full: bool, seed: int) -> None:
    """
    For any satisfiable schema.
    """
    assert is_valid(schema, generate_example(schema, Randomness(NOW, Random(seed)), full=full))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "string", "minLength": 10**9}, id="too long"),
        pytest.param({"type": "string", "pattern": "(?=x)", "maxLength": 0}, id="not understood"),
        pytest.param({"type": "object", "required": ["a"], "additionalProperties": False}, id="contradicts itself"),
        pytest.param({"enum": [1], "type": "string", "minLength": 1, "maxLength": 0}, id="nothing fits"),
        pytest.param({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}}, id="a circle"),
        pytest.param(
            {
                "$ref": "#/definitions/a",
                "definitions": {"a": {"required": ["x"], "properties": {"x": {"$ref": "#/definitions/a"}}}},
            },
            id="no end",
        ),
    ],
)
def test_impossible_schemas_are_errors(schema: dict[str, Any]) -> None:
    """
    Within a short time.
    """
    with pytest.raises(NoExampleError):
        generate_example(schema, LUCK)


def test_suggested_values_are_used() -> None:
    """
    Invalid ones are skipped.
    """
    schema = {"required": ["a", "b", "c"], "properties": {"b": {"type": "number"}, "c": {"format": "date-time"}}}
    known: dict[tuple[str, ...], list[str]] = {("a",): ["known"], ("b",): ["no number"], ("c",): ["no time", "1 hour"]}
    made = generate_example(schema, LUCK, suggest=lambda path: known.get(path, ()))

    assert {"a": "known", "b": 0, "c": "2030-01-31T13:00:00.000Z"} == made
