"""
The fields that a JSON schema allows, as rows of a table.

Source: JSON Schema draft 6.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from tccli.core.schemas.bundle import bundle
from tccli.errors import ConfigurationError
from tccli.references.json_schema import APPLICATORS, resolve_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SLUGID = "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$"
MAX_DEPTH = 10
MAX_ROWS = 1000
"""Schemas of other deployments may have any number of fields."""
MAX_TYPE_DEPTH = 2
RANGES = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " fields"),
    ("minimum", "maximum", ""),
)
LIMITS = frozenset({*(name for names in RANGES for name in names[:2]), "uniqueItems", "pattern", "default", "items"})
FORMAT_NAMES = {"date-time": "timestamp", "uri": "URL", "email": "email address"}


class Field:
    """
    A field of a document.

    Args:
        path: ``metadata.name``, ``routes[]``, ``tags.*`` for any name; for a form, the path of what has the form.
        kind: ``string``, ``array of string``, ``timestamp``; for a form, what distinguishes it from the others.
        required: Whether it must be there if its parent is.
        limits: ``at most 255 characters; matches ^…$``, or empty.
        form: ``1 of 5`` if the following rows are one of several forms that the document may have, else empty.
        description: In one line, or empty.
    """

    # Not a named tuple: to define one takes a hundredth of a start.
    def __init__(
        self, path: str, kind: str, *, required: bool = False, limits: str = "", form: str = "", description: str = ""
    ) -> None:
        self.path = path
        self.kind = kind
        self.required = required
        self.limits = limits
        self.form = form
        self.description = description


def list_fields(schemas: Mapping[str, Any], name: str, descriptions: Mapping[str, str] | None = None) -> list[Field]:
    """
    Return the fields of the documents that the schema *name* allows, in its order; nothing if it cannot be used.

    Args:
        schemas: By name.
        descriptions: By path, for the fields that the schema itself does not describe. Those of paths below an object
            that may have any content become fields of their own.
    """
    try:
        schema = bundle(schemas, name)
    except ConfigurationError:
        return []
    if descriptions:
        from tccli.core.schemas.descriptions import add_descriptions

        add_descriptions(schema, descriptions)
    table = _Table(schema)
    found = list(islice(table.rows(schema, "", 0), MAX_ROWS))
    if descriptions:
        found = _add_free_fields(found, descriptions)
    return found or [
        Field("", table.kind(schema), required=True, limits=_limits(schema), description=_description(schema))
    ]


def _add_free_fields(rows: list[Field], descriptions: Mapping[str, str]) -> list[Field]:
    # Fields of an object whose content a schema leaves open. Their descriptions begin with a line of facts.
    known = {row.path for row in rows}
    free = [path for path in descriptions if "." in path and path not in known]
    added = []
    for row in rows:
        added.append(row)
        for path in free:
            if path.startswith(f"{row.path}.") and row.kind == "object":
                facts, _, description = descriptions[path].partition("\n")
                added.append(Field(path, facts, description=description))
    return added


class _Table:
    def __init__(self, root: Any) -> None:
        self._root = root

    def rows(self, schema: Any, path: str, depth: int) -> Iterator[Field]:
        """
        Yield the rows for what is in a value.
        """
        schema = self._resolve(schema)
        if not isinstance(schema, dict) or depth > MAX_DEPTH or APPLICATORS.isdisjoint(schema):
            return
        required = _list(schema.get("required"))
        for name, inner in _object(schema.get("properties")).items():
            yield from self._row(inner, f"{path}.{name}" if path else name, depth, required=name in required)
        for inner in [*_object(schema.get("patternProperties")).values(), schema.get("additionalProperties")]:
            if isinstance(inner, dict) and inner:
                yield from self._row(inner, f"{path}.*" if path else "*", depth, required=False)
        if isinstance(schema.get("items"), dict):
            yield from self.rows(schema["items"], f"{path}[]", depth + 1)
        for inner in _list(schema.get("allOf")):
            yield from self.rows(inner, path, depth + 1)
        yield from self._forms(schema, path, depth)

    def _row(self, schema: Any, path: str, depth: int, *, required: bool) -> Iterator[Field]:
        description = _description(schema)
        schema = self._resolve(schema)
        # The default of a required field is never used.
        shown = {**schema, "default": None} if required and isinstance(schema, dict) else schema
        yield Field(path, self.kind(schema), required=required, limits=_limits(shown), description=description)
        yield from self.rows(schema, path, depth + 1)

    def _forms(self, schema: Mapping[str, Any], path: str, depth: int) -> Iterator[Field]:
        branches = [self._resolve(branch) for branch in _alternatives(schema)]
        for number, branch in enumerate(branches, 1):
            rows = self.rows(branch, path, depth + 1)
            first = next(rows, None)
            if first is not None:
                if len(branches) > 1:
                    yield Field(path, _distinction(branch), form=f"{number} of {len(branches)}")
                yield first
                yield from rows

    def kind(self, schema: Any, depth: int = 0) -> str:
        schema = self._resolve(schema)
        if not isinstance(schema, dict) or depth > MAX_TYPE_DEPTH:
            return "anything"
        values = _values(schema)
        if values:
            return values[0] if len(values) == 1 else "one of " + ", ".join(values)
        match schema.get("type"):
            case list(kinds):
                return " or ".join(map(str, kinds))
            case "array":
                items = schema.get("items")
                return f"array of {self.kind(items, depth + 1) if items else 'anything'}"
            case "string" if str(schema.get("format")) in FORMAT_NAMES:
                return FORMAT_NAMES[schema["format"]]
            case "string" if schema.get("pattern") == SLUGID:
                return "slugid"
            case kind if kind:
                return str(kind)
        branches = dict.fromkeys(self.kind(branch, depth + 1) for branch in _alternatives(schema))
        return " or ".join(branches) or "anything"

    def _resolve(self, schema: Any) -> Any:
        # A reference that leads nowhere, or only to another one, allows anything.
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema
            try:
                schema = resolve_pointer(self._root, str(schema["$ref"]).removeprefix("#"))
            except LookupError:
                return {}
        return {}


def _description(schema: Any) -> str:
    found = schema.get("description") if isinstance(schema, dict) else None
    return " ".join(found.split()) if isinstance(found, str) else ""


def _alternatives(schema: Mapping[str, Any]) -> list[Any]:
    return [*_list(schema.get("oneOf")), *_list(schema.get("anyOf"))]


def _distinction(schema: Any) -> str:
    # What distinguishes a form from the others: its constants, or else its required fields.
    schema = _object(schema)
    constants = [
        f"{name} is {values[0]}"
        for name, inner in _object(schema.get("properties")).items()
        if isinstance(inner, dict) and len(values := _values(inner)) == 1
    ]
    return " and ".join(constants) or ", ".join(f"with {name}" for name in _list(schema.get("required"))[:2])


def _values(schema: Mapping[str, Any]) -> list[str]:
    values = _list(schema.get("enum", [schema["const"]] if "const" in schema else []))
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _limits(schema: Any) -> str:
    if not isinstance(schema, dict) or LIMITS.isdisjoint(schema):
        return ""
    limits = [
        limit
        for least, most, unit in RANGES
        if (least in schema or most in schema) and (limit := _between(schema.get(least), schema.get(most), unit))
    ]
    if schema.get("uniqueItems"):
        limits.append("no duplicate items")
    if "pattern" in schema and schema["pattern"] != SLUGID:
        limits.append(f"matches {schema['pattern']}")
    if schema.get("default") is not None:
        limits.append(f"default: {json.dumps(schema['default'], ensure_ascii=False)}")
    if schema.get("type") == "array" and (items := _limits(schema.get("items"))):
        limits.append(f"each {items}")
    return "; ".join(limits)


def _between(least: Any, most: Any, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least}{unit}" if least == most else f"{least} to {most}{unit}"
    if most is not None:
        return f"at most {most}{unit}"
    if least == 1 and unit:
        return "not empty"
    return f"at least {least}{unit}" if least else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
