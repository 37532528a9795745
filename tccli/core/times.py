"""
Offsets (``2 days 3 hours``), durations (``30s``) and timestamps.

Pure: the clock is an argument.

Source: the ``fromNow`` function of the JavaScript client. All clients use its units, spellings and lengths: a year is
365 days, a month 30.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tccli.errors import UsageError

_UNITS = (
    (("year", "years", "yr", "y"), timedelta(days=365)),
    (("month", "months", "mo"), timedelta(days=30)),
    (("week", "weeks", "wk", "w"), timedelta(weeks=1)),
    (("day", "days", "d"), timedelta(days=1)),
    (("hour", "hours", "hr", "h"), timedelta(hours=1)),
    (("minute", "minutes", "min", "m"), timedelta(minutes=1)),
    (("second", "seconds", "sec", "s"), timedelta(seconds=1)),
)
_PLACES = {name: place for place, (names, _) in enumerate(_UNITS) for name in names}
_OFFSET_HINT = "write it like '2 days 3 hours' or '-1h30m', units from years to seconds in that order"
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def parse_offset(text: str) -> timedelta:
    """
    Return an offset such as ``-1h30m``; an empty text is zero.

    Raises:
        UsageError: *text* is not an offset, or leads beyond the year 9999.
    """
    found = re.fullmatch(r"\s*([+-]?)\s*((?:[0-9]+\s*[A-Za-z]+\s*)*)", text, re.ASCII)
    parts = re.findall(r"([0-9]+)\s*([A-Za-z]+)", found[2]) if found else []
    places = [_PLACES.get(unit.lower(), -1) for _, unit in parts]
    if not found or -1 in places or places != sorted(set(places)):
        raise UsageError(f"{text!r} is not an offset", hint=_OFFSET_HINT)
    try:
        total = sum(
            (int(count) * _UNITS[place][1] for (count, _), place in zip(parts, places, strict=True)), timedelta()
        )
    except (OverflowError, ValueError):
        raise _out_of_range(text) from None
    return -total if found[1] == "-" else total


def from_now(text: str, *, now: datetime) -> datetime:
    """
    Return *now* plus the offset *text*.

    Raises:
        UsageError: *text* is not an offset, or the result is not in the years 1 to 9999.
    """
    try:
        return now + parse_offset(text)
    except OverflowError:
        raise _out_of_range(text) from None


def parse_timestamp(text: str) -> datetime:
    """
    Return the instant of an ISO 8601 timestamp; one without a zone is UTC.

    Raises:
        UsageError: *text* is not a timestamp.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a timestamp", hint="write it like 2026-01-31T12:00:00Z") from None


def parse_instant(text: str, *, now: datetime) -> datetime:
    """
    Return the instant of a timestamp, of whole seconds from now, of an offset from now, or of the word now.

    Raises:
        UsageError: *text* is neither of these.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return from_now(f"{text} seconds", now=now)
    if re.match(r"[0-9]{4}-[0-9]{2}", text, re.ASCII):
        return parse_timestamp(text)
    if not text:
        raise UsageError("time is empty", hint=_OFFSET_HINT)
    if text.lower() == "now":
        return now
    return from_now(text, now=now)


def parse_expiry(text: str, *, now: datetime) -> datetime:
    """
    Return the time that ``--expires`` gives, as of `parse_instant`.

    Raises:
        UsageError: It is malformed or in the past.
    """
    expires = parse_instant(text, now=now)
    if expires <= now:
        raise UsageError(f"--expires {text!r} is in the past")
    return expires


def parse_duration(text: str) -> float:
    """
    Return seconds: a number of them, or one with a unit (``100ms``, ``30s``, ``5m``, ``1h``).

    Raises:
        UsageError: *text* is not a duration.
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|s|m|h|)\s*", text, re.ASCII)
    if not found:
        raise UsageError(f"{text!r} is not a duration", hint="write seconds, or a number with ms, s, m or h")
    return float(found[1]) * _DURATION_UNITS[found[2]]


def parse_span(text: str) -> timedelta:
    """
    Return a length of time: an offset such as ``1d`` or ``2 hours``, or a duration as of `parse_duration`.

    Raises:
        UsageError: *text* is neither, or it is negative.
    """
    try:
        if re.fullmatch(r"\s*[0-9.]+\s*(ms|s|m|h|)\s*", text, re.ASCII):
            return timedelta(seconds=parse_duration(text))
        span = parse_offset(text)
    except UsageError:
        # Their hints are about points in time, which may be in the past.
        span = None
    if span is None or span < timedelta() or not text.strip():
        raise UsageError(f"{text!r} is not a length of time", hint="write it like 90s, 15m or '1 day 2 hours'")
    return span


def format_span(seconds: float) -> str:
    """
    Return a length of time for people, in its two largest units: ``1 d 3 h``, ``1 min 6 s``, ``0 s``.
    """
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def format_timestamp(instant: datetime) -> str:
    """
    Return *instant* in the services' format: UTC with milliseconds and ``Z``.
    """
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".rjust(24, "0")


def milliseconds(instant: datetime) -> int:
    """
    Return *instant* as Unix time in milliseconds, rounded down.
    """
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _out_of_range(text: str) -> UsageError:
    return UsageError(f"{text!r} is out of range: years are 1 to 9999")
