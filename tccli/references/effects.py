"""
What a call of a method does: facts about the services, which the published references do not have.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING

from tccli.errors import UsageError
from tccli.references.library import method as built_in_method
from tccli.references.model import DATA_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references.model import Method

READS = "reads"
RETURNS_SECRETS = "returns_secrets"
CHANGES = "changes"


def find_effect(method: Method) -> str:
    """
    Return ``reads`` for a method that changes nothing, ``returns_secrets`` for one that changes nothing but returns
    secrets or rights, and ``changes`` for all others, unknown ones included.

    The verb does not tell: some reads are a POST, and a GET can create something.
    """
    effect = load_effects().get(method.id, CHANGES)
    if effect != CHANGES and not method.reference.is_built_in and not _is_built_in(method):
        # A deployment, or a file of --reference, may give the name to another call.
        return CHANGES
    return effect


def _is_built_in(method: Method) -> bool:
    try:
        known = built_in_method(method.service, method.name)
    except UsageError:
        return False
    return (known.verb, known.version, known.route) == (method.verb, method.version, method.route)


@cache
def load_effects() -> Mapping[str, str]:
    """
    Return the marks of built-in methods by id; a method without one changes something.
    """
    with open(os.path.join(DATA_DIRECTORY, "effects.json"), encoding="utf-8") as file:
        marks: dict[str, list[str]] = json.load(file)
    return {method_id: effect for effect, method_ids in marks.items() for method_id in method_ids}
