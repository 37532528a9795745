"""
How a deployment itself describes its services and methods.

Only references that were fetched or given have such descriptions, sanitized on arrival; for the built-in ones there is
``docs/``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.errors import UsageError

if TYPE_CHECKING:
    from tccli.references import Method, ServiceReference


def load_method_docs(method: Method) -> tuple[str, ...]:
    """
    Return the deployment's description of a method: paragraphs without line breaks, and indented lines of code.
    """
    return _description(method.reference.record(method.name))


def load_service_docs(reference: ServiceReference) -> tuple[str, ...]:
    """
    Return the deployment's description of a service, in the same form.
    """
    return _description(reference.records[0])


def matches_built_in(method: Method) -> bool:
    """
    Return whether the built-in documentation describes this method: it has the same verb and route.
    """
    try:
        built_in = references.method(method.service, method.name)
    except UsageError:
        return False
    return (built_in.verb, built_in.route) == (method.verb, method.route)


def _description(line: str) -> tuple[str, ...]:
    # The key is part of the format of cached references.
    record: dict[str, Any] = json.loads(line) if '"said":' in line else {}
    paragraphs = tuple(record.get("said", ()))
    # A description that only repeats the title is left out.
    titles = {record.get(key, "").strip(" .") for key in ("summary", "title")}
    return () if {each.strip(" .") for each in paragraphs} <= titles else paragraphs
