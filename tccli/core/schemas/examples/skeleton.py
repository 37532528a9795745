"""
Payloads that are made up, for people to fill in.

Pure: the clock and randomness are arguments.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.examples.generate import NoExampleError, generate_example
from tccli.core.schemas.validate import BrokenSchemaError, convert_schema_errors, find_problems
from tccli.errors import UsageError
from tccli.references import example_values

if TYPE_CHECKING:
    from tccli.core.schemas.examples.generate import Randomness
    from tccli.references import Method


def generate_payload(method: Method, luck: Randomness, *, full: bool) -> Any:
    """
    Return a payload that fits the schema of *method*.

    Args:
        full: With all fields that it may have, not only with those that it must have.

    Raises:
        UsageError: The method takes no payload, or none that fits can be made.
        ConfigurationError: The schema cannot be used.
    """
    if not method.takes_payload:
        raise UsageError(f"{method.id} takes no payload")
    if method.input is None:
        raise UsageError(f"{method.id}: the schema of its payload is not known")
    hint = f"tc schema {method.service} {method.name} shows what it must be"
    schema = bundle(method.reference.schemas, method.input)
    try:
        with convert_schema_errors():
            made = generate_example(
                schema,
                luck,
                full=full,
                known=partial(example_values.suggest_values, method),
                needed=example_values.extra_required(method),
            )
    except (NoExampleError, BrokenSchemaError):
        raise UsageError(f"{method.id}: no payload can be made from its schema", hint=hint) from None
    wrong = find_problems(method.reference, method.input, made)
    if wrong:
        raise UsageError(f"{method.id}: no payload can be made from its schema ({wrong[0]})", hint=hint)
    return made
