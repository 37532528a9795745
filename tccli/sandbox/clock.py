"""
The deployment's time: in milliseconds, movable, and as the services write it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock:
    """
    The real time, moved by *offset* milliseconds.

    Attributes:
        offset: May be changed at any time.
        was_moved: Whether somebody moved it on purpose: signatures by the real time are good then, too.
    """

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.was_moved = False

    def now(self) -> int:
        """
        Return milliseconds since 1970.
        """
        return time.time_ns() // 1_000_000 + self.offset


def to_json(instant: int) -> str:
    """
    Write milliseconds since 1970 the way JavaScript's dates do: ``2026-01-31T12:00:00.000Z``.
    """
    seconds, milliseconds = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


def from_json(text: str) -> int:
    """
    Read an RFC 3339 timestamp to milliseconds since 1970; finer digits are dropped.

    Raises:
        ValueError: *text* is none.
    """
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * DAY + since.seconds * 1000 + since.microseconds // 1000


def one_year_after(instant: int) -> int:
    """
    Return the same day and time a year later; 29 February becomes 1 March.
    """
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    try:
        later = moment.replace(year=moment.year + 1)
    except ValueError:
        later = moment.replace(year=moment.year + 1, month=3, day=1)
    return int(later.timestamp()) * 1000 + instant % 1000
