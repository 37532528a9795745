"""
JSON-e, with one error for all that can be wrong with a template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsone

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the library lets through when an operator gets something that it did not expect.
SURPRISES = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


class TemplateError(Exception):
    """
    A template cannot be rendered; the message says where and why.
    """


def render(template: Any, context: Mapping[str, Any]) -> Any:
    """
    Return what a template makes of *context*, None if that is nothing.

    Raises:
        TemplateError: It makes nothing sensible.
    """
    try:
        return jsone.render(template, dict(context))
    except jsone.JSONTemplateError as error:
        raise TemplateError(str(error)) from None
    except SURPRISES as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from None
