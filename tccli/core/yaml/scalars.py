"""
Scalars of YAML 1.2 as js-yaml resolves them: null, booleans, numbers, timestamps and text.

Source: js-yaml 4.3, lib/type/.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

NULLS = {"", "~", "null", "Null", "NULL"}
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGERS = {
    2: re.compile(r"([-+]?)0b([01]+)"),
    8: re.compile(r"([-+]?)0o([0-7]+)"),
    16: re.compile(r"([-+]?)0x([0-9a-fA-F]+)"),
}
DECIMAL = re.compile(r"[-+]?[0-9]+")
FLOAT = re.compile(r"(?:[-+]?[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
TIMESTAMP = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{0,3})[0-9]*)?"
    r"(?:[ \t]*(?:Z|(?P<sign>[-+])(?P<offset_hours>[0-9]{1,2})(?::(?P<offset_minutes>[0-9]{2}))?))?)?"
)
MAX_INTEGER_BITS = 1024
"""JavaScript cannot represent larger numbers, so they stay text."""


class YamlError(ValueError):
    """
    The text cannot be read. The message is one line that gives the reason and the place, without the file's name.

    Args:
        mark: Where it is: a position of PyYAML, counted from 0.
    """

    def __init__(self, reason: str, mark: Any = None) -> None:
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        super().__init__(" ".join(f"{reason}{where}".split()))


def resolve(text: str) -> Any:
    """
    Return the value of a plain scalar: None, a boolean, a number (infinite ones too), or text.
    """
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    number = _number(text) if text[0] in "+-.0123456789" else None
    if number is not None:
        return number
    return parse_timestamp(text) or text


def _number(text: str) -> int | float | None:
    if NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    for base, pattern in INTEGERS.items():
        if match := pattern.fullmatch(text):
            value = int(match[1] + match[2], base)
            return value if value.bit_length() <= MAX_INTEGER_BITS else None
    if not FLOAT.fullmatch(text) or not math.isfinite(float(text)):
        return None
    if not DECIMAL.fullmatch(text):
        return float(text)
    # Without leading zeros: Python converts at most 4300 digits.
    value = int(text.lstrip("+-0") or "0")
    return -value if text.startswith("-") else value


def parse_timestamp(text: str) -> str | None:
    """
    Return *text* as ``Date.toISOString`` shows it, or None if it is not a timestamp.

    Months, days and hours beyond their range roll over.

    Raises:
        YamlError: The time is not within the years 1 to 9999.
    """
    match = TIMESTAMP.fullmatch(text)
    # A date without a time must have two digits for month and day.
    if not match or (match["hour"] is None and len(text) != len("2026-01-01")):
        return None
    parts = {name: int(part) if (part or "").isdigit() else 0 for name, part in match.groupdict().items()}
    # Date.UTC takes years below 100 as years of the 20th century.
    year = parts["year"] + (1900 if parts["year"] < 100 else 0)
    years, month = divmod(parts["month"] - 1, 12)
    offset = timedelta(hours=parts["offset_hours"], minutes=parts["offset_minutes"])
    try:
        moment = datetime(year + years, month + 1, 1, tzinfo=UTC) + timedelta(
            days=parts["day"] - 1,
            hours=parts["hour"],
            minutes=parts["minute"],
            seconds=parts["second"],
            milliseconds=int((match["fraction"] or "")[:3].ljust(3, "0")),
        )
        moment -= -offset if match["sign"] == "-" else offset
    except (ValueError, OverflowError):
        raise YamlError(f"{text} is not within the years 1 to 9999") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
