"""
What is wrong with a document: the errors that jsonschema finds, in terms of the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema import Draft6Validator

from tccli import strict_json
from tccli.core.http.redact import MASK, redact_document
from tccli.core.printable import MAX_LISTED_WORDS, list_some
from tccli.core.schemas.dialect import convert_schema_errors
from tccli.core.schemas.fields import SLUGID
from tccli.errors import UsageError
from tccli.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jsonschema.exceptions import ValidationError

MAX_FOUND_LENGTH = 60
MAX_QUOTED_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """
    A mismatch between a document and its schema.

    Attributes:
        path: ``metadata.name``, ``routes[2]``, or ``payload`` for the whole document.
        expected: What the schema requires.
        found: What the document has, cut off and without secrets.
        text: The problem in words, for messages. Without it, that is what was expected and what was found.
        is_root: Whether it is about the whole document.
        literal: JSON that has the expected type, if *found* is a string with that text.
    """

    path: str
    expected: str
    found: str
    text: str = ""
    is_root: bool = False
    literal: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text if self.is_root else f"{self.path}: {self.text}"
        return f"{self.path}: expected {self.expected}, found {self.found}"


def collect_problems(validator: Any, document: Any, *, root: str) -> list[Problem]:
    """
    Return the problems that a validator of jsonschema finds, in the order of the document.

    Raises:
        BrokenSchemaError: The schema cannot be used.
    """
    with convert_schema_errors():
        errors = [cause for error in validator.iter_errors(document) for cause in _causes(error)]
        errors.sort(key=lambda error: ([*map(str, error.absolute_path)], error.validator != "required"))
        return list(dict.fromkeys(_problem(error, root) for error in errors))


def _causes(error: ValidationError) -> list[ValidationError]:
    # An error of oneOf or anyOf is replaced by those of the branch that was meant, if only one can be.
    by_branch: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        # A branch that is false has no path, and is not meant.
        if inner.schema_path:
            by_branch.setdefault(inner.schema_path[0], []).append(inner)
    meant = [found for found in by_branch.values() if not any(_is_kind_mismatch(inner) for inner in found)]
    if len(meant) != 1:
        return [error]
    return [cause for inner in meant[0] for cause in _causes(inner)]


def _is_kind_mismatch(error: ValidationError) -> bool:
    # Another type, or another value of a discriminator: another branch was meant.
    return error.validator in {"const", "enum"} or (error.validator == "type" and not error.relative_path)


def _problem(error: ValidationError, root: str) -> Problem:
    path, shown = _path(error), _redact_value(error)
    if "propertyNames" in error.absolute_schema_path:
        # The error is about a name, which is not on its path.
        text = f"field name {_short(error.instance)}: expected {_expected(error)}"
        return Problem(path or root, _expected(error), _short(error.instance), text, is_root=not path)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in error.validator_value if name not in error.instance]
        fields = f"{_fields(missing)} {', '.join(map(_quote, missing))}"
        return Problem(path or root, fields, "missing", f"missing {fields}", is_root=not path)
    if (
        error.validator == "additionalProperties"
        and isinstance(error.instance, dict)
        and error.validator_value is False
    ):
        known = list(error.schema.get("properties", {}))
        # A field that is there already is not what an unknown one was meant to be.
        absent = [name for name in known if name not in error.instance]
        unknown = _unknown_fields(error)
        named = [f"{name!r}{_did_you_mean(name, absent)}" for name in unknown[:MAX_LISTED_WORDS]]
        text = f"unknown {_fields(unknown)} {list_some(named, total=len(unknown))}"
        expected = f"only {', '.join(known)}" if known else "no fields"
        return Problem(path or root, expected, ", ".join(unknown), text, is_root=not path)
    literal = _literal(error, shown)
    return Problem(path or root, _expected(error), _found(error, shown), is_root=not path, literal=literal)


def _redact_value(error: ValidationError) -> Any:
    """
    Return the value that an error is about without secrets, and only as much of it as a message can quote.
    """
    document = _prune(error.instance, [MAX_FOUND_LENGTH])
    for step in reversed(error.absolute_path):
        document = {step: document} if isinstance(step, str) else [document]
    document = redact_document(document)
    for step in error.absolute_path:
        document = document[step if isinstance(step, str) else 0]
    return document


def _prune(value: Any, left: list[int]) -> Any:
    # Each value has at least one character, so that no more of them fit.
    left[0] -= 1
    if isinstance(value, dict):
        return {key: _prune(each, left) for key, each in value.items() if left[0] > 0}
    if isinstance(value, list):
        return [_prune(each, left) for each in value if left[0] > 0]
    return value[:MAX_QUOTED_LENGTH] if isinstance(value, str) else value


def _fields(names: list[str]) -> str:
    return "field" if len(names) == 1 else "fields"


def _quote(name: str) -> str:
    return name if re.fullmatch(r"[\w$.-]+", name) else repr(name)


def _did_you_mean(name: Any, known: list[str]) -> str:
    hint = suggestion(name, known) if isinstance(name, str) else ""
    return f" ({hint.removesuffix('?')}?)" if hint else ""


def _unknown_fields(error: ValidationError) -> list[str]:
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    return [
        name for name in error.instance if name not in known and not any(re.search(each, name) for each in patterns)
    ]


def _literal(error: ValidationError, shown: Any) -> str:
    """
    Return the text of a string that, without quotes, would be JSON of the expected type.
    """
    if error.validator != "type" or not isinstance(shown, str) or len(shown) > MAX_FOUND_LENGTH:
        return ""
    try:
        value = strict_json.loads(shown)
    except strict_json.StrictJsonError:
        return ""
    types = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    return (
        shown
        if not isinstance(value, str) and any(Draft6Validator.TYPE_CHECKER.is_type(value, t) for t in types)
        else ""
    )


def _path(error: ValidationError) -> str:
    path = ""
    for step in error.absolute_path:
        if isinstance(step, int):
            path += f"[{step}]"
        elif re.fullmatch(r"[\w$-]+", step):
            path += f".{step}" if path else step
        else:
            path += f"[{step!r}]"
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
        if not isinstance(branch, dict):
            continue
        properties = branch.get("properties", {})
        constants = [
            f"{name} {value['const'] if 'const' in value else '/'.join(map(str, value['enum']))}"
            for name, value in properties.items()
            if isinstance(value, dict) and ("const" in value or "enum" in value)
        ]
        required = branch.get("required", ())
        names.append(" and ".join(constants) or ", ".join(required) or str(branch.get("type", "")))
    named = [name for name in dict.fromkeys(names) if name]
    return "one of: " + "; ".join(named) if named else f"one of {len(branches)} forms"


_EXPECTATIONS: Mapping[str | None, Callable[[Any, ValidationError], str]] = {
    "type": lambda value, _: " or ".join([value] if isinstance(value, str) else value),
    "enum": lambda value, _: "one of " + ", ".join(each if isinstance(each, str) else _short(each) for each in value),
    "const": lambda value, _: _short(value),
    "pattern": lambda value, _: "a slugid (22 characters)" if value == SLUGID else f"a string that matches {value}",
    "format": lambda value, _: "a date-time such as 2030-01-01T00:00:00Z" if value == "date-time" else f"a {value}",
    "contains": lambda *_: "at least one item of the right form",
    "dependencies": lambda _, error: f"other fields as well ({error.message})",
    "dependentRequired": lambda _, error: f"other fields as well ({error.message})",
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


def _found(error: ValidationError, shown: Any) -> str:
    found = error.instance
    if error.validator == "type" and isinstance(found, dict | list | None):
        return _kind(found)
    text = f"{_kind(found)} {_short(shown)}" if error.validator == "type" else _short(shown)
    if error.validator == "enum":
        return text + _did_you_mean(shown, [each for each in error.validator_value if isinstance(each, str)])
    if (
        error.validator == "format"
        and error.validator_value == "date-time"
        and isinstance(found, str)
        and found.strip()
    ):
        return text + _suggest_from_now(found)
    return text


def _suggest_from_now(text: str) -> str:
    from tccli.core.times import parse_offset

    try:
        parse_offset(text)
    except UsageError:
        return ""
    return f" (tc from-now {text} prints one)"


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

    if value == MASK:
        return MASK
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_FOUND_LENGTH else text[: MAX_FOUND_LENGTH - 1] + "…"
