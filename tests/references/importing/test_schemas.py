"""
Schemas that somebody else wrote are of the form that all readers count on.
"""

from __future__ import annotations

from typing import Any

import pytest

from tccli import references
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.schemas import select_resolvable


@pytest.mark.parametrize("service", references.service_names())
def test_built_in_schemas_are_accepted(service: str) -> None:
    """
    All of them.
    """
    schemas = dict(references.service(service).schemas)

    assert schemas == select_resolvable(schemas)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param([], id="a list"),
        pytest.param({"type": "thing"}, id="a type that there is not"),
        pytest.param({"type": []}, id="no type"),
        pytest.param({"type": ["string", 1]}, id="a number among types"),
        pytest.param({"properties": []}, id="properties that are a list"),
        pytest.param({"properties": {"a": 1}}, id="a property that is a number"),
        pytest.param({"items": 1}, id="items that are a number"),
        pytest.param({"items": [1]}, id="items that are numbers"),
        pytest.param({"oneOf": []}, id="one of nothing"),
        pytest.param({"anyOf": {}}, id="any of an object"),
        pytest.param({"enum": "a"}, id="a choice that is text"),
        pytest.param({"required": "a"}, id="required text"),
        pytest.param({"required": [1]}, id="a required number"),
        pytest.param({"minLength": -1}, id="less than no length"),
        pytest.param({"maxItems": True}, id="a number that is true"),
        pytest.param({"minimum": "1"}, id="a number that is text"),
        pytest.param({"exclusiveMinimum": True}, id="an older draft's"),
        pytest.param({"multipleOf": 0}, id="a multiple of nothing"),
        pytest.param({"pattern": 1}, id="a pattern that is a number"),
        pytest.param({"dependencies": {"a": 1}}, id="a dependency on a number"),
        pytest.param({"uniqueItems": "yes"}, id="unique in words"),
        pytest.param({"$ref": 1}, id="a reference that is a number"),
        pytest.param({"definitions": {"a": {"not": {"allOf": [{"type": 1}]}}}}, id="deep inside"),
    ],
)
def test_invalid_schemas_are_rejected(schema: Any) -> None:
    """
    The message names the schema.
    """
    with pytest.raises(InvalidReferenceError, match=r"^x\.json: "):
        select_resolvable({"x.json": schema})


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"properties": {"$ref": {"type": "string"}, "items": {}}}, id="properties named like keywords"),
        pytest.param({"enum": [{"$ref": "http://x/"}], "default": {"type": 1}}, id="values that look like schemas"),
        pytest.param({"items": [True, {"$ref": "#/items/0"}], "additionalItems": False}, id="a list of items"),
        pytest.param({"properties": {"child": {"$ref": "#"}}}, id="a tree"),
        pytest.param({"definitions": {"a/b~c": {}}, "not": {"$ref": "#/definitions/a~1b~0c"}}, id="an escaped place"),
        pytest.param(
            {"definitions": {"a b": {}}, "not": {"$ref": "./x.json#/definitions/a%20b"}}, id="an encoded place"
        ),
        pytest.param({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, id="dependencies"),
        pytest.param({"pattern": r"^\p{L}[^]$"}, id="a pattern that only JavaScript has"),
    ],
)
def test_unusual_schemas_are_accepted(schema: Any) -> None:
    """
    Keywords are keywords only in a schema.
    """
    assert {"x.json": schema} == select_resolvable({"x.json": schema})
