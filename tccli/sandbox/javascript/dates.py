"""
JavaScript's ``Date.parse`` as Node.js implements it, in UTC: ISO 8601, and a parser that takes nearly everything else.

Source: V8, the comments in src/date/dateparser.h and dateparser-inl.h. Checked against Node.js 20.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tccli.sandbox.clock import DAY, HOUR, MINUTE, from_json, to_json

MAX_INSTANT = 8_640_000_000_000_000
MAX_DIGITS = 9
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
HALF_DAYS = {"am": 0, "pm": 12}
ZONES = {"ut": 0, "utc": 0, "z": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
ZONES |= {"pst": -8, "pdt": -7}
MAX_DAY, MAX_HOUR, MAX_HOUR_12, MAX_MINUTE, MAX_MILLISECOND = 31, 23, 12, 59, 999

_ISO = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(-(?P<month>0[1-9]|1[0-2])(-(?P<day>0[1-9]|[12]\d|3[01]))?)?"
    r"([Tt](?P<hour>[01]\d|2[0-4]):(?P<minute>[0-5]\d)(:(?P<second>[0-5]\d)(\.(?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)?)?",
    re.ASCII,
)
_ISO_PARTS = {"year": 0, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
_ISO_DATE_AND_TIME = re.compile(r"(\d{4}|[+-]\d{6})(-\d\d){0,2}[Tt](?![A-Za-z])", re.ASCII)
_SPACE = r"\s\ufeff"
_TOKEN = re.compile(rf"(?P<number>[0-9]+)|(?P<word>[^\x00-@{_SPACE}]+)|(?P<space>[{_SPACE}])|(?P<symbol>.)", re.DOTALL)


def parse(text: str) -> int | None:
    """
    Return milliseconds since 1970, or None for an invalid date. Without a zone, it is UTC.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None if _ISO_DATE_AND_TIME.match(text) else _LegacyParser(text).parse()
    year, month, day, hour, minute, second = (int(found[name] or default) for name, default in _ISO_PARTS.items())
    time = hour * HOUR + minute * MINUTE + second * 1000 + _to_milliseconds(found["fraction"] or "0")
    if time > DAY or found["year"] == "-000000":
        return None
    zone = (found["zone"] or "Z").upper()
    offset = 0
    if zone != "Z":
        offset = (int(zone[1:3]) * HOUR + int(zone[-2:]) * MINUTE) * (-1 if zone[0] == "-" else 1)
    return _make_date(year, month, day, time - offset)


def to_iso(instant: int | None) -> str | None:
    """
    Return ``toJSON()`` of a date: None if it is invalid.
    """
    return None if instant is None or abs(instant) > MAX_INSTANT else to_json(instant)


def _make_date(year: int, month: int, day: int, time: int) -> int | None:
    # Python's years end at 9999; the calendar repeats every 400 years.
    cycles, year = divmod(year - 1, 400)
    first = from_json(f"{year + 1:04}-{month:02}-01T00:00:00Z")
    instant = first + cycles * 146_097 * DAY + (day - 1) * DAY + time
    return instant if abs(instant) <= MAX_INSTANT else None


def _to_milliseconds(digits: str) -> int:
    return int(f"{digits:0<3}"[:3])


class _InvalidDateError(Exception):
    pass


@dataclass(slots=True)
class _Zone:
    sign: int = 1
    hour: int | None = None
    minute: int | None = None

    @property
    def milliseconds(self) -> int:
        return self.sign * ((self.hour or 0) * HOUR + (self.minute or 0) * MINUTE)


