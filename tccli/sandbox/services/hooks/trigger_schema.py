"""
Trigger schemas of hooks: what createHook accepts, and what a payload must match when the hook is fired.

Source: ajv 8 in its strict mode, and ajv-formats 2.1, in which the services read them. Creating a hook checks less than
the first fire, which fails for a keyword or a format that is not known.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator, FormatChecker
from referencing.exceptions import Unresolvable

from tccli.core.schemas.dialect import FORMAT_CHECKER, use_javascript_patterns
from tccli.core.schemas.formats import compile_pattern
from tccli.sandbox.http.errors import ApiError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECTS = ("", "http://json-schema.org/draft-07/schema", "http://json-schema.org/schema")
META_SCHEMA = {
    **Draft7Validator.META_SCHEMA,
    "properties": {
        **Draft7Validator.META_SCHEMA["properties"],
        "enum": {"type": "array", "minItems": 1, "uniqueItems": True},
    },
}
KNOWN = """
    $async $schema $id $defs $vocabulary $comment $ref definitions maximum minimum exclusiveMaximum exclusiveMinimum
    multipleOf maxLength minLength pattern maxProperties minProperties required maxItems minItems uniqueItems type const
    enum not anyOf oneOf allOf if then else propertyNames additionalProperties dependencies properties patternProperties
    additionalItems items contains format title description default deprecated readOnly writeOnly examples
    contentMediaType contentEncoding contentSchema formatMaximum formatMinimum formatExclusiveMaximum
    formatExclusiveMinimum nullable
"""
KEYWORDS = frozenset(KNOWN.split())
NEEDS = {"then": {"if"}, "else": {"if"}, "if": {"then", "else"}, "additionalItems": {"items"}, "nullable": {"type"}}
"""Keywords that have no effect, which is an error, without one of others."""
_SCHEMAS = (
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "additionalProperties",
    "additionalItems",
    "items",
    "contains",
)
_LISTS, _MAPS = ("anyOf", "oneOf", "allOf", "items"), ("properties", "patternProperties", "dependencies")
_TIME = re.compile(
    r"(?:([01]\d|2[0-3]):[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:z|[+-]\d\d(?::?\d\d)?)?", re.ASCII | re.IGNORECASE
)
_POINTER = r"(?:/(?:[^~/]|~0|~1)*)*"
_PATTERNS = {
    "duration": re.compile(
        r"P(?!\Z)(?:(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?|(?:\d+W)?)", re.ASCII
    ),
    "json-pointer": re.compile(_POINTER),
    "relative-json-pointer": re.compile(rf"(?:0|[1-9]\d*)(?:#|{_POINTER})", re.ASCII),
    "time": _TIME,
    "uuid": re.compile(r"(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE),
}
UNCHECKED = "uri-reference uri-template url json-pointer-uri-fragment byte int32 int64 float double password binary"
"""Formats that the services know. The sandbox allows everything for them."""


def check(schema: dict[str, Any]) -> None:
    """
    Check the schema of a new hook.

    Raises:
        ApiError: It is not a JSON schema; 500 if it is in another dialect.
    """
    dialect = schema.get("$schema", "")
    if not isinstance(dialect, str):
        raise InternalError("Error: $schema must be a string")
    if dialect.removesuffix("#") not in DIALECTS:
        raise InternalError(f'Error: no schema with key or ref "{dialect}"')
    found = [
        f" * Property {error.json_path} {error.message}" for error in Draft7Validator(META_SCHEMA).iter_errors(schema)
    ]
    if found:
        listed = "\n".join(found)
        raise ApiError("InputError", "{{wrong}}", wrong=f"triggerSchema is not a valid JSON schema:\n{listed}")


def find_problems(schema: dict[str, Any], payload: Any) -> str:
    """
    Return what a trigger schema rejects in a payload; empty if it accepts it.

    Raises:
        InternalError: The schema cannot be used.
    """
    _check_strictly(schema)
    try:
        wrong = [error.message for error in _Validator(schema, format_checker=_FORMATS).iter_errors(payload)]
    except Unresolvable as error:
        raise InternalError(f"MissingRefError: {error}") from None
    return "; ".join(f"data {message}" for message in wrong)


def _check_strictly(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    for keyword in schema:
        if keyword not in KEYWORDS:
            raise InternalError(f'Error: strict mode: unknown keyword: "{keyword}"')
        if keyword in NEEDS and not NEEDS[keyword] & schema.keys():
            raise InternalError(f'Error: strict mode: "{keyword}" without {sorted(NEEDS[keyword])} is ignored')
    if schema.get("format", "date") not in {*FORMAT_CHECKER.checkers, *_FORMATS.checkers, *UNCHECKED.split()}:
        raise InternalError(f'Error: unknown format "{schema["format"]}" ignored in schema')
    _compile(schema.get("pattern", ""))
    for inner in _list_subschemas(schema):
        _check_strictly(inner)


def _list_subschemas(schema: dict[str, Any]) -> Iterator[Any]:
    for keyword in _SCHEMAS:
        yield schema.get(keyword)
    for keyword in _LISTS:
        if isinstance(schema.get(keyword), list):
            yield from schema[keyword]
    for keyword in _MAPS:
        yield from schema.get(keyword, {}).values()


def _compile(pattern: str) -> None:
    try:
        compile_pattern(pattern)
    except re.error:
        raise InternalError(f"SyntaxError: Invalid regular expression: /{pattern}/u") from None


def _is_date(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return text.startswith("0000-")


def _is_pattern(text: str) -> bool:
    try:
        return compile_pattern(text) is not None
    except re.error:
        return False


_FORMATS = FormatChecker(formats=())
_FORMATS.checkers = dict(FORMAT_CHECKER.checkers)
for _name, _test in {
    "date": _is_date,
    "regex": _is_pattern,
    **{name: pattern.fullmatch for name, pattern in _PATTERNS.items()},
}.items():
    _FORMATS.checks(_name)(lambda value, test=_test: not isinstance(value, str) or bool(test(value)))
_Validator: Any = use_javascript_patterns(Draft7Validator)
