"""
Descriptions of the fields of a JSON schema, by path: ``metadata.name``, ``routes[]``, ``tags.*`` for any name.

The path of the document itself is empty. The forms that a document may have share their paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.references.json_schema import APPLICATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def add_descriptions(schema: dict[str, Any], descriptions: Mapping[str, str]) -> None:
    """
    Add descriptions to a bundled schema, in place. Those that a deployment published stay.
    """
    if "" in descriptions:
        schema.setdefault("description", descriptions[""])
    for path, field in _list_fields(schema, ""):
        if path in descriptions:
            field.setdefault("description", descriptions[path])


def _list_fields(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(schema, dict) or APPLICATORS.isdisjoint(schema):
        return
    start = f"{path}." if path else ""
    inner = [(f"{start}{name}", field) for name, field in schema.get("properties", {}).items()]
    inner += [(f"{start}*", field) for field in schema.get("patternProperties", {}).values()]
    inner += [(f"{start}*", schema.get("additionalProperties")), (f"{path}[]", schema.get("items"))]
    for inner_path, field in inner:
        if isinstance(field, dict):
            yield inner_path, field
            yield from _list_fields(field, inner_path)
    for keyword in ("allOf", "oneOf", "anyOf"):
        for form in schema.get(keyword, ()):
            yield from _list_fields(form, path)
