"""
Validation of documents against JSON schemas, with problems described in terms of the document.

Source: JSON Schema draft 6, as the services read it: patterns are JavaScript's, dates are RFC 3339.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft6Validator
from jsonschema.exceptions import UnknownType, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT6

from tccli.core.schemas.formats import FORMATS
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.references import ServiceReference

MAX_FOUND_LENGTH = 60


class BrokenSchemaError(ValueError):
    """
    A schema cannot be used. The message continues a sentence that begins with its name: ``refers to a.json, …``.
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """
    A mismatch between a document and its schema.

    Attributes:
        path: ``metadata.name``, ``routes[2]``, or ``payload`` for the whole document.
        expected: What the schema requires.
        found: What the document has, cut off.
    """

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


def find_problems(reference: ServiceReference, schema: str, document: Any, *, root: str = "payload") -> list[Problem]:
    """
    Return the problems of *document* in its order; an empty list if it is valid.

    Args:
        reference: Whose schema it is.
        schema: Its name there: ``create-task-request.json``.
        root: The path of the whole document.

    Raises:
        ConfigurationError: The schema cannot be used, which happens with fetched references.
    """
    try:
        with convert_schema_errors():
            return collect_problems(_validator(reference, schema), document, root=root)
    except BrokenSchemaError as error:
        hint = "tc references update fetches it again"
        raise ConfigurationError(f"the schema {schema} of {reference.origin} {error}", hint=hint) from None


def collect_problems(validator: Any, document: Any, *, root: str) -> list[Problem]:
    """
    Return the problems that a validator of jsonschema finds, in the order of the document.

    Raises:
        BrokenSchemaError: The schema cannot be used.
    """
    with convert_schema_errors():
        errors = sorted(validator.iter_errors(document), key=lambda error: [*map(str, error.absolute_path)])
        return list(dict.fromkeys(_problem(cause, root) for error in errors for cause in _causes(error)))


