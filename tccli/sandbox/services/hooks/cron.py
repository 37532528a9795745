"""
Patterns of schedules in the syntax of the JavaScript library cron-parser 5.6: up to six fields, seconds first, in UTC.

Source: the parser of that library. It accepts what others reject, such as ``1-2-3``, or ``mon`` as a month.
"""

from __future__ import annotations

import random
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NICKNAMES = {
    "@secondly": "* * * * * *",
    "@minutely": "0 * * * * *",
    "@hourly": "0 0 * * * *",
    "@daily": "0 0 0 * * *",
    "@weekly": "0 0 0 * * 0",
    "@weekdays": "0 0 0 * * 1-5",
    "@weekends": "0 0 0 * * 0,6",
    "@monthly": "0 0 0 1 * *",
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
}
DEFAULT_FIELDS = ("*", "*", "*", "*", "*", "0")
"""Defaults of fields; a pattern with fewer fields lacks the first ones."""
WILDCARDS = ("*", "?")
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NEVER = 64_063_008_000_000
"""The next date of a hook without a schedule, in milliseconds."""
MAX_DAYS = 9 * 366
"""The longest time without 29 February is 8 years."""
MONTHS = ("", *["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HASHED = re.compile(r"H(?:\((\d+)-(\d+)\))?(?:/(\d+))?", re.ASCII)
_HAS_HASH = re.compile(r"H(\(\d+-\d+\)|/\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """
    A kind of field: its values, and whether it may have ``L``, for last, and names.
    """

    low: int
    high: int
    has_last: bool = False
    has_names: bool = False


FIELDS = (
    Field(0, 59),
    Field(0, 59),
    Field(0, 23),
    Field(1, 31, has_last=True),
    Field(1, 12, has_names=True),
    Field(0, 7, has_last=True, has_names=True),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    A parsed pattern.

    Attributes:
        days: Of the month; *last_day* adds the last one.
        weekdays: From 0, Sunday; *last_weekdays* are those of the last week of a month.
        nth: The week of the month to which weekdays are limited, or 0.
        has_day, has_weekday: Whether the pattern limits these. If it limits both, one of them is enough.
    """

    seconds: list[int]
    minutes: list[int]
    hours: list[int]
    days: set[int]
    months: set[int]
    weekdays: set[int]
    last_day: bool
    last_weekdays: set[int] | None
    nth: int
    has_day: bool
    has_weekday: bool

    def find_next(self, now: int) -> int | None:
        """
        Return the first time after *now* that matches, in milliseconds since 1970; None if there is none.
        """
        after = datetime.fromtimestamp(now // 1000 + 1, UTC)
        earliest = after.time()
        for number in range(MAX_DAYS):
            day = after.date() + timedelta(days=number)
            found = self._find_time(earliest) if self._matches(day) else None
            if found is not None:
                return int(datetime.combine(day, found, UTC).timestamp()) * 1000
            earliest = time()
        return None

    def _find_time(self, earliest: time) -> time | None:
        times = (time(*clock) for clock in product(self.hours, self.minutes, self.seconds))
        return next((found for found in times if found >= earliest), None)

    def _matches(self, day: date) -> bool:
        if day.month not in self.months or (self.nth and (day.day + 6) // 7 != self.nth):
            return False
        days_in_month = monthrange(day.year, day.month)[1]
        weekday, is_last_week = day.isoweekday() % 7, day.day > days_in_month - 7
        is_day = day.day in self.days or (self.last_day and day.day == days_in_month)
        is_weekday = weekday in self.weekdays or (is_last_week and weekday in (self.last_weekdays or ()))
        if self.has_day and self.has_weekday:
            return is_day or is_weekday
        return is_day if self.has_day else is_weekday if self.has_weekday else True


def parse(pattern: str) -> Pattern:
    """
    Parse a pattern.

    Raises:
        ValueError: The services do not accept it.
    """
    written = NICKNAMES.get(pattern, pattern or "0 * * * * *").strip().split() or [""]
    if len(written) > len(DEFAULT_FIELDS):
        raise ValueError("Invalid cron expression, too many fields")
    written = [*DEFAULT_FIELDS[len(written) :], *written]
    # A pattern always has the same values for H.
    chance = random.Random(pattern)  # noqa: S311 - not for secrets
    weekday, nth = _split_nth(written[-1])
    raw = [*written[:-1], weekday]
    values = [_parse_field(text, field, chance.random()) for text, field in zip(raw, FIELDS, strict=True)]
    seconds, minutes, hours, days, months, weekdays = (
        [value for value in each if isinstance(value, int)] for each in values
    )
    has_weekday = written[-1] not in WILDCARDS
    if not has_weekday and len(months) == 1 and "L" not in raw[3] and days[0] > DAYS_IN_MONTH[months[0] - 1]:
        raise ValueError("Invalid explicit day of month definition")
    return Pattern(
        seconds,
        minutes,
        hours,
        set(days),
        set(months),
        {day % 7 for day in weekdays},
        last_day="L" in raw[3],
        last_weekdays=_find_last_weekdays(values[5]) if "L" in weekday else set(),
        nth=nth,
        has_day=raw[3] not in WILDCARDS,
        has_weekday=has_weekday,
    )


def next_date(pattern: str, now: int) -> int:
    """
    Return when a pattern matches next, in milliseconds since 1970.

    Raises:
        ValueError: The pattern is not valid.
        LookupError: It is ``L`` for the weekday, which is valid and has no date.
    """
    parsed = parse(pattern)
    if parsed.last_weekdays is None:
        raise LookupError("Invalid last weekday of the month expression: L")
    found = parsed.find_next(now)
    return NEVER if found is None else found


def _find_last_weekdays(values: list[int | str]) -> set[int] | None:
    # By their first digit; None if one has none, which is an error only when a date is computed.
    first = [str(value)[0] for value in values]
    return {int(digit) % 7 for digit in first} if all(map(str.isdigit, first)) else None


def _split_nth(text: str) -> tuple[str, int]:
    # The day of the week, and the occurrence in the month.
    weekday, *nth = text.split("#")
    if not nth:
        return weekday, 0
    found = re.search("[,-/]", text)
    if found:
        raise ValueError(f"Constraint error, invalid dayOfWeek `#` and `{found[0]}` are incompatible")
    if len(nth) > 1 or nth[0] not in {"1", "2", "3", "4", "5"}:
        raise ValueError("Constraint error, invalid dayOfWeek occurrence number (#)")
    return weekday, int(nth[0])


def _parse_field(text: str, field: Field, chance: float) -> list[int | str]:
    # Numbers, sorted, and then texts with L.
    if field.has_names:
        text = re.sub("[a-zA-Z]{3}", lambda found: _number(found[0].lower()), text)
    allowed = "?,*0-9H/" + ("L" if field.has_last else "") + "-"
    if not re.fullmatch(f"[{allowed}]+", text) and not _HAS_HASH.search(text):
        raise ValueError(f"Invalid characters, got value: {text}")
    text = re.sub(r"[*?]", f"{field.low}-{field.high}", text)
    text = _HASHED.sub(lambda found: _choose(found, field, chance), text)
    values = [value for item in text.split(",") for value in _parse_item(item, field)]
    numbers = sorted(value for value in values if isinstance(value, int))
    # As in the library, a duplicate 0 hides all others.
    if next((one for one, other in pairwise(numbers) if one == other), 0):
        raise ValueError("Validation error, duplicate values found")
    return [*numbers, *(value for value in values if isinstance(value, str))]


def _number(name: str) -> str:
    for names in (MONTHS, DAYS):
        if name in names:
            return str(names.index(name))
    raise ValueError(f'Validation error, cannot resolve alias "{name}"')


def _choose(found: re.Match[str], field: Field, chance: float) -> str:
    low, high, step = (None if number is None else int(number) for number in found.groups())
    if low is None or high is None:
        low, high = field.low, field.high
    if low > high:
        raise ValueError(f"Invalid range: {low}-{high}, min > max")
    if step is None:
        return str(int(chance * (high - low + 1)) + low)
    if step == 0:
        raise ValueError("Invalid step: 0, must be positive")
    first = max(low, field.low)
    begin = first // step * step + int(chance * step)
    return ",".join(str(value) for value in range(begin, high + 1, step) if value >= first)


def _parse_item(item: str, field: Field) -> Sequence[int | str]:
    if not item:
        raise ValueError("Invalid list value format")
    bounds, *steps = item.split("/")
    if len(steps) > 1:
        raise ValueError(f"Invalid repeat: {item}")
    if steps and "-" not in bounds:
        bounds = f"{bounds}-{field.high}"
    if "-" in bounds:
        return _expand_range(bounds, steps, field)
    if re.fullmatch(r"\d{0,2}L", bounds, re.ASCII) and field.has_last:
        return [bounds]
    if not bounds.isdigit() or not field.low <= int(bounds) <= field.high:
        raise ValueError(f"Constraint error, got value {bounds} expected range {field.low}-{field.high}")
    return [int(bounds) % 7 if field is FIELDS[-1] else int(bounds)]


def _expand_range(bounds: str, steps: list[str], field: Field) -> list[int]:
    low, high, *_ = (re.match(r"\d+", bound, re.ASCII) for bound in bounds.split("-"))
    if low is None or high is None or not field.low <= int(low[0]) or not int(high[0]) <= field.high:
        raise ValueError(f"Constraint error, got range {bounds} expected range {field.low}-{field.high}")
    if int(low[0]) > int(high[0]):
        raise ValueError(f"Invalid range: {bounds}, min > max")
    step = re.match(r"\d+", steps[0], re.ASCII) if steps else None
    if steps and (step is None or int(step[0]) == 0):
        raise ValueError(f"Constraint error, cannot repeat at every {steps[0]} time.")
    values = [*range(int(low[0]), int(high[0]) + 1, int(step[0]) if step else 1)]
    # Sunday is both 0 and 7.
    if field is FIELDS[-1] and int(high[0]) % 7 == 0 and 0 not in values:
        values.insert(0, 0)
    return values
