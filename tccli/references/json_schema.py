"""
The structure of a JSON schema: which keywords have subschemas, and where a reference leads.

Source: JSON Schema draft 6; RFC 6901 for JSON pointers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# The value is an object whose keys are names of the document, not keywords.
NAMES = frozenset({"properties", "patternProperties", "definitions", "dependencies"})
# The value is not a schema and has none in it, whatever it looks like.
VALUES = frozenset({"const", "enum", "default", "required", "examples"})
# Of these, help shows what is in a document; a schema without them has no fields.
APPLICATORS = frozenset(
    {"properties", "patternProperties", "additionalProperties", "items", "allOf", "oneOf", "anyOf", "$ref"}
)


def subschemas(schema: Any) -> Iterator[Any]:
    """
    Yield the direct subschemas of a schema, or of a list of schemas; nothing that can have no subschemas itself.
    """
    if isinstance(schema, list):
        yield from (each for each in schema if isinstance(each, (dict, list)))
    elif isinstance(schema, dict):
        for keyword, value in schema.items():
            if not isinstance(value, (dict, list)) or keyword in VALUES:
                continue
            if keyword in NAMES and isinstance(value, dict):
                yield from (each for each in value.values() if isinstance(each, (dict, list)))
            else:
                yield value


def find_references(schema: Any) -> Iterator[Any]:
    """
    Yield the values of all ``$ref`` in a schema. Keywords next to a ``$ref`` do not count in draft 6.
    """
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict) and "$ref" in node:
            yield node["$ref"]
        else:
            pending += subschemas(node)


def split_reference(reference: str, base: str) -> tuple[str, str]:
    """
    Return the name of the document and the JSON pointer that *reference* leads to from the document *base*.

    Raises:
        ValueError: *reference* is not a URL.
    """
    name, _, pointer = reference.removeprefix("./").partition("#")
    if "%" not in pointer and not {"/", ":", "?", ";"} & {*name, *base}:
        # A definition in the same file or in a sibling: help would spend a tenth of its time on importing urllib.
        return name or base, pointer
    from urllib.parse import unquote, urljoin

    name, _, pointer = urljoin(base, reference).partition("#")
    return name, unquote(pointer)


def resolve_pointer(document: Any, pointer: str) -> Any:
    """
    Return what a JSON pointer points to.

    Raises:
        LookupError: It points to nothing, or is not a JSON pointer.
    """
    if pointer and not pointer.startswith("/"):
        raise LookupError(pointer)
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdecimal() and len(key) < 10:
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document[key]
        else:
            raise LookupError(pointer)
    return document