@contextmanager
def convert_schema_errors() -> Iterator[None]:
    """
    Convert jsonschema's internal errors to BrokenSchemaError.

    ``check_schema`` does not validate everything, so a malformed schema can still fail when it is used.
    """
    try:
        yield
    except BrokenSchemaError:
        raise
    except RecursionError:
        raise BrokenSchemaError("refers to itself in a circle, or the document is nested too deeply") from None
    except re.error as error:
        raise BrokenSchemaError(f"has an invalid pattern, {error.pattern!r}: {error.msg}") from None
    except (Unresolvable, NoSuchResource) as error:
        # The error has a pointer without its hash, and of a name only the document.
        part = getattr(error, "anchor", "") or (error.ref if error.ref.startswith("/") else "")
        raise BrokenSchemaError(f"refers to {f'#{part}' if part else error.ref}, which does not exist") from None
    except (UnknownType, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise BrokenSchemaError(f"is not a JSON schema ({type(error).__name__})") from None
    except BaseException as error:
        # rpds, which is written in Rust, panics when the stack is exhausted.
        if type(error).__name__ != "PanicException":
            raise
        raise BrokenSchemaError("refers to itself in a circle") from None


def is_valid(schema: Any, document: Any) -> bool:
    """
    Return whether *document* is valid for a schema that refers only to itself.

    Raises:
        BrokenSchemaError: The schema cannot be used.
    """
    return not collect_problems(_Validator(schema, format_checker=FORMATS), document, root="")


def use_javascript_patterns(validator: Any) -> Any:
    """
    Return a validator class of jsonschema that reads patterns as JavaScript does.
    """
    return extend(validator, {"pattern": _pattern})


@cache
def _validator(reference: ServiceReference, schema: str) -> Any:
    registry: Registry[Any] = Registry().with_resources(
        (name, DRAFT6.create_resource(body)) for name, body in reference.schemas.items()
    )
    return _Validator({"$ref": schema}, registry=registry.crawl(), format_checker=FORMATS)


def _causes(error: ValidationError) -> list[ValidationError]:
    # An error of oneOf or anyOf is replaced by those of the branch that was meant, if only one can be.
    by_branch: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        by_branch.setdefault(inner.schema_path[0], []).append(inner)
    meant = [found for found in by_branch.values() if not any(_is_kind_mismatch(inner) for inner in found)]
    if len(meant) != 1:
        return [error]
    return [cause for inner in meant[0] for cause in _causes(inner)]


def _is_kind_mismatch(error: ValidationError) -> bool:
    # Another type, or another value of a discriminator: another branch was meant.
    return error.validator in {"const", "enum"} or (error.validator == "type" and not error.relative_path)


def _problem(error: ValidationError, root: str) -> Problem:
    return Problem(path=_path(error) or root, expected=_expected(error), found=_found(error))


def _path(error: ValidationError) -> str:
    path = ""
    for step in error.absolute_path:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def _expected(error: ValidationError) -> str:
    describe = _EXPECTATIONS.get(error.validator)
    return describe(error.validator_value, error) if describe else f"a valid {error.validator}"


def _bound(value: Any, error: ValidationError) -> str:
    units = {"Length": " characters", "Items": " items", "Properties": " properties"}
    unit = units.get(error.validator[3:], "")
    return f"at {'least' if error.validator.startswith('min') else 'most'} {value}{unit}"


def _alternatives(branches: list[Any]) -> str:
    # The branches of oneOf by what distinguishes them: constant properties, required ones, or types.
    names = []
    for branch in branches:
        properties = branch.get("properties", {}) if isinstance(branch, dict) else {}
        constants = [
            f"{name} {value['const'] if 'const' in value else '/'.join(map(str, value['enum']))}"
            for name, value in properties.items()
            if isinstance(value, dict) and ("const" in value or "enum" in value)
        ]
        required = branch.get("required", ()) if isinstance(branch, dict) else ()
        names.append(" and ".join(constants) or ", ".join(required) or str(branch.get("type", "")))
    named = [name for name in dict.fromkeys(names) if name]
    return "one of: " + "; ".join(named) if named else f"one of {len(branches)} forms"


_EXPECTATIONS: Mapping[str | None, Callable[[Any, ValidationError], str]] = {
    "type": lambda value, _: " or ".join([value] if isinstance(value, str) else value),
    "required": lambda value, error: "also " + ", ".join(name for name in value if name not in error.instance),
    "additionalProperties": lambda _, error: "only " + ", ".join(error.schema.get("properties", {})),
    "enum": lambda value, _: "one of " + ", ".join(map(str, value)),
    "const": lambda value, _: repr(value),
    "pattern": lambda value, _: f"a string that matches {value}",
    "format": lambda value, _: f"a {value}",
    "uniqueItems": lambda *_: "no duplicate items",
    "multipleOf": lambda value, _: f"a multiple of {value}",
    "oneOf": lambda value, _: _alternatives(value),
    "anyOf": lambda value, _: _alternatives(value),
    "not": lambda *_: "something else",
    "exclusiveMinimum": lambda value, _: f"more than {value}",
    "exclusiveMaximum": lambda value, _: f"less than {value}",
    None: lambda *_: "nothing there",
    **dict.fromkeys(
        (f"{bound}{what}" for bound in ("min", "max") for what in ("imum", "Length", "Items", "Properties")), _bound
    ),
}


def _found(error: ValidationError) -> str:
    found = error.instance
    match error.validator:
        case "required" if isinstance(found, dict):
            return "only " + ", ".join(found) if found else "an empty object"
        case "additionalProperties" if isinstance(found, dict):
            known = error.schema.get("properties", {})
            patterns = error.schema.get("patternProperties", {})
            return ", ".join(
                name for name in found if name not in known and not any(re.search(each, name) for each in patterns)
            )
        case "type":
            return _kind(found) if isinstance(found, dict | list) else f"{_kind(found)} {_short(found)}"
        case _:
            return _short(found)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "an array"
        case _:
            return "an object"


def _short(value: Any) -> str:
    import json

    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_FOUND_LENGTH else text[: MAX_FOUND_LENGTH - 1] + "…"


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _javascript(pattern).search(instance):
        yield ValidationError("pattern")


@cache
def _javascript(pattern: str) -> re.Pattern[str]:
    # In JavaScript, $ is the very end of the text, and \d and \w are ASCII.
    return re.compile(re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1\\Z", pattern), re.ASCII)


_Validator: Any = use_javascript_patterns(Draft6Validator)
