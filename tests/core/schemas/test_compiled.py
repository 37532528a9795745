"""
Compiled schemas: they accept what jsonschema accepts.
"""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from jsonschema.exceptions import SchemaError

from tccli import references
from tccli.core.schemas import compiled
from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.compiled import decide
from tccli.core.schemas.dialect import BrokenSchemaError, make_validator
from tccli.core.schemas.examples.generate import NoExampleError, Randomness, generate_example
from tccli.core.schemas.problems import collect_problems
from tccli.references import ServiceReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
SERVICES = references.built_in().services
SCHEMAS = [(name, schema) for name, source in SERVICES.items() for schema in source.schemas]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-60, 60)
    | st.sampled_from([1.0, 0.0, 2.5, 1e308, float("inf"), 10**400])
    | st.text(max_size=5)
    | st.sampled_from(["2030-01-01T00:00:00Z", "a@b.de", "https://a.b/c", "::1", "1.2.3.4", "a\n", "é", "x" * 300])
)
NAMES = st.sampled_from("abcdx")
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
LIMITS = st.integers(0, 4)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """
    Return schemas of any keywords, also of malformed ones.
    """
    types = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
    patterns = st.sampled_from(["^[a-b]$", "a", "^.$", r"^\w*$", "("])
    optional = {
        "type": types | st.lists(types, min_size=1, max_size=2),
        "enum": st.lists(JSON, max_size=3),
        "const": JSON,
        "pattern": patterns,
        "format": st.sampled_from(["date-time", "email", "uri", "ipv6", "regex", "other"]),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.integers(-9, 9) | JSON),
        **dict.fromkeys(
            ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), LIMITS | JSON
        ),
        "required": st.lists(NAMES, max_size=2),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "patternProperties": st.dictionaries(patterns, inner, max_size=2),
        "additionalProperties": inner | st.booleans(),
        "propertyNames": inner,
        "items": inner | st.lists(inner, max_size=2) | JSON,
        "uniqueItems": st.booleans(),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), st.lists(inner, max_size=3)),
        "not": inner,
        "$ref": st.sampled_from(["#", "other.json", "other.json#/properties/a", "#/nothing", "none.json", "?", ":["]),
        "multipleOf": st.integers(1, 3),
        "contains": inner,
        "title": st.text(max_size=2),
    }
    names = st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: optional[name] for name in chosen}))


BODIES = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=6)


def make_reference(**schemas: Any) -> ServiceReference:
    """
    Return the reference of a service that has only schemas.
    """
    records = [{"schema": f"{name}.json", "body": body} for name, body in schemas.items()]
    return ServiceReference("s", "\n".join(json.dumps(each, separators=(",", ":")) for each in records).encode())


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """
    Yield each array or object in a document with each of its keys.
    """
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict | list):
            yield from ((node, key) for key in (node if isinstance(node, dict) else range(len(node))))
            pending += node.values() if isinstance(node, dict) else node


def change(document: Any, draw: Any) -> Any:
    """
    Return a document with something replaced, removed, added or repeated.
    """
    whole = [deepcopy(document)]
    for _ in range(draw(st.integers(0, 2))):
        node, key = draw(st.sampled_from(list(places(whole))))
        kind = draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "replace" or node is whole:
            node[key] = draw(JSON)
        elif kind == "remove":
            del node[key]
        elif isinstance(node, list):
            node.append(deepcopy(draw(st.sampled_from(node))) if draw(st.booleans()) else draw(JSON))
        else:
            node[draw(NAMES)] = draw(JSON)
    return whole[0]


def is_schema(schema: Any) -> bool:
    """
    Return whether a schema is well-formed.
    """
    try:
        Draft6Validator.check_schema(schema)
    except SchemaError:
        return False
    return True


def is_valid_for_jsonschema(reference: ServiceReference, schema: str, document: Any) -> bool | None:
    """
    Return its verdict, or None if the schema cannot be used.
    """
    try:
        return not collect_problems(make_validator(reference, schema), document, root="")
    except BrokenSchemaError:
        return None


