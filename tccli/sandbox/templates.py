"""
JSON-e templates, with one exception for every failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsone

if TYPE_CHECKING:
    from collections.abc import Mapping

# The library does not convert these, which an operator raises for unexpected values.
UNCONVERTED_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,  # also from a StopIteration in a generator
    StopIteration,
    TypeError,
    ValueError,
)


class TemplateError(Exception):
    """
    A template cannot be rendered; the message says where and why.
    """


def render(template: Any, context: Mapping[str, Any]) -> Any:
    """
    Return the rendered template; None if it renders to nothing.

    Raises:
        TemplateError: The template cannot be rendered.
    """
    try:
        return jsone.render(template, dict(context))
    except jsone.JSONTemplateError as error:
        raise TemplateError(str(error)) from None
    except UNCONVERTED_ERRORS as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from None
