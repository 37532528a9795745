"""
What a payload that is made up may hold, so that it is useful to edit.

``docs/example_values.json`` holds a value for fields by their names. As in ``parameters.json``, a name counts for all
services unless there is a ``service.name`` or a ``service.method.name``; the name may be a path, ``link.href``. Of a
field that is a point in time it holds how far that lies from now. Where it has nothing, the example of a parameter of
that name is taken.
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
    Return values that a field of a method's payload may have, best first.

    Args:
        path: Names from the payload to the field; positions in lists do not count.
    """
    if not path:
        return []
    known = _known()["values"]
    names = dict.fromkeys((".".join(path), path[-1]))
    keys = [f"{where}{name}" for where in (f"{method.id}.", f"{method.service}.", "") for name in names]
    example = load_parameter_docs(method, path[-1]).example
    return [*(known[key] for key in keys if key in known), *([example] if example else [])]


def extra_required(method: Method) -> tuple[str, ...]:
    """
    Return the fields without which a payload is refused or of no use, beside those that the schema requires.
    """
    return tuple(_known()["needed"].get(method.id, ()))


@cache
def _known() -> Mapping[str, Any]:
    with open(os.path.join(DOCS_DIRECTORY, "example_values.json"), encoding="utf-8") as file:
        known: dict[str, Any] = json.load(file)
    return known
