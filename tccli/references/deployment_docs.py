"""
What a deployment says of its services in its own words.

Only references that were fetched or given hold any, made fit for a terminal when they came; the built-in ones have
words of our own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.errors import UsageError

if TYPE_CHECKING:
    from tccli.references import Method


def of_method(method: Method) -> tuple[str, ...]:
    """
    Return what the deployment says of a method, in paragraphs without line breaks; code is indented.
    """
    start = f'{{"method":"{method.name}"'
    return _of_record(next((each for each in references.written(method.source) if each.startswith(start)), ""))


def is_as_built_in(method: Method) -> bool:
    """
    Say whether our own words are about this method: verb and route are those of the one they were written for.
    """
    try:
        ours = references.built_in().method(method.service, method.name)
    except UsageError:
        return False
    return (ours.verb, ours.route) == (method.verb, method.route)


def of_service(source: str) -> tuple[str, ...]:
    """
    Return what the deployment says of a service, as of a method.

    Args:
        source: Of the service, as the library says it.
    """
    return _of_record(references.written(source)[0])


def _of_record(written: str) -> tuple[str, ...]:
    record: dict[str, Any] = json.loads(written) if '"said":' in written else {}
    said = tuple(record.get("said", ()))
    # What our own summary says already is not said twice.
    known = {record.get(key, "").strip(" .") for key in ("summary", "title")}
    return () if {each.strip(" .") for each in said} <= known else said
