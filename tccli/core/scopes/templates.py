"""
Scope templates of the references: scope expressions with parameters.

Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.scopes.algebra import Expression

_PLACEHOLDER = re.compile(r"<([a-zA-Z][a-zA-Z0-9_]*)>")


def find_parameters(template: Any) -> dict[str, type]:
    """
    Return the parameters of a scope template with their types: ``{"taskId": str, "routes": list}``.

    The types are ``str``, ``list`` (of strings) and ``bool``.
    """
    if isinstance(template, str):
        return dict.fromkeys(_PLACEHOLDER.findall(template), str)
    found: dict[str, type] = {}
    for key in ("AllOf", "AnyOf"):
        for part in template.get(key, ()):
            found |= find_parameters(part)
    if "for" in template:
        found |= find_parameters(template["each"])
        found.pop(template["for"], None)
        found[template["in"]] = list
    if "if" in template:
        found |= find_parameters(template["then"]) | find_parameters(template.get("else", "")) | {template["if"]: bool}
    return found


def render_template(template: Any, values: Mapping[str, Any]) -> Expression | None:
    """
    Return a scope template with the values of its parameters.

    Args:
        template: A string with ``<name>``, ``AllOf``, ``AnyOf``, ``{"for": …, "in": …, "each": …}`` inside one of
            those, or ``{"if": …, "then": …, "else": …}``.
        values: Strings and numbers for ``<name>`` (a missing one is empty), lists for ``in``, booleans for ``if``.

    Returns:
        An expression, or None for an ``if`` without ``else`` that is false: no scope is required.

    Raises:
        TypeError: A value does not have the type of its parameter.
        ValueError: *template* is not a scope template.
    """
    if isinstance(template, str):
        return _fill(template, values)
    for key in ("AllOf", "AnyOf"):
        if key in template:
            return {key: [scope for part in template[key] for scope in _render_part(part, values)]}
    if "if" in template:
        condition = values.get(template["if"])
        if not isinstance(condition, bool):
            raise TypeError(f"{template['if']!r} must be true or false")
        branch = template["then"] if condition else template.get("else")
        return None if branch is None else render_template(branch, values)
    raise ValueError(f"not a scope template: {template!r}")


def _render_part(part: Any, values: Mapping[str, Any]) -> list[Expression]:
    if isinstance(part, str) or "for" not in part:
        rendered = render_template(part, values)
        return [] if rendered is None else [rendered]
    items = values.get(part["in"])
    if not isinstance(items, list):
        raise TypeError(f"{part['in']!r} must be a list")
    return [_fill(part["each"], {**values, part["for"]: item}) for item in items]


def _fill(template: str, values: Mapping[str, Any]) -> str:
    def fill_one(found: re.Match[str]) -> str:
        value = values.get(found[1], "")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"{found[1]!r} must be a string")
        return str(value)

    return _PLACEHOLDER.sub(fill_one, template)
