"""
The fields of a schema.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas.fields import Field, list_fields

KEYWORDS = [
    *("$ref", "type", "properties", "items", "oneOf", "allOf", "required", "enum", "const", "format", "pattern"),
    *("additionalProperties", "patternProperties", "minLength", "maxItems", "default"),
]


def table(schema: Any, **documents: Any) -> list[tuple[str, ...]]:
    """
    Return the rows of a schema, without empty cells.
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
        pytest.param({"type": "integer", "minimum": 0}, ("a", "integer"), id="a minimum of 0 is left out"),
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
def test_the_type_and_limits_of_a_field(schema: Any, row: tuple[str, ...]) -> None:
    """
    In words for people who write JSON.
    """
    other = {"type": "boolean", "definitions": {"x": {"type": "number"}}}

    assert [row] == table({"type": "object", "properties": {"a": schema}}, other=other)


def test_fields_in_objects_and_arrays() -> None:
    """
    They have paths; a star stands for any name.
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


def test_forms_are_distinguished() -> None:
    """
    By their constants, or else by their required fields.
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


@pytest.mark.parametrize("service", references.service_names())
def test_every_property_is_listed(service: str) -> None:
    """
    For every schema, and each with its type.
    """
    wrong = []
    schemas = references.service(service).schemas
    for name, schema in schemas.items():
        rows = list_fields(schemas, name)
        if not all(row.kind or row.form for row in rows) or not set(schema.get("properties", {})) <= {
            row.path.rpartition(".")[2] for row in rows
        }:
            wrong.append(name)

    assert wrong == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYWORDS), inner),
        max_leaves=9,
    )
)
def test_a_malformed_schema_raises_nothing(body: Any) -> None:
    """
    A deployment may publish anything.
    """
    for schema in ({"properties": body}, {"properties": {"a": body}}, body):
        assert all(isinstance(row, Field) for row in list_fields({"it": schema}, "it"))


def test_descriptions() -> None:
    """
    By path, also next to a reference and within forms; those of the schema itself take precedence.
    """
    schema = {
        "properties": {
            "a": {"description": "Its\n own."},
            "b": {"$ref": "#/definitions/b"},
            "c": {"oneOf": [{"properties": {"x": {}}}, {"properties": {"x": {}, "y": {}}}]},
            "d": {"items": {"additionalProperties": {"type": "string"}}},
            "e": {"properties": {"properties": {}}},
        },
        "definitions": {"b": {"type": "string"}},
    }
    known = {path: f"{path}." for path in ("a", "b", "c.x", "d[].*", "e.properties", "f")}
    rows = list_fields({"it": schema}, "it", known)

    assert {"a": "Its own.", "b": "b.", "c.x": "c.x.", "d[].*": "d[].*.", "e.properties": "e.properties."} == {
        row.path: row.description for row in rows if row.description
    }
    assert "Anything." == list_fields({"it": {}}, "it", {"": "Anything."})[0].description


def test_fields_that_a_schema_leaves_open() -> None:
    """
    Documented paths below an object that may have any content, with their facts, next to it.
    """
    schema = {"properties": {"a": {"type": "object"}, "b": {"type": "string"}}}
    rows = list_fields(
        {"it": schema}, "it", {"a": "A.", "a.x": "integer; required\nX.", "b.y": "string\nY.", "c": "C."}
    )

    assert [("a", "object", "A."), ("a.x", "integer; required", "X."), ("b", "string", "")] == [
        (row.path, row.kind, row.description) for row in rows
    ]