@given(st.sampled_from(SCHEMAS), st.data())
def test_documents_of_services_are_decided_as_by_jsonschema(where: tuple[str, str], data: st.DataObject) -> None:
    """
    All of them, so that nobody waits for jsonschema: examples, and what is nearly one.
    """
    service, schema = where
    source = SERVICES[service]
    randomness = Randomness(NOW, Random(data.draw(st.integers(0, 9))))
    try:
        whole = bundle(source.schemas, schema)
        document = change(generate_example(whole, randomness, full=data.draw(st.booleans())), data.draw)
    except NoExampleError:
        document = data.draw(JSON)

    verdict, wanted = decide(source, schema, document), is_valid_for_jsonschema(source, schema, document)

    # Items that are neither all strings nor all objects are compared by jsonschema; no valid document has them.
    assert verdict == wanted or (verdict is None and not wanted)


def test_examples_of_all_schemas_are_accepted() -> None:
    """
    Without jsonschema: this is the case that must be fast.
    """
    refused = []
    for service, schema in SCHEMAS:
        for full in (False, True):
            try:
                document = generate_example(
                    bundle(SERVICES[service].schemas, schema), Randomness(NOW, Random(1)), full=full
                )
            except NoExampleError:
                continue
            if not decide(SERVICES[service], schema, document):
                refused.append((service, schema, document))

    assert refused == []


@given(BODIES, BODIES, JSON)
@example({"anyOf": [{"$ref": "none.json"}, True]}, True, 1)
@example({"uniqueItems": True}, True, [1, True])
@example({"uniqueItems": True}, True, [[1], [True], [1]])
@example({"uniqueItems": True}, True, [{"a": 1}, {"a": True}, {"a": 1.0}])
@example({"enum": [1]}, True, True)
@example({"const": [0]}, True, [False])
@example({"$ref": "#"}, True, 1)
@example({"$id": "http://a/", "properties": {"a": {"$ref": "other.json"}}}, False, {"a": 1})
@example({"properties": {"a": {"$id": "other.json", "not": {"$ref": "#"}}}}, True, {"a": 1})
@example({"items": {"$ref": "other.json#/properties/a"}}, {"properties": {"a": {"type": "null"}}}, [None])
@example({"additionalProperties": False, "patternProperties": {"a": True, "": True}}, True, {"b": 1})
@example({"required": "ab"}, True, {"a": 1, "b": 1})
@example({"maxLength": "x"}, True, "a")
@example({"anyOf": [False]}, True, 1)
@example({"oneOf": [False, {"type": "object", "required": ["a"]}]}, True, {})
@example({"type": "integer"}, True, float("inf"))
def test_any_schema_is_decided_as_by_jsonschema(schema: Any, other: Any, document: Any) -> None:
    """
    Or not at all.
    """
    source = make_reference(schema=schema, other=other)
    verdict, wanted = decide(source, "schema.json", document), is_valid_for_jsonschema(source, "schema.json", document)

    if wanted is not None:
        assert verdict in {wanted, None}
    elif is_schema(schema) and is_schema(other):
        # jsonschema is asked about what is not valid. It also rejects what is malformed where the document does not
        # lead, which importing a reference does, too.
        assert not verdict


def test_every_keyword_is_compiled_or_left_to_jsonschema() -> None:
    """
    Those that are in neither list have no effect.
    """
    assert set(compiled._KEYWORDS) | compiled.UNSUPPORTED == {*Draft6Validator.VALIDATORS, "$id"} - {"$ref"}


def test_a_schema_that_takes_long_is_left_to_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It has a limit too, and a message.
    """
    monkeypatch.setattr(compiled, "MAX_SECONDS", 0.1)
    source = make_reference(schema={"pattern": "^(a+)+$"})

    assert decide(source, "schema.json", "a" * 60 + "!") is None
