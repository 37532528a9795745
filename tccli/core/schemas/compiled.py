"""
JSON schemas of draft 6, compiled to functions that return whether a document is valid, but not why.

A compiled schema takes a hundredth of the time that jsonschema takes. Where it does not know, jsonschema decides: a
keyword that it does not support, a malformed schema, a document that is nested too deeply.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from tccli.core.schemas.formats import FORMATS, compile_pattern
from tccli.core.time_limit import TimeLimitError, limit_processor_time
from tccli.references.json_schema import resolve_pointer, split_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.references import ServiceReference

    Check = Callable[[Any], bool]

MAX_SECONDS = 2
"""Of processor time, in the main thread. jsonschema has more for what takes longer."""
UNSUPPORTED = frozenset({"$id", "additionalItems", "contains", "dependencies", "multipleOf"})
"""Keywords of draft 6 that the schemas of the services do not use."""


class UndecidedError(Exception):
    """
    Whether a document is valid is not known.
    """


def decide(reference: ServiceReference, schema: str, document: Any) -> bool | None:
    """
    Return whether *document* is valid, or None if that is not known.
    """
    try:
        with limit_processor_time(MAX_SECONDS):
            return _compile(reference, schema)(document)
    except (
        UndecidedError,
        TimeLimitError,
        RecursionError,
        re.error,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ):
        # All but the first three are what a malformed schema causes.
        return None


@cache
def _compile(reference: ServiceReference, schema: str) -> Check:
    return _Compiler(reference.schemas).refer(schema, "")


class _Compiler:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._checks: dict[tuple[str, str], Check] = {}

    def refer(self, reference: Any, base: str) -> Check:
        """
        Return the check of the schema that is referred to, which is compiled when it is first needed.
        """
        checks, place = self._checks, split_reference(reference, base)

        def check(value: Any) -> bool:
            if place not in checks:
                checks[place] = self.compile(resolve_pointer(self._schemas[place[0]], place[1]), place[0])
            return checks[place](value)

        return check

    def compile(self, schema: Any, base: str) -> Check:
        """
        Args:
            base: The name of the document that *schema* is a part of.
        """
        if isinstance(schema, bool):
            return lambda _: schema
        if not isinstance(schema, dict):
            raise UndecidedError
        if "$ref" in schema:
            # Other keywords next to it do not count.
            return self.refer(schema["$ref"], base)
        if not UNSUPPORTED.isdisjoint(schema):
            raise UndecidedError
        checks = [_KEYWORDS[word](value, schema, self, base) for word, value in schema.items() if word in _KEYWORDS]
        return checks[0] if len(checks) == 1 else _join(tuple(checks))


def _join(checks: tuple[Check, ...]) -> Check:
    def check(value: Any) -> bool:
        for each in checks:  # noqa: SIM110 - a generator would take half of the time
            if not each(value):
                return False
        return True

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


_TYPES: Mapping[str, Check] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
    ),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _type(names: Any, *_: Any) -> Check:
    if isinstance(names, str):
        return _TYPES[names]
    checks = [_TYPES[name] for name in names]
    return lambda value: any(check(value) for check in checks)


def _freeze(value: Any) -> Any:
    # To something that is equal to another only if JSON has the values for equal: 1 is 1.0, but not true.
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, dict):
        return dict, frozenset((name, _freeze(each)) for name, each in value.items())
    return (list, *map(_freeze, value)) if isinstance(value, list) else value


def _enum(values: Any, *_: Any) -> Check:
    allowed = {_freeze(value) for value in values}
    return lambda value: _freeze(value) in allowed


def _const(wanted: Any, *_: Any) -> Check:
    return _enum([wanted])


def _pattern(pattern: Any, *_: Any) -> Check:
    return lambda value: not isinstance(value, str) or compile_pattern(pattern).search(value) is not None


def _format(name: Any, *_: Any) -> Check:
    has_format = FORMATS.get(name)
    return lambda value: has_format is None or not isinstance(value, str) or has_format(value)


def _length(kind: Any, *, is_min: bool) -> Callable[..., Check]:
    def make(limit: Any, *_: Any) -> Check:
        if is_min:
            return lambda value: not isinstance(value, kind) or len(value) >= limit
        return lambda value: not isinstance(value, kind) or len(value) <= limit

    return make


def _bound(compare: Callable[[Any, Any], bool]) -> Callable[..., Check]:
    return lambda limit, *_: lambda value: not _is_number(value) or compare(value, limit)


def _properties(schemas: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    checks = [(name, compiler.compile(schema, base)) for name, schema in schemas.items()]

    def check(value: Any) -> bool:
        if isinstance(value, dict):
            for name, each in checks:
                if name in value and not each(value[name]):
                    return False
        return True

    return check


def _pattern_properties(schemas: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    checks = [(re.compile(pattern), compiler.compile(schema, base)) for pattern, schema in schemas.items()]
    return lambda value: (
        not isinstance(value, dict)
        or all(check(each) for pattern, check in checks for name, each in value.items() if pattern.search(name))
    )


def _additional_properties(schema: Any, whole: Any, compiler: _Compiler, base: str) -> Check:
    if schema is True:
        return lambda _: True
    known = frozenset(whole.get("properties", ()))
    patterns = re.compile("|".join(whole.get("patternProperties", ())) or r"(?!)")
    check = compiler.compile(schema, base)
    return lambda value: (
        not isinstance(value, dict)
        or all(check(value[name]) for name in value.keys() - known if not patterns.search(name))
    )


def _property_names(schema: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    check = compiler.compile(schema, base)
    return lambda value: not isinstance(value, dict) or all(map(check, value))


def _required(names: Any, *_: Any) -> Check:
    if not isinstance(names, list):
        raise UndecidedError
    wanted = frozenset(names)
    return lambda value: not isinstance(value, dict) or wanted <= value.keys()


def _items(schema: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    # A list of schemas, one for each item, is not supported.
    check = compiler.compile(schema, base)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _unique_items(is_wanted: Any, *_: Any) -> Check:
    def check(value: Any) -> bool:
        if not is_wanted or not isinstance(value, list) or len(value) < 2:
            return True
        if not all(isinstance(each, str) for each in value) and not all(isinstance(each, dict) for each in value):
            # Of others, jsonschema finds only the duplicates that are next to each other when they are sorted.
            raise UndecidedError
        return len({_freeze(each) for each in value}) == len(value)

    return check


def _compile_all(schemas: Any, compiler: _Compiler, base: str) -> list[Check]:
    return [compiler.compile(schema, base) for schema in schemas]


def _all_of(schemas: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    return _join(tuple(_compile_all(schemas, compiler, base)))


def _any_of(schemas: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    checks = _compile_all(schemas, compiler, base)
    return lambda value: any(check(value) for check in checks)


def _one_of(schemas: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    checks = _compile_all(schemas, compiler, base)
    return lambda value: sum(check(value) for check in checks) == 1


def _not(schema: Any, _: Any, compiler: _Compiler, base: str) -> Check:
    check = compiler.compile(schema, base)
    return lambda value: not check(value)


# Of a keyword's value, the schema that it is in, the compiler and the name of the document.
_KEYWORDS: Mapping[str, Callable[..., Check]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "format": _format,
    "minLength": _length(str, is_min=True),
    "maxLength": _length(str, is_min=False),
    "minItems": _length(list, is_min=True),
    "maxItems": _length(list, is_min=False),
    "minProperties": _length(dict, is_min=True),
    "maxProperties": _length(dict, is_min=False),
    "minimum": _bound(lambda value, limit: value >= limit),
    "maximum": _bound(lambda value, limit: value <= limit),
    "exclusiveMinimum": _bound(lambda value, limit: value > limit),
    "exclusiveMaximum": _bound(lambda value, limit: value < limit),
    "required": _required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "items": _items,
    "uniqueItems": _unique_items,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}