@dataclass(slots=True)
class _LegacyParser:
    # Numbers before and after colons are a time, one after a sign behind a time is an offset, others are days, months
    # and years. Words before the first number are ignored, and so is what stands in parentheses.
    text: str
    days: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    month: int | None = None
    half_day: int | None = None
    zone: _Zone = field(default_factory=_Zone)
    tokens: list[tuple[str, str]] = field(default_factory=list)
    position: int = 0
    has_number: bool = False

    def parse(self) -> int | None:
        self.tokens = _tokenize(self.text)
        try:
            self._skip_iso_year()
            while self.position < len(self.tokens):
                kind, text = self._next()
                if kind == "number":
                    self._read_number(text)
                elif kind == "word":
                    self._read_word(text.lower())
                elif text in "+-" and (self.times or (self.zone.hour, self.zone.minute) == (0, 0)):
                    self._read_offset(text)
                elif text in "+-)" and self.has_number:
                    return None
            return self._join()
        except _InvalidDateError:
            return None

    def _next(self) -> tuple[str, str]:
        self.position += 1
        return self.tokens[self.position - 1]

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "")

    def _skip(self, symbol: str) -> bool:
        if self._peek() != ("symbol", symbol):
            return False
        self.position += 1
        return True

    def _skip_iso_year(self) -> None:
        # The beginning of an ISO date counts, and what does not continue it is read by the rules for other texts.
        sign = self._next()[1] if self._peek()[1] in ("+", "-") else ""
        kind, text = self._peek()
        if kind != "number" or len(text) != (6 if sign else 4):
            self.position -= bool(sign)
            return
        self.position += 1
        self.days.append(int(sign + text))
        self.has_number = True
        for maximum in (12, MAX_DAY):
            if not self._skip("-"):
                return
            kind, text = self._peek()
            if kind != "number" or len(text) != 2 or not 1 <= int(text) <= maximum:
                return
            self.position += 1
            self.days.append(int(text))

    def _read_number(self, text: str) -> None:
        number = int(text.lstrip("0")[:MAX_DIGITS] or "0")
        self.has_number = True
        if self._skip(":"):
            self._add_time(number)
            if self._skip(":"):
                if len(self.times) > 1:
                    raise _InvalidDateError
                self._add_time(0)
            else:
                self._skip(".")
            return
        has_point = self._skip(".")
        if has_point and self._expects_time(number):
            kind, fraction = self._next() if self._peek()[0] == "number" else ("", "")
            if not kind:
                raise _InvalidDateError
            self._end_time(number, _to_milliseconds(fraction))
        elif self.zone.hour is not None and self.zone.minute is None and number <= MAX_MINUTE:
            self.zone.minute = number
        elif self._expects_time(number):
            self._end_time(number)
            kind, following = self._peek()
            if kind not in ("end", "space") and following.lower() not in ("z", "+", "-"):
                raise _InvalidDateError
        else:
            if len(self.days) == 3:
                raise _InvalidDateError
            self.days.append(number)
            self._skip("-")

    def _expects_time(self, number: int) -> bool:
        maximum = {1: MAX_MINUTE, 2: MAX_MINUTE, 3: MAX_MILLISECOND}.get(len(self.times), -1)
        return number <= maximum

    def _add_time(self, number: int) -> None:
        if len(self.times) == 4:
            raise _InvalidDateError
        self.times.append(number)

    def _end_time(self, *numbers: int) -> None:
        self.times = [*self.times, *numbers, 0, 0, 0][:4]

    def _read_word(self, word: str) -> None:
        if word in HALF_DAYS and self.times:
            self.half_day = HALF_DAYS[word]
        elif word[:3] in MONTHS:
            self.month = MONTHS.index(word[:3]) + 1
            self._skip("-")
        elif word in ZONES and self.has_number:
            hours = ZONES[word]
            self.zone = _Zone(-1 if hours < 0 else 1, abs(hours), 0)
        elif self.has_number or self._peek()[0] == "number":
            raise _InvalidDateError

    def _read_offset(self, sign: str) -> None:
        self.zone.sign = -1 if sign == "-" else 1
        self.has_number = True
        text = self._next()[1] if self._peek()[0] == "number" else ""
        number = int(text.lstrip("0")[:MAX_DIGITS] or "0")
        if self._peek() == ("symbol", ":"):
            self.zone.hour, self.zone.minute = number, None
        elif len(text) in (1, 2):
            self.zone.hour, self.zone.minute = number, 0
        elif len(text) in (3, 4):
            self.zone.hour, self.zone.minute = divmod(number, 100)
        else:
            raise _InvalidDateError

    def _join(self) -> int | None:
        if not self.days:
            return None
        first, second, third = (*self.days, 1, 1)[:3]
        is_day_first = 1 <= first <= MAX_DAY
        if self.month is None:
            year, month, day = (third, first, second) if is_day_first else (first, second, third)
        else:
            month = self.month
            year, day = (second, first) if is_day_first else (first, second)
        if 0 <= year <= 99:
            year += 2000 if year < 50 else 1900
        hour, minute, second, millisecond = (*self.times, 0, 0, 0, 0)[:4]
        if self.half_day is not None:
            if hour > MAX_HOUR_12:
                return None
            hour = hour % 12 + self.half_day
        time = hour * HOUR + minute * MINUTE + second * 1000 + millisecond
        is_time = hour <= MAX_HOUR and max(minute, second) <= MAX_MINUTE and millisecond <= MAX_MILLISECOND
        if not (is_time or time == DAY == hour * HOUR) or not 1 <= month <= 12 or not 1 <= day <= MAX_DAY:
            return None
        return _make_date(year, month, day, time - self.zone.milliseconds)


def _tokenize(text: str) -> list[tuple[str, str]]:
    tokens, position, depth = [], 0, 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        assert found is not None
        assert found.lastgroup is not None
        position = found.end()
        if not depth:
            # Parentheses count as one symbol, since a time must not be followed by them at once.
            tokens.append((found.lastgroup, found[0]))
        depth = max(0, depth + {"(": 1, ")": -1}.get(found[0], 0))
    return tokens
