"""
Validation of documents against the schemas of a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.core.schemas.compiled import decide
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from tccli.core.schemas.problems import Problem
    from tccli.references import ServiceReference


def find_problems(reference: ServiceReference, schema: str, document: Any, *, root: str = "payload") -> list[Problem]:
    """
    Return the problems of *document* in its order; an empty list if it is valid.

    jsonschema, whose import takes 50 ms, is only asked about a document that is not valid: it gives the reasons.

    Args:
        reference: Whose schema it is.
        schema: Its name there: ``create-task-request.json``.
        root: The path of the whole document.

    Raises:
        ConfigurationError: The schema cannot be used, which happens with fetched references.
    """
    if decide(reference, schema, document):
        return []
    from tccli.core.schemas.dialect import BrokenSchemaError, make_validator
    from tccli.core.schemas.problems import collect_problems

    try:
        return collect_problems(make_validator(reference, schema), document, root=root)
    except BrokenSchemaError as error:
        hint = "tc references update fetches it again"
        raise ConfigurationError(f"the schema {schema} of {reference.origin} {error}", hint=hint) from None
