"""
Descriptions of the fields of a JSON schema, by path: ``metadata.name``, ``routes[]``, ``tags.*`` for any name.

The path of the document itself is empty. The forms that a document may have share their paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in {"allOf", "oneOf", "anyOf"} and isinstance(value, list):
            for form in value:
                yield from _list_fields(form, path)
        for inner_path, field in _list_inner(keyword, value, path):
            if isinstance(field, dict):
                yield inner_path, field
                yield from _list_fields(field, inner_path)


def _list_inner(keyword: str, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    start = f"{path}." if path else ""
    match keyword, value:
        case "properties", dict():
            yield from ((f"{start}{name}", field) for name, field in value.items())
        case "patternProperties", dict():
            yield from ((f"{start}*", field) for field in value.values())
        case "additionalProperties", dict():
            yield f"{start}*", value
        case "items", dict():
            yield f"{path}[]", value
