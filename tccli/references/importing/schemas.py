"""
The JSON schemas that somebody else wrote: of the form that all readers here count on, or not taken.

Source: JSON Schema draft 6, its meta-schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tccli.references.importing.errors import InvalidReferenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Pointer: TypeAlias = tuple[str, ...]
Node: TypeAlias = tuple[str, Pointer]

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
ONE = frozenset({"additionalItems", "additionalProperties", "contains", "not", "propertyNames"})
SEVERAL = frozenset({"allOf", "anyOf", "oneOf"})
NAMED = frozenset({"definitions", "dependencies", "patternProperties", "properties"})
# Not of the form of JSON, but of the names of files: what leads out of the folder is no name.
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.json"
LONGEST_PATH = 100
"""Steps from one reference to the next: those of the services take three."""
MOST_BESIDE = 500
"""Schemas that count for one value: choices of choices of choices are soon more than anybody can look through."""
REFERENCE = re.compile(rf"(?:(?:\./)?({FILE_NAME}))?#?((?:/[^#]*)?)")


def select_resolvable(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the schemas that refer only to each other; one that refers elsewhere is left out, for nothing is fetched.

    Args:
        schemas: By file name; prose and identifiers have been taken out.

    Raises:
        InvalidReferenceError: One is no schema.
    """
    parts: dict[str, dict[Pointer, Any]] = {}
    for name, schema in schemas.items():
        if not isinstance(schema, dict):
            raise InvalidReferenceError(f"{name}: is not an object")
        try:
            parts[name] = dict(_parts(schema, ()))
        except InvalidReferenceError as error:
            raise InvalidReferenceError(f"{name}: {error}") from None
    left = dict(schemas)
    while lost := [name for name in left if not _holds_together(name, parts, left)]:
        for name in lost:
            del left[name]
    return left


def _holds_together(file: str, parts: Mapping[str, Mapping[Pointer, Any]], left: Mapping[str, Any]) -> bool:
    """
    Say whether all references in a file end at a schema, none comes round to where it began for the same value, and
    there are not too many that count for it.
    """
    # How many schemas count for the same value; 0 for one whose references are being followed.
    sizes: dict[Node, int] = {}
    for start in parts[file]:
        path: list[tuple[Node, Iterator[Node | None]]] = [((file, start), _beside((file, start), parts, left))]
        while path:
            node, following = path[-1]
            sizes.setdefault(node, 0)
            step = next((each for each in following if each is None or not sizes.get(each)), node)
            if step is node:
                sizes[node] = 1 + sum(sizes[each] for each in _beside(node, parts, left) if each)
                path.pop()
            elif step is None or step in sizes or len(path) > LONGEST_PATH:
                return False
            else:
                path.append((step, _beside(step, parts, left)))
    return max(sizes.values()) <= MOST_BESIDE


def _beside(node: Node, parts: Mapping[str, Mapping[Pointer, Any]], left: Mapping[str, Any]) -> Iterator[Node | None]:
    """
    Yield the schemas that count for the same value as the one at *node*; None for one that is not there.
    """
    file, where = node
    schema = parts[file][where]
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        found = REFERENCE.fullmatch(schema["$ref"])
        target = (found[1] or file, _pointer(found[2])) if found else None
        yield target if target and target[0] in left and target[1] in parts[target[0]] else None
    for keyword in schema.keys() & {*SEVERAL, "dependencies", "not"}:
        for steps, _ in _children(keyword, schema[keyword]):
            yield file, (*where, keyword, *steps)


def _pointer(written: str) -> Pointer:
    from urllib.parse import unquote

    return tuple(step.replace("~1", "/").replace("~0", "~") for step in unquote(written).split("/")[1:])


def _parts(schema: Any, where: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """
    Yield a schema and all schemas in it, each with its place, as they are checked.
    """
    yield where, schema
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise InvalidReferenceError(f"{_place(where)} is not a schema")
    for keyword, value in schema.items():
        if keyword in _FORMS and not _FORMS[keyword](value):
            raise InvalidReferenceError(f"{_place((*where, keyword))} is not what a schema has there")
        for steps, child in _children(keyword, value):
            yield from _parts(child, (*where, keyword, *steps))


def _children(keyword: str, value: Any) -> Iterable[tuple[Pointer, Any]]:
    if keyword in ONE or (keyword == "items" and not isinstance(value, list)):
        return [((), value)]
    if keyword in SEVERAL or keyword == "items":
        return [((str(place),), one) for place, one in enumerate(value)]
    if keyword in NAMED:
        return [((name,), one) for name, one in value.items() if keyword != "dependencies" or not _are_strings(one)]
    return ()


def _place(where: Pointer) -> str:
    return ascii("#" + "".join(f"/{step}" for step in where))[1:-1]


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else _are_strings(value) and bool(value) and set(value) <= TYPES


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("$ref", "format", "pattern"), _is_string),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"), _is_number),
    **dict.fromkeys(
        (f"{most}{what}" for most in ("min", "max") for what in ("Length", "Items", "Properties")), _is_count
    ),
    **dict.fromkeys(NAMED, lambda value: isinstance(value, dict)),
    **dict.fromkeys(SEVERAL, lambda value: isinstance(value, list) and bool(value)),
    "patternProperties": lambda value: isinstance(value, dict) and all(map(_compiles, value)),
    "enum": lambda value: isinstance(value, list) and bool(value),
    "items": lambda value: value != [],
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "required": _are_strings,
    "type": _is_type,
    "uniqueItems": lambda value: isinstance(value, bool),
}
