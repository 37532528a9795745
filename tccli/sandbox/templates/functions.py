"""
The functions of expressions.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.sandbox.clock import DAY, HOUR, MINUTE
from tccli.sandbox.javascript import dates
from tccli.sandbox.javascript.values import WHITESPACE, Date, is_integer, is_number, join, to_double, to_number, to_text
from tccli.sandbox.templates.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RANGE_LENGTH = 1_000_000
"""Node.js would run out of memory later."""

_OFFSET = re.compile(
    r"(?:\s*([+-]))?(?:\s*(\d+)\s*(?:y|year|years|yr))?(?:\s*(\d+)\s*(?:months|month|mo))?(?:\s*(\d+)\s*(?:weeks|week|wk|w))?"
    r"(?:\s*(\d+)\s*(?:days|day|d))?(?:\s*(\d+)\s*(?:hours|hour|hr|h))?(?:\s*(\d+)\s*(?:minutes|minute|min|m))?"
    r"(?:\s*(\d+)\s*(?:seconds|second|sec|s))?\s*",
    re.ASCII | re.IGNORECASE,
)
_UNITS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, 1000)


class Function(NamedTuple):
    """
    A function of expressions.

    Attributes:
        kinds: Types of the arguments, in words separated by spaces.
        minimum: Of the number of arguments; None for as many as *kinds*.
        rest: The types of any further arguments.
        needs_context: Whether the first argument is the context.
    """

    name: str
    kinds: tuple[str, ...]
    function: Callable[..., Any]
    minimum: int | None = None
    rest: str | None = None
    needs_context: bool = False

    def call(self, context: dict[str, Any], values: list[Any]) -> Any:
        """
        Check the arguments, and return the result.

        Raises:
            TemplateError: There are too few arguments, too many, or some of another type.
        """
        kinds = list(self.kinds) + [self.rest or ""] * (len(values) - len(self.kinds))
        minimum = len(self.kinds) if self.minimum is None else self.minimum
        if len(values) < minimum or not all(map(_is_any_of, values, kinds)):
            raise TemplateError(f"invalid arguments to builtin: {self.name}", "BuiltinError")
        return self.function(context, *values) if self.needs_context else self.function(*values)


def is_function(value: Any) -> bool:
    """
    Return whether *value* can be called: one of these functions, or one of the caller.
    """
    return isinstance(value, Function) or callable(value)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "number": is_number,
    "integer": is_integer,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "function": is_function,
    "null": lambda value: value is None,
}


def _is_any_of(value: Any, kinds: str) -> bool:
    return any(_CHECKS[kind](value) for kind in kinds.split())


def add_offset(offset: str, reference: Any) -> str | None:
    """
    Return the time at *offset* from *reference*, or None if that is not a date.

    Args:
        offset: Such as ``1 day`` or ``-2 hours 5 minutes``; a year has 365 days, a month 30.
        reference: A text that ``Date.parse`` accepts, milliseconds since 1970, or a date.

    Raises:
        TemplateError: *offset* is not a time expression.
    """
    found = _OFFSET.fullmatch(offset)
    if found is None:
        raise TemplateError(f"String: '{offset}' isn't a time expression", "Error")
    sign, *numbers = found.groups()
    delta = sum(int(number or 0) * unit for number, unit in zip(numbers, _UNITS, strict=True))
    if is_number(reference) or isinstance(reference, bool):
        start = int(reference) if math.isfinite(reference) else None
    else:
        start = dates.parse(reference.text if isinstance(reference, Date) else to_text(reference))
    return None if start is None else dates.to_iso(start - delta if sign == "-" else start + delta)


def _from_now(context: dict[str, Any], offset: str, reference: str = "", *_: str) -> str | None:
    return add_offset(offset, reference or context["now"])


def _range(start: int, stop: int, step: float = 1, *_: float) -> list[float]:
    length = math.nan if stop == start and not step else math.inf if not step else math.ceil((stop - start) / step)
    if length > MAX_RANGE_LENGTH:
        raise TemplateError("Invalid array length", "RangeError")
    return [] if math.isnan(length) else [to_double(start + number * step) for number in range(int(length))]


def _split(text: str, separator: Any) -> list[str]:
    separator = to_text(separator)
    if separator:
        return text.split(separator)
    units = text.encode("utf-16-le", "surrogatepass")
    return [units[place : place + 2].decode("utf-16-le", "surrogatepass") for place in range(0, len(units), 2)]


def _type(value: Any) -> str:
    order = ("string", "number", "boolean", "array", "object", "function", "null")
    return next(kind for kind in order if _CHECKS[kind](value))


def _round(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: function(value) if math.isfinite(value) else value


def _extreme(function: Callable[..., float]) -> Callable[..., float]:
    return lambda *values: math.nan if any(map(math.isnan, values)) else function(values)


ANY = "string number boolean array object null function"
FUNCTIONS = {
    function.name: function
    for function in (
        Function("max", (), _extreme(max), minimum=1, rest="number"),
        Function("min", (), _extreme(min), minimum=1, rest="number"),
        Function("sqrt", ("number",), lambda value: math.nan if value < 0 else to_double(math.sqrt(value))),
        Function("ceil", ("number",), _round(math.ceil)),
        Function("floor", ("number",), _round(math.floor)),
        Function("abs", ("number",), abs),
        Function("range", ("integer", "integer", "integer"), _range, minimum=2, rest="number"),
        Function("lowercase", ("string",), str.lower),
        Function("uppercase", ("string",), str.upper),
        Function("str", ("string number boolean null",), to_text),
        Function("number", ("string",), to_number),
        Function("len", ("string array",), len),
        Function("strip", ("string",), lambda text: text.strip(WHITESPACE)),
        Function("rstrip", ("string",), lambda text: text.rstrip(WHITESPACE)),
        Function("lstrip", ("string",), lambda text: text.lstrip(WHITESPACE)),
        Function("split", ("string", "string number"), _split),
        Function("join", ("array", "string number"), lambda values, separator: join(values, to_text(separator))),
        Function("fromNow", (), _from_now, minimum=1, rest="string", needs_context=True),
        Function("typeof", (ANY,), _type),
        Function("defined", ("string",), lambda context, name: name in context, needs_context=True),
    )
}
