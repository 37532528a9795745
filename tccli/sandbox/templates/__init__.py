"""
JSON-e as the services render it: with JavaScript's numbers, truth, equality and dates.

The library ``json-e`` for Python renders some templates in another way than its original in JavaScript, so only its
parser of expressions is used.

Source: json-e.js.org, and the behavior of json-e 4.8 in Node.js.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.templates.errors import TemplateError
from tccli.sandbox.templates.operators import render_template

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TemplateError", "render"]


def render(template: Any, context: Mapping[str, Any]) -> Any:
    """
    Return the rendered template; None if it renders to nothing.

    Args:
        context: Values by identifier, and functions of values. It has ``now``.

    Raises:
        TemplateError: The template cannot be rendered.
    """
    try:
        return render_template(template, context)
    except RecursionError:
        raise TemplateError("the template is nested too deeply") from None
