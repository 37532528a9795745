"""
JSON Schema as Taskcluster's services read it: validators of jsonschema, and its errors about schemas.

Source: JSON Schema draft 6; patterns are JavaScript's, dates are RFC 3339.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft6Validator, FormatChecker
from jsonschema.exceptions import UnknownType, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT6

from tccli.core.schemas.formats import FORMATS, compile_pattern
from tccli.core.time_limit import TimeLimitError, limit_processor_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.references import ServiceReference

MAX_VALIDATION_SECONDS = 10

FORMAT_CHECKER = FormatChecker(formats=())
for _name, _has_format in FORMATS.items():
    FORMAT_CHECKER.checks(_name)(lambda value, test=_has_format: not isinstance(value, str) or test(value))


class BrokenSchemaError(ValueError):
    """
    A schema cannot be used. The message continues a sentence that begins with its name: ``refers to a.json, …``.
    """


@contextmanager
def convert_schema_errors() -> Iterator[None]:
    """
    Convert jsonschema's internal errors to BrokenSchemaError.

    ``check_schema`` does not validate everything, so a malformed schema can still fail when it is used. A pattern such
    as ``(a+)+$``, and references that multiply, could take for ever, so the time is limited.
    """
    try:
        with limit_processor_time(MAX_VALIDATION_SECONDS):
            yield
    except BrokenSchemaError:
        raise
    except TimeLimitError:
        raise BrokenSchemaError(
            f"takes more than {MAX_VALIDATION_SECONDS} s to check: a pattern or its references are too complex, or the "
            "document is too large"
        ) from None
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


def use_javascript_patterns(validator: Any) -> Any:
    """
    Return a validator class of jsonschema that reads patterns as JavaScript does, and takes no infinite number.
    """
    types = validator.TYPE_CHECKER.redefine("number", _is_finite_number)
    return extend(validator, {"pattern": _pattern}, type_checker=types)


def _is_finite_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


@cache
def make_validator(reference: ServiceReference, schema: str) -> Any:
    """
    Return jsonschema's validator for a schema of a service.

    Raises:
        BrokenSchemaError: The schema cannot be used.
    """
    with convert_schema_errors():
        return _make_validator(reference, schema)


def _make_validator(reference: ServiceReference, schema: str) -> Any:
    registry: Registry[Any] = Registry().with_resources(
        (name, DRAFT6.create_resource(body)) for name, body in reference.schemas.items()
    )
    return _Validator({"$ref": schema}, registry=registry.crawl(), format_checker=FORMAT_CHECKER)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not compile_pattern(pattern).search(instance):
        yield ValidationError("pattern")


_Validator: Any = use_javascript_patterns(Draft6Validator)


def is_valid(schema: Any, document: Any) -> bool:
    """
    Return whether *document* is valid for a schema that refers only to itself.

    Raises:
        BrokenSchemaError: The schema cannot be used.
    """
    with convert_schema_errors():
        valid: bool = _Validator(schema, format_checker=FORMAT_CHECKER).is_valid(document)
    return valid
