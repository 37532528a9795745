"""
Relative times, as ``2 days 3 hours``, and the two ways to write a length of time.

Pure: the clock is an argument.

Source: the ``fromNow`` function of the JavaScript client, whose order of units, spellings and lengths (a year is 365
days, a month 30) every client follows.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tccli.errors import UsageError

_UNITS = (
    ("years?|yr|y", timedelta(days=365)),
    ("months?|mo", timedelta(days=30)),
    ("weeks?|wk|w", timedelta(weeks=1)),
    ("days?|d", timedelta(days=1)),
    ("hours?|hr|h", timedelta(hours=1)),
    ("minutes?|min|m", timedelta(minutes=1)),
    ("seconds?|sec|s", timedelta(seconds=1)),
)
_EXAMPLE = "write it like '2 days 3 hours' or '-1h30m', units from years to seconds in that order"
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def _offset_pattern() -> re.Pattern[str]:
    units = "".join(rf"(?:([0-9]+)\s*(?:{names})\s*)?" for names, _ in _UNITS)
    return re.compile(rf"\s*([+-]?)\s*{units}", re.ASCII | re.IGNORECASE)


def parse_offset(text: str) -> timedelta:
    """
    Return the length of time that *text* says; nothing said is zero.

    Raises:
        UsageError: *text* is not of the form, or longer than a calendar reaches.
    """
    found = _offset_pattern().fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is not a length of time", hint=_EXAMPLE)
    sign, *counts = found.groups()
    try:
        total = sum(
            (int(count) * length for count, (_, length) in zip(counts, _UNITS, strict=True) if count), timedelta()
        )
    except (OverflowError, ValueError):
        raise _beyond(text) from None
    return -total if sign == "-" else total


def from_now(text: str, *, now: datetime) -> datetime:
    """
    Return *now* moved by the offset *text*.

    Raises:
        UsageError: *text* is no offset, or leads out of the calendar (years 1 to 9999).
    """
    try:
        return now + parse_offset(text)
    except OverflowError:
        raise _beyond(text) from None


def parse_timestamp(text: str) -> datetime:
    """
    Return the instant of an ISO 8601 timestamp; one without a zone is UTC.

    Raises:
        UsageError: *text* is no timestamp.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a timestamp", hint="write it like 2026-01-31T12:00:00Z") from None


def parse_instant(text: str, *, now: datetime) -> datetime:
    """
    Return the instant that *text* says: a timestamp, whole seconds from now, or an offset from now.

    Raises:
        UsageError: It is none of the three.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return from_now(f"{text} seconds", now=now)
    if re.match(r"[0-9]{4}-[0-9]{2}", text, re.ASCII):
        return parse_timestamp(text)
    if not text:
        raise UsageError("an empty time", hint=_EXAMPLE)
    return from_now(text, now=now)


def parse_duration(text: str) -> float:
    """
    Return seconds: a number of them, or one with a unit (``100ms``, ``30s``, ``5m``, ``1h``).

    Raises:
        UsageError: *text* is not of the form.
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|s|m|h|)\s*", text, re.ASCII)
    if not found:
        raise UsageError(f"{text!r} is not a duration", hint="write seconds, or a number with ms, s, m or h")
    return float(found[1]) * _DURATION_UNITS[found[2]]


def format_timestamp(instant: datetime) -> str:
    """
    Return *instant* as the services write it: UTC, milliseconds, ``Z``.
    """
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".rjust(24, "0")


def milliseconds(instant: datetime) -> int:
    """
    Return *instant* as Unix time in milliseconds, cut off and not rounded.
    """
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _beyond(text: str) -> UsageError:
    return UsageError(f"{text!r} leads out of the calendar, which ends with the year 9999")
