"""
Example documents from JSON schemas.

Pure: the clock and randomness are arguments.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

from tccli.core.schemas.dialect import is_valid
from tccli.core.schemas.examples.patterns import MAX_LENGTH, PatternError, generate_match
from tccli.core.schemas.fields import SLUGID
from tccli.core.times import format_timestamp, parse_instant
from tccli.errors import UsageError
from tccli.references.json_schema import resolve_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from random import Random

MAX_DEPTH = 20
MAX_ITEMS = 100
FILLER = "example"
MIN_RANDOM_LENGTH = 8
"""Characters of random text."""
BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
BY_FORMAT = {
    "email": "ci@example.com",
    "uri": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "regex": ".*",
}
KINDS = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "pattern": "string",
    "format": "string",
    "minLength": "string",
    "maxLength": "string",
    "minimum": "number",
    "maximum": "number",
}

_Path = tuple[str, ...]
_Value = TypeVar("_Value")


class NoExampleError(Exception):
    """
    No valid document was found.
    """


class Randomness(NamedTuple):
    """
    The arguments that make an example new each time.

    Attributes:
        now: Timestamps are relative to it.
        random: Source of slugids and other random text.
    """

    now: datetime
    random: Random


def generate_example(
    schema: Mapping[str, Any],
    randomness: Randomness,
    *,
    full: bool = False,
    suggest: Callable[[_Path], Iterable[Any]] = lambda _path: (),
    extra_required: tuple[str, ...] = (),
) -> Any:
    """
    Return a document that should be valid for a schema that refers only to itself. The caller checks it.

    Args:
        full: Include optional fields.
        suggest: Returns values for a field by its path, best first; invalid ones are skipped.
        extra_required: Fields to include although the schema does not require them.

    Raises:
        NoExampleError: No valid document was found.
        BrokenSchemaError: The schema cannot be used.
    """
    return _ExampleGenerator(schema.get("definitions", {}), randomness, full, suggest).document(schema, extra_required)


class _ExampleGenerator(NamedTuple):
    definitions: Mapping[str, Any]
    randomness: Randomness
    full: bool
    suggest: Callable[[_Path], Iterable[Any]]

    def document(self, schema: Mapping[str, Any], extra_required: tuple[str, ...]) -> Any:
        own = {key: value for key, value in schema.items() if key not in {"$schema", "definitions"}}
        return self.value(
            {**own, "required": [*extra_required, *own.get("required", ())]} if extra_required else own, (), 0
        )

    def value(self, schema: Any, path: _Path, depth: int) -> Any:
        # A suggested value, one that the schema itself has, or one that is made from the parts of the schema.
        if depth > MAX_DEPTH or schema is False:
            raise NoExampleError
        schema = self._merged(schema)
        with suppress(NoExampleError):
            return self._choose(schema, self._candidates(schema, path))
        for branches in ("oneOf", "anyOf"):
            if branches in schema:
                return self._branch(schema, branches, path, depth)
        match _kind(schema):
            case "object":
                return self._object(schema, path, depth)
            case "array":
                return self._array(schema, path, depth)
            case "string":
                return self._text(schema)
            case "number" | "integer":
                return self._number(schema)
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return {}

    def _merged(self, schema: Any) -> dict[str, Any]:
        # The schema without a $ref and without allOf at its top.
        merged = {} if schema is True else dict(schema)
        for _ in range(MAX_DEPTH):
            if "$ref" in merged:
                pointer = merged.pop("$ref").removeprefix("#")
                merged = {**resolve_pointer({"definitions": self.definitions}, pointer), **merged}
            elif "allOf" in merged:
                for part in merged.pop("allOf"):
                    merged = _combine(merged, part)
            else:
                return merged
        raise NoExampleError

    def _fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        return is_valid({**schema, "definitions": self.definitions}, value)

    def _candidates(self, schema: Mapping[str, Any], path: _Path) -> Iterable[Any]:
        if "const" in schema:
            yield schema["const"]
        if schema.get("pattern") == SLUGID:
            yield self._slugid()
        for value in self.suggest(path):
            if schema.get("format") == "date-time" and isinstance(value, str):
                with suppress(UsageError):
                    yield format_timestamp(parse_instant(value, now=self.randomness.now))
            elif (
                isinstance(value, str)
                and value.isascii()
                and value.isdigit()
                and _kind(schema) in {"number", "integer"}
            ):
                yield int(value)
            else:
                yield value
        if "default" in schema:
            yield schema["default"]
        yield from schema.get("enum", ())

    def _branch(self, schema: Mapping[str, Any], key: str, path: _Path, depth: int) -> Any:
        # The first branch with a valid example. With all optional fields, it may match two branches of a oneOf.
        rest = {word: value for word, value in schema.items() if word != key}
        for full in dict.fromkeys((self.full, False)):
            for branch in schema[key]:
                with suppress(NoExampleError):
                    made = self._replace(full=full).value(_combine(rest, branch), path, depth + 1)
                    if self._fits(schema, made):
                        return made
        raise NoExampleError

    def _object(self, schema: Mapping[str, Any], path: _Path, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        made: dict[str, Any] = {}
        for name in dict.fromkeys(schema.get("required", ())):
            made[name] = self.value(properties.get(name, _others(schema)), (*path, name), depth + 1)
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", MAX_LENGTH)
        for name, inner in properties.items():
            if name in made or len(made) >= (most if self.full else least):
                continue
            try:
                value = self.value(inner, (*path, name), depth + 1)
            except NoExampleError:
                continue
            # Some fields exclude each other.
            if len(made) < least or self._fits(_without_required(schema), {**made, name: value}):
                made[name] = value
        for number in range(1, min(least, MAX_ITEMS) + 1):
            if len(made) < least:
                made[f"{FILLER}-{number}"] = self.value(_others(schema), (*path, FILLER), depth + 1)
        return made

    def _array(self, schema: Mapping[str, Any], path: _Path, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        wanted = max(least, min(1, schema.get("maxItems", 1)) if self.full else 0)
        inner = schema.get("items", {})
        kinds = inner if isinstance(inner, list) else [inner] * min(wanted, MAX_ITEMS)
        made: list[Any] = []
        for kind in kinds[:wanted]:
            try:
                value = self.value(kind, path, depth + 1)
                if schema.get("uniqueItems") and value in made:
                    value = self._another(kind, made)
            except NoExampleError:
                if len(made) < least:
                    raise
                break
            made.append(value)
        return made

    def _another(self, schema: Any, made: list[Any]) -> Any:
        inner = self._merged(schema)
        tried: list[Any] = [*inner.get("enum", ()), *(f"{FILLER}-{number}" for number in range(1, len(made) + 2))]
        tried += range(len(made) + 1)
        if "pattern" in inner:
            tried += self._texts({**inner, "minLength": max(inner.get("minLength", 0), MIN_RANDOM_LENGTH)})
        return self._choose(inner, (value for value in tried if value not in made))

    def _text(self, schema: Mapping[str, Any]) -> str:
        return self._choose(schema, self._texts(schema))

    def _texts(self, schema: Mapping[str, Any]) -> Iterator[str]:
        # From the most readable text to one that is only valid.
        least, most = schema.get("minLength", 0), schema.get("maxLength", MAX_LENGTH)
        if least > MAX_LENGTH:
            raise NoExampleError
        if schema.get("format") == "date-time":
            yield format_timestamp(parse_instant("1 hour", now=self.randomness.now))
        if schema.get("format") in BY_FORMAT:
            yield BY_FORMAT[schema["format"]]
        yield FILLER.ljust(least, "x")[:most]
        if "pattern" in schema:
            for length in (max(least, 1), least, 0):
                with suppress(PatternError):
                    yield generate_match(schema["pattern"], self.randomness.random, least=length).ljust(least, "x")

    def _number(self, schema: Mapping[str, Any]) -> float:
        step: float = schema.get("multipleOf", 1)
        edges: list[float] = [0, 1, *(schema[bound] for bound in BOUNDS if bound in schema)]
        near = [step * (edge // step + more) for edge in edges for more in (0, 1, -1)]
        return self._choose(schema, [*near, *edges])

    def _choose(self, schema: Mapping[str, Any], values: Iterable[_Value]) -> _Value:
        for value in values:
            if self._fits(schema, value):
                return value
        raise NoExampleError

    def _slugid(self) -> str:
        # It begins with a letter, so that it is not mistaken for an option.
        import slugid

        bits = self.randomness.random.getrandbits(128) & ~(1 << 127)
        return str(slugid.encode(UUID(int=bits, version=4)))


def _kind(schema: Mapping[str, Any]) -> str:
    # A schema without a type usually has keywords of one.
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    return str(kind or next((KINDS[key] for key in schema if key in KINDS), ""))


def _others(schema: Mapping[str, Any]) -> Any:
    return schema.get("additionalProperties", {})


def _without_required(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"required", "minProperties"}}


def _combine(one: Mapping[str, Any], other: Any) -> dict[str, Any]:
    # Both schemas as one, as far as that is possible.
    if other is False:
        raise NoExampleError
    joined = dict(one)
    for key, value in ({} if other is True else other).items():
        if key == "properties" and isinstance(joined.get(key), dict):
            known = joined[key]
            joined[key] = {**known, **{name: _combine(known.get(name, {}), each) for name, each in value.items()}}
        elif key in {"required", "allOf"}:
            joined[key] = [*joined.get(key, ()), *value]
        else:
            joined[key] = value
    return joined
