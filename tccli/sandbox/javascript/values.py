"""
JavaScript's values: numbers, truth, equality, and conversion to text.

Values are those of JSON, and functions. All numbers are doubles; whole ones are an ``int`` here if they are exact.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from tccli.sandbox.http.json_text import escape_surrogates

MAX_SAFE_INTEGER = 2**53
MAX_PLAIN_DIGITS = 21
MAX_LEADING_ZEROS = 6
WHITESPACE = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


class Date(dict[str, Any]):
    """
    A ``Date``: an object without properties of its own, and a text in JSON.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def replace_dates(document: Any) -> Any:
    """
    Return *document* as JSON has it: with the texts of dates.
    """
    if isinstance(document, Date):
        return document.text
    if isinstance(document, dict):
        return {name: replace_dates(value) for name, value in document.items()}
    return [*map(replace_dates, document)] if isinstance(document, list) else document


def is_number(value: Any) -> bool:
    """
    Return whether *value* is a number; a boolean is not.
    """
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """
    Return whether *value* is a number without a fraction.
    """
    return is_number(value) and float(value).is_integer()


def to_double(value: float) -> float:
    """
    Return the double nearest to *value*; an ``int`` if it is a whole number that doubles represent exactly.
    """
    if isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER:
        return value
    try:
        double = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return int(double) if double.is_integer() and abs(double) <= MAX_SAFE_INTEGER else double


def to_doubles(document: Any) -> Any:
    """
    Return *document* with each number as :func:`to_double` returns it.
    """
    if isinstance(document, Date):
        return document
    if isinstance(document, dict):
        return {name: to_doubles(value) for name, value in document.items()}
    if isinstance(document, list):
        return [to_doubles(value) for value in document]
    return to_double(document) if is_number(document) else document


def power(base: float, exponent: float) -> float:
    """
    Return ``Math.pow(base, exponent)``.
    """
    if math.isnan(exponent) or (abs(base) == 1 and math.isinf(exponent)):
        return math.nan
    try:
        return to_double(math.pow(base, exponent))
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def to_number(text: str) -> float:
    """
    Return ``Number(text)``.
    """
    text = text.strip(WHITESPACE)
    digits, base = text[2:], {"0x": 16, "0o": 8, "0b": 2}.get(text[:2].lower())
    try:
        if base is not None:
            return to_double(int(digits, base)) if digits.isalnum() else math.nan
        if text.lstrip("+-") == "Infinity":
            return float(text) if len(text) <= len("+Infinity") else math.nan
        is_decimal = text.isascii() and not set(text.lower()) - set("0123456789+-.e")
        return to_double(float(text)) if is_decimal else math.nan
    except ValueError:
        return 0 if not text else math.nan


def to_text(value: Any) -> str:
    """
    Return ``String(value)``.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value):
        return number_to_text(value)
    if isinstance(value, list):
        return join(value, ",")
    return "[object Object]" if isinstance(value, dict) else "function"


def number_to_text(value: float) -> str:
    """
    Return the shortest text of a number: ``1``, ``0.1``, ``1e-7``, ``1e+21``.
    """
    value = to_double(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    sign = "-" if value < 0 else ""
    _, numerals, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    digits = "".join(map(str, numerals))
    point = len(digits) + int(exponent)
    if len(digits) <= point <= MAX_PLAIN_DIGITS:
        return sign + digits.ljust(point, "0")
    if 0 < point <= MAX_PLAIN_DIGITS:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -MAX_LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
    return f"{sign}{mantissa}e{point - 1:+}"


def join(values: list[Any], separator: str) -> str:
    """
    Return ``values.join(separator)``, in which null is empty.
    """
    return separator.join("" if value is None else to_text(value) for value in values)


def is_equal(one: Any, other: Any) -> bool:
    """
    Compare two values; lists and objects by their content. Values of different types are not equal.
    """
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(value, other[name]) for name, value in one.items())
    if is_number(one) and is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def sort_key(text: str) -> bytes:
    """
    Return a value by which texts sort as in JavaScript: by UTF-16 code units.
    """
    return text.encode("utf-16-be", "surrogatepass")


def stringify(value: Any) -> str:
    """
    Return *value* as JSON without spaces, its keys sorted.
    """
    if isinstance(value, list):
        return f"[{','.join(map(stringify, value))}]"
    if isinstance(value, Date):
        return stringify(value.text)
    if isinstance(value, dict):
        members = (f"{stringify(name)}:{stringify(value[name])}" for name in sorted(value, key=sort_key))
        return f"{{{','.join(members)}}}"
    if is_number(value):
        return number_to_text(value) if math.isfinite(value) else "null"
    return escape_surrogates(json.dumps(value, ensure_ascii=False))
