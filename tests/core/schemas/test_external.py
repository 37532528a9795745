"""
Schemas from anywhere.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.schemas.dialect import BrokenSchemaError
from tccli.core.schemas.external import ExternalSchema, find_problems
from tccli.errors import UsageError

HERE = "file:///folder/a.json"
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_6 = "http://json-schema.org/draft-06/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
FILES: dict[str, Any] = {
    "file:///folder/b.json": {"type": "string", "definitions": {"n": {"type": "number"}}},
    "file:///folder/old.json": {
        "$schema": DRAFT_4,
        "id": "https://example.com/x.json",
        "minimum": 3,
        "exclusiveMinimum": True,
    },
    "file:///folder/wrong.json": {"type": 5},
    "file:///folder/list.json": [],
    "file:///folder/away.json": {"$ref": "https://example.com/b.json"},
    "https://example.com/b.json": {"type": "string"},
}


def load(address: str) -> Any:
    """
    Return a document of the test, by its URL.
    """
    if address not in FILES:
        raise UsageError(f"cannot read {address}")
    return FILES[address]


def describe(schema: Any, document: Any, address: str = HERE) -> list[str]:
    """
    Return the problems of a document as text.
    """
    return [str(problem) for problem in find_problems(ExternalSchema(address, schema), document, load, root="document")]


@pytest.mark.parametrize(
    ("schema", "document", "expected"),
    [
        pytest.param({"type": "string"}, 5, ["document: expected string, found number 5"], id="a type"),
        pytest.param(True, 5, [], id="anything"),
        pytest.param(False, 5, ["document: expected nothing there, found 5"], id="nothing"),
        pytest.param(
            {"if": {"type": "number"}, "then": False}, 5, ["document: expected nothing there, found 5"], id="7"
        ),
        pytest.param({"$schema": DRAFT_6, "if": {"type": "number"}, "then": False}, 5, [], id="no if in 6"),
        pytest.param(
            {"$schema": DRAFT_4, "minimum": 5, "exclusiveMinimum": True},
            5,
            ["document: expected at least 5, found 5"],
            id="4",
        ),
        pytest.param(
            {"$schema": DRAFT_7, "exclusiveMinimum": 5}, 5, ["document: expected more than 5, found 5"], id="more in 7"
        ),
        pytest.param(
            {"$schema": DRAFT_2019, "dependentRequired": {"a": ["b"]}},
            {"a": 1},
            ["document: expected other fields as well ('b' is a dependency of 'a'), found {\"a\": 1}"],
            id="2019-09",
        ),
        pytest.param(
            {"$schema": DRAFT_2020, "prefixItems": [{"type": "string"}]},
            [1],
            ["[0]: expected string, found number 1"],
            id="2020-12",
        ),
        pytest.param({"$schema": "/schemas/common/metaschema.json#", "if": True, "then": False}, 5, [], id="ours"),
        pytest.param(
            {"$schema": "/schemas/common/metadata-metaschema.json#", "metadata": {"name": "a", "version": 0}},
            5,
            [],
            id="6",
        ),
        pytest.param(
            {"$schema": "https://tc.example.com/schemas/common/metadata-metaschema.json#", "exclusiveMinimum": 5},
            5,
            ["document: expected more than 5, found 5"],
            id="ours, of a deployment",
        ),
        pytest.param(
            {"$schema": DRAFT_2020, "pattern": r"\d$"},
            "1\n",
            [r'document: expected a string that matches \d$, found "1\n"'],
            id="the very end",
        ),
        pytest.param({"format": "date"}, "tomorrow", ['document: expected a date, found "tomorrow"'], id="a format"),
        pytest.param({"format": "ipv6"}, "::1", [], id="an address"),
        pytest.param({"format": "ipv4"}, "::1", ['document: expected a ipv4, found "::1"'], id="another address"),
        pytest.param({"$ref": DRAFT_7}, {"type": []}, ["type: expected at least 1 items, found []"], id="a schema"),
    ],
)
def test_problems_by_draft(schema: Any, document: Any, expected: list[str]) -> None:
    """
    The draft is that of ``$schema``, or draft 7.
    """
    assert expected == describe(schema, document)


@pytest.mark.parametrize(
    ("schema", "address"),
    [
        pytest.param({"$ref": "b.json"}, HERE, id="a file beside it"),
        pytest.param({"$ref": "file:///folder/b.json#"}, HERE, id="a file"),
        pytest.param({"$ref": "b.json"}, "https://example.com/a.json", id="beside it on the web"),
        pytest.param({"$id": "https://example.org/a.json", "$ref": "b.json"}, HERE, id="beside a file with a name"),
        pytest.param(
            {
                "$id": "https://x.org/a.json",
                "allOf": [{"$ref": "https://x.org/a.json#/definitions/s"}],
                "definitions": {"s": {"type": "string"}},
            },
            HERE,
            id="itself by its name",
        ),
        pytest.param(
            {"allOf": [{"$ref": "#s"}], "definitions": {"s": {"$id": "#s", "type": "string"}}}, HERE, id="a name"
        ),
        pytest.param(
            {"definitions": {"s": {"type": "string"}}}, f"{HERE}#/definitions/s", id="a part that is asked for"
        ),
    ],
)
def test_references_are_followed(schema: Any, address: str) -> None:
    """
    Relative to the URL of the schema.
    """
    assert [] == describe(schema, "text", address)
    assert ["document: expected string, found number 5"] == describe(schema, 5, address)


def test_a_referenced_schema_may_have_another_draft() -> None:
    """
    It is checked against its own.
    """
    assert ["document: expected at least 3, found 3"] == describe({"$schema": DRAFT_2020, "$ref": "old.json"}, 3)


@pytest.mark.parametrize(
    ("schema", "address", "message"),
    [
        pytest.param([], HERE, "an object is expected", id="no schema"),
        pytest.param({"type": "strin"}, HERE, "is not a JSON schema: type", id="no type"),
        pytest.param({"pattern": "["}, HERE, "pattern: '\\[' is not a 'regex'", id="no pattern"),
        pytest.param({"patternProperties": {"(?<a": {}}}, HERE, "is not a 'regex'", id="no pattern of a name"),
        pytest.param({"$schema": "http://json-schema.org/draft-03/schema#"}, HERE, "unknown draft", id="draft 3"),
        pytest.param({"$schema": [1]}, HERE, "unknown draft", id="no draft"),
        pytest.param(
            {"$ref": "wrong.json"}, HERE, "refers to file:///folder/wrong.json, which is no", id="a part that is none"
        ),
        pytest.param({"$ref": "list.json"}, HERE, "refers to file:///folder/list.json, which is no", id="a list"),
        pytest.param({"$ref": "#/nowhere"}, HERE, "refers to #/nowhere, which does not exist", id="no such part"),
        pytest.param({"$ref": "#nowhere"}, HERE, "refers to #nowhere, which does not exist", id="no such name"),
        pytest.param({"$ref": "#"}, HERE, "itself in a circle", id="a circle"),
        pytest.param({"$ref": "http://["}, HERE, "is not a JSON schema", id="no address"),
        pytest.param(
            {"$ref": "#/x", "x": {"required": 5}}, HERE, "is not a JSON schema", id="a part that is not checked"
        ),
        pytest.param({"$ref": "#/x", "x": 5}, HERE, "is not a JSON schema", id="a number for a schema"),
        pytest.param(
            {"$ref": "#/x", "x": {"patternProperties": {"[": {}}}},
            HERE,
            "an invalid pattern",
            id="nor its pattern",
        ),
        pytest.param(
            {"$ref": "away.json"}, HERE, "comes from a file, and refers to https://example.com/b.json", id="away"
        ),
        pytest.param(
            {"$ref": "file:///folder/b.json"},
            "https://example.com/a.json",
            "comes from the network, and refers to file",
            id="in",
        ),
        pytest.param(
            {"$ref": "http://example.com/b.json"}, "https://example.com/a.json", "comes from the network", id="unsafe"
        ),
        pytest.param(
            {"$id": "file:///folder/", "$ref": "/folder/b.json"},
            "https://example.com/a.json",
            "cannot read https",
            id="under a false name",
        ),
        pytest.param(
            {"allOf": [{"$id": "file:///folder/x", "allOf": [{"$ref": "b.json"}]}]},
            "https://example.com/a.json",
            "comes from the network",
            id="under a false name inside",
        ),
    ],
)
def test_invalid_schemas_are_rejected(schema: Any, address: str, message: str) -> None:
    """
    The message names the schema.
    """
    with pytest.raises((BrokenSchemaError, UsageError), match=message):
        describe(schema, {"a": ["text"]}, address)


def test_errors_of_loading_are_raised() -> None:
    """
    Not an unresolvable reference.
    """
    with pytest.raises(UsageError, match=r"^cannot read file:///folder/none.json$"):
        describe({"$ref": "none.json"}, 5)


def test_a_document_may_be_nested_too_deeply() -> None:
    """
    For a recursive schema.
    """
    deep: Any = []
    for _ in range(2_000):
        deep = [deep]

    with pytest.raises(BrokenSchemaError, match="nested too deeply"):
        describe({"items": {"$ref": "#"}}, deep)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "$ref $id id type properties required items pattern patternProperties enum minimum multipleOf oneOf not if "
        "then dependencies additionalProperties definitions $recursiveRef $dynamicRef $anchor format",
    )
)
NONSENSE = st.recursive(
    JSON | st.sampled_from(["#", "#/definitions/a", "b.json", "string", "[", "http://[", "file:///folder/b.json"]),
    lambda inner: st.dictionaries(WORDS | st.just("a"), inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(
    schema=st.dictionaries(WORDS, NONSENSE, max_size=4),
    draft=st.sampled_from([DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020]),
    document=JSON,
)
def test_any_schema_is_used_or_rejected(schema: dict[str, Any], draft: str, document: Any) -> None:
    """
    With one kind of error.
    """
    try:
        describe({**schema, "$schema": draft}, document)
    except (BrokenSchemaError, UsageError) as error:
        assert str(error)
