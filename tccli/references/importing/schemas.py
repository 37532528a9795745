"""
Validation of published JSON schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.references.importing.errors import InvalidReferenceError, UnsupportedError
from tccli.references.json_schema import find_references, resolve_pointer, split_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A file in the same directory: whatever leads out of it is not a name.
FILE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.json"


def select_resolvable(schemas: Mapping[str, Any], skip: Callable[[str], None] | None = None) -> dict[str, Any]:
    """
    Return the schemas that refer only to each other. The others are left out, because nothing is fetched for them.

    Args:
        schemas: By file name, without prose and identifiers.
        skip: Called with a line about each one that is not a schema of draft 6, which is left out then.

    Raises:
        InvalidReferenceError: One is not a schema of draft 6.
    """
    remaining = dict(schemas)
    for name, schema in schemas.items():
        try:
            _check(name, schema)
        except UnsupportedError as error:
            if skip is None:
                raise
            skip(str(error))
            del remaining[name]
    while broken := [name for name in remaining if not _is_resolvable(name, remaining)]:
        for name in broken:
            del remaining[name]
    return remaining


def _check(name: str, schema: Any) -> None:
    # Heavy: only needed when a reference is imported.
    from jsonschema import Draft6Validator, FormatChecker
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict):
        raise InvalidReferenceError(f"{name}: not an object")
    try:
        # Patterns are JavaScript's: whether one compiles in Python does not matter.
        Draft6Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
    except SchemaError as error:
        where = "".join(f"/{step}" for step in error.absolute_path)
        raise UnsupportedError(ascii(f"{name}: not a JSON schema at #{where}")[1:-1]) from None


def _is_resolvable(name: str, schemas: Mapping[str, Any]) -> bool:
    for reference in find_references(schemas[name]):
        try:
            target, pointer = split_reference(reference, name)
            resolve_pointer(schemas[target], pointer)
        except (LookupError, TypeError, ValueError, AttributeError):
            return False
    return True
