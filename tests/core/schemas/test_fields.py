"""
A schema as a table: nothing that a document may have is missing from it.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas.fields import Field, list_fields

SCHEMAS = [(source, schema) for source in references.built_in().services.values() for schema in source.schemas]

KEYWORDS = [
    *("$ref", "type", "properties", "items", "oneOf", "allOf", "required", "enum", "const", "format", "pattern"),
    *("additionalProperties", "patternProperties", "minLength", "maxItems", "default"),
]


def table(schema: Any, **documents: Any) -> list[tuple[str, ...]]:
    """
    Return the rows of a schema, without what is empty at their ends.
    """
    rows = list_fields({"it": schema, **documents}, "it")
    return [
        tuple(part for part in (row.path, row.kind, "required" if row.required else "", row.limits, row.form) if part)
        for row in rows
    ]


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        pytest.param({"type": "string"}, ("a", "string"), id="a type"),
        pytest.param({"type": ["string", "null"]}, ("a", "string or null"), id="several types"),
        pytest.param({}, ("a", "anything"), id="no type"),
        pytest.param({"enum": ["x", "y"]}, ("a", "one of x, y"), id="a choice"),
        pytest.param({"const": 3}, ("a", "3"), id="a constant"),
        pytest.param({"type": "string", "format": "date-time"}, ("a", "timestamp"), id="a timestamp"),
        pytest.param({"type": "array", "items": {"type": "integer"}}, ("a", "array of integer"), id="an array"),
        pytest.param(
            {"type": "string", "minLength": 1, "maxLength": 9}, ("a", "string", "1 to 9 characters"), id="length"
        ),
        pytest.param({"type": "string", "minLength": 1}, ("a", "string", "not empty"), id="not empty"),
        pytest.param({"type": "integer", "minimum": 0, "maximum": 9}, ("a", "integer", "0 to 9"), id="bounds"),
        pytest.param({"type": "integer", "minimum": 0}, ("a", "integer"), id="no negative number says nothing"),
        pytest.param({"type": "string", "pattern": "^x"}, ("a", "string", "matches ^x"), id="a pattern"),
        pytest.param({"type": "integer", "default": 5}, ("a", "integer", "default: 5"), id="a default"),
        pytest.param(
            {"type": "array", "maxItems": 3, "uniqueItems": True, "items": {"type": "string", "maxLength": 2}},
            ("a", "array of string", "at most 3 items; no duplicate items; each at most 2 characters"),
            id="items with limits",
        ),
        pytest.param({"oneOf": [{"type": "string"}, {"type": "null"}]}, ("a", "string or null"), id="alternatives"),
        pytest.param({"$ref": "other#"}, ("a", "boolean"), id="another document"),
        pytest.param({"$ref": "other#/definitions/x"}, ("a", "number"), id="a part of another document"),
        pytest.param({"$ref": "#/properties/a"}, ("a", "anything"), id="a reference to itself"),
    ],
)
def test_says_what_a_field_takes(schema: Any, row: tuple[str, ...]) -> None:
    """
    In the words of people who write JSON, not of the schema.
    """
    other = {"type": "boolean", "definitions": {"x": {"type": "number"}}}

    assert [row] == table({"type": "object", "properties": {"a": schema}}, other=other)


def test_goes_into_objects_and_arrays() -> None:
    """
    A path says where; a star stands for any name.
    """
    leaf = {"type": "string"}
    inner = {"type": "object", "properties": {"b": leaf}, "required": ["b"], "additionalProperties": leaf}

    assert [
        ("a", "object"),
        ("a.b", "string", "required"),
        ("a.*", "string"),
        ("c", "array of object"),
        ("c[].b", "string", "required"),
        ("c[].*", "string"),
    ] == table({"properties": {"a": inner, "c": {"type": "array", "items": inner}}})


def test_tells_forms_apart() -> None:
    """
    By their constants, or else by what they must have.
    """
    one = {"type": "object", "properties": {"kind": {"enum": ["x"]}}, "required": ["kind"]}
    other = {"type": "object", "properties": {"b": {"type": "null"}}, "required": ["b"]}

    assert [
        ("kind is x", "1 of 2"),
        ("kind", "x", "required"),
        ("with b", "2 of 2"),
        ("b", "null", "required"),
    ] == table({"oneOf": [one, other]})


def test_a_schema_without_fields_is_one_row() -> None:
    """
    The document itself.
    """
    assert [("array of string", "required")] == table({"type": "array", "items": {"type": "string"}})


@pytest.mark.parametrize(("source", "schema"), SCHEMAS, ids=[schema for _, schema in SCHEMAS])
def test_every_schema_is_a_table(source: references.ServiceReference, schema: str) -> None:
    """
    Every property that is written in it, and a kind for every row.
    """
    rows = list_fields(source.schemas, schema)
    last = {row.path.rpartition(".")[2] for row in rows}

    assert all(row.kind or row.form for row in rows)
    assert set(source.schemas[schema].get("properties", {})) <= last


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYWORDS), inner),
        max_leaves=9,
    )
)
def test_a_schema_that_is_none_breaks_nothing(body: Any) -> None:
    """
    What a deployment publishes may be anything.
    """
    for schema in ({"properties": body}, {"properties": {"a": body}}, body):
        assert all(isinstance(row, Field) for row in list_fields({"it": schema}, "it"))
