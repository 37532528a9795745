"""
Example payloads of methods, for people to edit.

Pure: the clock and randomness are arguments.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.dialect import BrokenSchemaError, convert_schema_errors
from tccli.core.schemas.examples.generate import NoExampleError, generate_example
from tccli.core.schemas.validate import find_problems
from tccli.errors import UsageError
from tccli.references import example_values

if TYPE_CHECKING:
    from tccli.core.schemas.examples.generate import Randomness
    from tccli.references import Method


def generate_payload(method: Method, randomness: Randomness, *, full: bool) -> Any:
    """
    Return a payload that is valid for the schema of *method*.

    Args:
        full: Include optional fields.

    Raises:
        UsageError: The method takes no payload, or no valid one can be generated.
        ConfigurationError: The schema cannot be used.
    """
    if not method.takes_payload:
        raise UsageError(f"{method.id} takes no payload")
    if method.input is None:
        raise UsageError(f"{method.id}: the payload has no published schema")
    hint = f"tc schema {method.service} {method.name} prints the schema"
    schema = bundle(method.reference.schemas, method.input)
    try:
        with convert_schema_errors():
            payload = generate_example(
                schema,
                randomness,
                full=full,
                suggest=partial(example_values.suggest_values, method),
                extra_required=example_values.extra_required(method),
            )
    except (NoExampleError, BrokenSchemaError):
        raise UsageError(f"{method.id}: cannot generate a payload from its schema", hint=hint) from None
    wrong = find_problems(method.reference, method.input, payload)
    if wrong:
        raise UsageError(f"{method.id}: cannot generate a payload from its schema ({wrong[0]})", hint=hint)
    return payload
