"""
Values for the fields of example payloads.

``docs/example_values.json`` has values by the names of fields. As in ``parameters.json``, a name applies to all
services unless there is a ``service.name`` or a ``service.method.name``; it may be a path, ``link.href``. The value for
a timestamp is its offset from now. A field without a value gets the example of the parameter of that name.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from tccli.references.method_docs import DOCS_DIRECTORY, load_parameter_docs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method


def suggest_values(method: Method, path: tuple[str, ...]) -> list[Any]:
    """
    Return values for a field of a method's payload, best first.

    Args:
        path: Names from the payload to the field, without positions in lists.
    """
    if not path:
        return []
    values = _load()["values"]
    names = dict.fromkeys((".".join(path), path[-1]))
    keys = [f"{where}{name}" for where in (f"{method.id}.", f"{method.service}.", "") for name in names]
    example = load_parameter_docs(method, path[-1]).example
    return [*(values[key] for key in keys if key in values), *([example] if example else [])]


def extra_required(method: Method) -> tuple[str, ...]:
    """
    Return the fields that a payload needs although the schema does not require them.
    """
    return tuple(_load()["needed"].get(method.id, ()))


@cache
def _load() -> Mapping[str, Any]:
    with open(os.path.join(DOCS_DIRECTORY, "example_values.json"), encoding="utf-8") as file:
        content: dict[str, Any] = json.load(file)
    return content
