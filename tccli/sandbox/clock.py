"""
The deployment's clock and its timestamps: milliseconds since 1970 inside, RFC 3339 outside.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CYCLE_YEARS = 400
"""After so many years, dates repeat."""
CYCLE_SECONDS = 146_097 * DAY // 1000
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


class Clock:
    """
    The real time plus an offset.

    Attributes:
        offset: Milliseconds; may be changed at any time.
        is_moved: Whether a user set the offset. Signatures by the real time are then valid, too.
    """

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.is_moved = False

    def now(self) -> int:
        """
        Return milliseconds since 1970.
        """
        return time.time_ns() // 1_000_000 + self.offset


class InvalidTimeError(ValueError):
    """
    A timestamp passes its schema and is not a time.
    """


def to_json(instant: int) -> str:
    """
    Format milliseconds since 1970 as JavaScript's ``Date`` does: ``2026-01-31T12:00:00.000Z``.
    """
    seconds, milliseconds = divmod(instant, 1000)
    # Python's years go from 1 to 9999.
    is_outside = not _FIRST_SECOND <= seconds <= _LAST_SECOND
    cycles, rest = divmod(seconds - _FIRST_SECOND, CYCLE_SECONDS) if is_outside else (0, seconds - _FIRST_SECOND)
    moment = datetime.fromtimestamp(_FIRST_SECOND + rest, UTC)
    year = moment.year + cycles * CYCLE_YEARS
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    return f"{written}-{moment:%m-%dT%H:%M:%S}.{milliseconds:03}Z"


def to_database_json(instant: int) -> str:
    """
    Format milliseconds since 1970 as PostgreSQL's JSON does: with an offset, without zeros that end the fraction.
    """
    seconds, milliseconds = divmod(instant, 1000)
    fraction = f".{milliseconds:03}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def from_json(text: str) -> int:
    """
    Parse an RFC 3339 timestamp to milliseconds since 1970; finer digits are dropped. Without a zone it is UTC.

    Raises:
        InvalidTimeError: *text* is not a timestamp, or has a leap second or an offset of a day or without minutes.
    """
    if re.search(r"[+-]\d\d\Z", text):
        raise InvalidTimeError("the offset has no minutes")
    shift = -1 if text.startswith("0000") else 0
    try:
        moment = datetime.fromisoformat((f"0{CYCLE_YEARS}" + text[4:] if shift else text).upper())
    except ValueError as error:
        raise InvalidTimeError(str(error)) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * DAY + since.seconds * 1000 + since.microseconds // 1000) + shift * CYCLE_SECONDS * 1000


def from_database_input(text: str) -> int:
    """
    Parse a timestamp as PostgreSQL does, which services pass some of them to: second 60 is the next minute.

    Raises:
        InvalidTimeError: The year is 0, the offset is 16 hours or more, or a leap second has a fraction.
    """
    if re.search(r"\A0000|[+-](1[6-9]|2\d):\d\d\Z", text):
        raise InvalidTimeError("the timestamp is out of range")
    whole, is_leap = re.subn(r"\A(.{17})60(?!\.0*[1-9])", r"\g<1>59", text)
    return from_json(whole) + 1000 * is_leap


def one_year_after(instant: int) -> int:
    """
    Return the same day and time one year later; 29 February becomes 1 March.
    """
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    try:
        later = moment.replace(year=moment.year + 1)
    except ValueError:
        later = moment.replace(year=moment.year + 1, month=3, day=1)
    return int(later.timestamp()) * 1000 + instant % 1000
