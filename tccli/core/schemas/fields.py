"""
What a JSON schema of the references allows, as a table: a row for each field that a document may have.

Source: JSON Schema draft 6. References among schemas are relative to the document that they stand in.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SLUGID = "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$"
MAX_DEPTH = 8
MAX_ROWS = 1000
"""Rows: nobody reads more, and a schema that somebody else wrote may have as many as it likes."""
MAX_TYPE_DEPTH = 2
FORMAT_NAMES = {"date-time": "timestamp", "uri": "URL", "email": "e-mail address"}


class Field(NamedTuple):
    """
    A field of a document.

    Attributes:
        path: ``metadata.name``, ``routes[]``, ``tags.*`` where any name will do; for a form, where it stands.
        kind: ``string``, ``array of string``, ``timestamp``; for a form, what tells it from the others.
        required: Whether it must be there, if what holds it is there.
        limits: ``at most 255 characters; matches ^…$``, or empty.
        form: ``1 of 5`` where the rows that follow are one of several forms that the document may have, else empty.
    """

    path: str
    kind: str
    required: bool = False
    limits: str = ""
    form: str = ""


class _Place(NamedTuple):
    """
    A schema, and the name of the document that its references are relative to.
    """

    schema: Any
    document: str


def list_fields(documents: Mapping[str, Any], name: str) -> list[Field]:
    """
    Return the fields of the documents that a schema allows, those at the top first.

    Args:
        documents: Schemas by name.
        name: Which of them.
    """
    place = _resolved(documents, _Place({"$ref": name}, name))
    found = list(islice(_inside(documents, place, "", 0), MAX_ROWS))
    if not found:
        return [Field("", _kind(documents, place), required=True, limits=_limits(place.schema))]
    return found


def _inside(documents: Mapping[str, Any], place: _Place, path: str, depth: int) -> Iterator[Field]:
    """
    Yield the rows of what is inside of a value.
    """
    schema = place.schema
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    required = _list(schema.get("required"))
    for name, inner in _object(schema.get("properties")).items():
        where = f"{path}.{name}" if path else name
        yield from _row(documents, _Place(inner, place.document), where, name in required, depth)
    for inner in [*_object(schema.get("patternProperties")).values(), schema.get("additionalProperties")]:
        if isinstance(inner, dict) and inner:
            yield from _row(documents, _Place(inner, place.document), f"{path}.*" if path else "*", False, depth)
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _inside(documents, _resolved(documents, _Place(items, place.document)), f"{path}[]", depth + 1)
    for inner in _list(schema.get("allOf")):
        yield from _inside(documents, _resolved(documents, _Place(inner, place.document)), path, depth)
    yield from _forms(documents, place, path, depth)


def _row(documents: Mapping[str, Any], place: _Place, path: str, required: bool, depth: int) -> Iterator[Field]:  # noqa: FBT001 - a row's facts
    place = _resolved(documents, place)
    yield Field(path, _kind(documents, place), required, _limits(place.schema))
    yield from _inside(documents, place, path, depth + 1)


def _forms(documents: Mapping[str, Any], place: _Place, path: str, depth: int) -> Iterator[Field]:
    branches = [_resolved(documents, _Place(inner, place.document)) for inner in _alternatives(place.schema)]
    for number, branch in enumerate(branches, 1):
        rows = _inside(documents, branch, path, depth)
        first = next(rows, None)
        if first is not None:
            yield Field(path, _distinction(branch.schema), form=f"{number} of {len(branches)}")
            yield first
            yield from rows


def _alternatives(schema: Mapping[str, Any]) -> list[Any]:
    return [*_list(schema.get("oneOf")), *_list(schema.get("anyOf"))]


def _distinction(schema: Any) -> str:
    """
    Say what tells a form from the others: its constants, or else what it must have.
    """
    schema = _object(schema)
    constants = [
        f"{name} is {values[0]}"
        for name, inner in _object(schema.get("properties")).items()
        if isinstance(inner, dict) and len(values := _values(inner)) == 1
    ]
    return " and ".join(constants) or ", ".join(f"with {name}" for name in _list(schema.get("required"))[:2])


def _kind(documents: Mapping[str, Any], place: _Place, depth: int = 0) -> str:
    schema = place.schema
    if not isinstance(schema, dict) or depth > MAX_TYPE_DEPTH:
        return "anything"
    values = _values(schema)
    if values:
        return values[0] if len(values) == 1 else "one of " + ", ".join(values)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return " or ".join(map(str, kinds))
    if kinds == "array":
        items = schema.get("items")
        inner = (
            _kind(documents, _resolved(documents, _Place(items, place.document)), depth + 1) if items else "anything"
        )
        return f"array of {inner}"
    if kinds == "string" and str(schema.get("format")) in FORMAT_NAMES:
        return FORMAT_NAMES[schema["format"]]
    if kinds == "string" and schema.get("pattern") == SLUGID:
        return "slugid"
    if kinds:
        return str(kinds)
    branches = [_resolved(documents, _Place(inner, place.document)) for inner in _alternatives(schema)]
    return " or ".join(dict.fromkeys(_kind(documents, branch, depth + 1) for branch in branches)) or "anything"


def _values(schema: Mapping[str, Any]) -> list[str]:
    """
    Return the only values that there are, as JSON where they are no text.
    """
    values = _list(schema.get("enum", [schema["const"]] if "const" in schema else []))
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _limits(schema: Any) -> str:
    if not isinstance(schema, dict):
        return ""
    said = [
        _between(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _between(schema.get("minItems"), schema.get("maxItems"), " items"),
        _between(schema.get("minProperties"), schema.get("maxProperties"), " fields"),
        _between(schema.get("minimum"), schema.get("maximum"), ""),
        "no item twice" if schema.get("uniqueItems") else "",
        f"matches {schema['pattern']}" if "pattern" in schema and schema["pattern"] != SLUGID else "",
        f"default: {json.dumps(schema['default'], ensure_ascii=False)}" if "default" in schema else "",
    ]
    items = _limits(schema.get("items"))
    if items and schema.get("type") == "array":
        said.append(f"each {items}")
    return "; ".join(part for part in said if part)


def _between(least: Any, most: Any, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least}{unit}" if least == most else f"{least} to {most}{unit}"
    if most is not None:
        return f"at most {most}{unit}"
    if least == 1 and unit:
        return "not empty"
    return f"at least {least}{unit}" if least else ""


def _resolved(documents: Mapping[str, Any], place: _Place) -> _Place:
    """
    Follow references; one that leads nowhere or in a circle is a schema that says nothing.
    """
    for _ in range(MAX_DEPTH):
        if not isinstance(place.schema, dict) or "$ref" not in place.schema:
            return place
        name, _, pointer = str(place.schema["$ref"]).removeprefix("./").partition("#")
        document = name or place.document
        schema: Any = documents.get(document, {})
        for step in pointer.split("/")[1:]:
            schema = schema.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(schema, dict) else {}
        place = _Place(schema, document)
    return _Place({}, place.document)


def _object(value: Any) -> Mapping[str, Any]:
    """
    Return *value* if it is an object: what a deployment publishes as a schema may be anything.
    """
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
