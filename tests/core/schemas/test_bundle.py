"""
Schemas that refer to each other, put into one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator

from tccli import references
from tccli.core.schemas.bundle import DRAFT, bundle
from tccli.core.schemas.dialect import is_valid
from tccli.core.schemas.validate import find_problems
from tccli.errors import ConfigurationError

FILES = references.built_in().services.values()
SCHEMAS = [(source, name) for source in FILES for name in source.schemas]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("service", references.service_names())
def test_a_bundled_schema_refers_only_to_itself(service: str) -> None:
    """
    It is a JSON schema of draft 6.
    """
    wrong = []
    reference = references.service(service)
    for name in reference.schemas:
        whole = bundle(reference.schemas, name)
        Draft6Validator.check_schema(whole)
        if whole["$schema"] != DRAFT or ("$ref" in json.dumps(whole)) != ("definitions" in whole):
            wrong.append(name)

    assert wrong == []


@given(schema=st.sampled_from(SCHEMAS), document=JSON)
def test_a_bundled_schema_accepts_the_same_documents(
    schema: tuple[references.ServiceReference, str], document: Any
) -> None:
    """
    A bundled schema accepts the same documents as the schemas that it was made from.
    """
    source, name = schema

    assert is_valid(bundle(source.schemas, name), document) == (not find_problems(source, name, document))


@pytest.mark.parametrize(
    ("schemas", "fitting", "other"),
    [
        pytest.param({"a": {"items": {"$ref": "#"}, "type": "array"}}, [[], [[]]], [1], id="holds itself"),
        pytest.param(
            {"a": {"properties": {"b": {"$ref": "b"}}}, "b": {"properties": {"a": {"$ref": "a"}}, "type": "object"}},
            {"b": {"a": {"b": {}}}},
            {"b": {"a": {"b": 1}}},
            id="hold each other",
        ),
        pytest.param(
            {"a": {"$ref": "d/b.json#/definitions/x"}, "d/b.json": {"definitions": {"x": False}}}, ..., 1, id="no"
        ),
        pytest.param(
            {"a": {"$ref": "d/b.json"}, "d/b.json": {"$ref": "c.json#"}, "d/c.json": {"type": "null"}},
            None,
            1,
            id="beside each other",
        ),
        pytest.param(
            {"a": {"properties": {"definitions": {"$ref": "#/definitions/~1~0"}}, "definitions": {"/~": {"const": 1}}}},
            {"definitions": 1},
            {"definitions": 2},
            id="a property with a keyword's name",
        ),
        pytest.param(
            {"a": {"enum": [{"$ref": "nowhere"}]}}, {"$ref": "nowhere"}, 1, id="a value with a keyword's name"
        ),
        pytest.param({"a": {"$ref": "b", "type": "null"}, "b": {"type": "number"}}, 1, None, id="what stands beside"),
    ],
)
def test_references_are_followed(schemas: dict[str, Any], fitting: Any, other: Any) -> None:
    """
    Relative to their schema; recursive ones remain references.
    """
    whole = bundle(schemas, "a")

    assert fitting is ... or is_valid(whole, fitting)
    assert not is_valid(whole, other)


def test_a_default_next_to_a_reference_is_kept() -> None:
    """
    It helps a reader.
    """
    whole = bundle({"a": {"properties": {"x": {"$ref": "b", "default": 5}}}, "b": {"type": "number"}}, "a")

    assert {"type": "number", "default": 5} == whole["properties"]["x"]


@pytest.mark.parametrize(
    ("schemas", "reason"),
    [
        pytest.param({"a": {"$ref": "b"}}, "refers to b, which does not exist", id="no schema"),
        pytest.param({"a": {"$ref": "#/x"}}, "refers to a#/x, which does not exist", id="no part"),
        pytest.param({"a": {"$ref": "#x"}}, "refers to a#x, which does not exist", id="no pointer"),
        pytest.param({"a": {"$ref": 5}}, "refers to 5", id="no text"),
        pytest.param({"a": {"$ref": "http://["}}, "refers to 'http://['", id="no address"),
        pytest.param({"b": {}}, "refers to a, which does not exist", id="not there itself"),
        pytest.param(
            {**{str(n): {"items": [{"$ref": str(n + 1)}] * 10} for n in range(9)}, "9": {}, "a": {"$ref": "0"}},
            "too large",
            id="grows and grows",
        ),
    ],
)
def test_invalid_references_are_errors(schemas: dict[str, Any], reason: str) -> None:
    """
    A fetched reference may contain any.
    """
    with pytest.raises(ConfigurationError, match=reason.replace("[", r"\[")):
        bundle(schemas, "a")


def test_deep_nesting_is_an_error() -> None:
    """
    Not a crash.
    """
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"items": deep}

    with pytest.raises(ConfigurationError, match="nested too deeply"):
        bundle({"a": deep}, "a")
