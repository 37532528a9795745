"""
Offsets, timestamps and durations, held against the reference vectors and the official client.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import taskcluster
import taskcluster.utils
from hypothesis import given
from hypothesis import strategies as st

from tccli.core import times
from tccli.errors import UsageError
from tests.vectors import load

NOW = datetime(2026, 1, 31, 12, 34, 56, 789_000, UTC)
VECTORS = load("from-now")
UNITS = (
    ("year", "years", "yr", "y"),
    ("month", "months", "mo"),
    ("week", "weeks", "wk", "w"),
    ("day", "days", "d"),
    ("hour", "hours", "hr", "h"),
    ("minute", "minutes", "min", "m"),
    ("second", "seconds", "sec", "s"),
)
SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3600, 60, 1)
INSTANTS = st.datetimes(timezones=st.just(UTC))
COUNTS = st.lists(st.none() | st.integers(0, 99), min_size=len(UNITS), max_size=len(UNITS))


@pytest.mark.parametrize("vector", VECTORS, ids=[repr(vector["input"]) for vector in VECTORS])
def test_reads_what_the_reference_reads(vector: dict[str, str]) -> None:
    """
    The same instants, and the same refusals.
    """
    now = times.parse_timestamp(vector["reference"])
    if "error" in vector:
        with pytest.raises(UsageError):
            times.from_now(vector["input"], now=now)
        return

    assert vector["result"] == times.format_timestamp(times.from_now(vector["input"], now=now))


@given(
    COUNTS,
    st.tuples(*(st.sampled_from(spellings) for spellings in UNITS)),
    st.sampled_from(["", "+", "-"]),
    st.sampled_from(["", " ", "  "]),
    st.booleans(),
)
def test_an_offset_is_the_sum_of_its_parts(
    counts: list[int | None], names: tuple[str, ...], sign: str, blank: str, loud: bool
) -> None:
    """
    Any spelling of any units in their order, with or without blanks and signs, in any case.
    """
    parts = [f"{count}{blank}{name}" for count, name in zip(counts, names, strict=True) if count is not None]
    text = sign + blank + blank.join(parts)
    total = sum(count * seconds for count, seconds in zip(counts, SECONDS, strict=True) if count is not None)
    expected = timedelta(seconds=-total if sign == "-" else total)

    assert expected == times.parse_offset(text.upper() if loud else text)


@given(COUNTS.filter(any), st.booleans())
def test_agrees_with_the_official_client(counts: list[int | None], past: bool) -> None:
    """
    ``taskcluster.fromNow`` gives the same instant wherever both can answer.
    """
    parts = [f"{count} {names[0]}" for count, names in zip(counts, UNITS, strict=True) if count is not None]
    text = ("- " if past else "") + " ".join(parts)

    assert taskcluster.fromNow(text, NOW) == times.from_now(text, now=NOW)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_an_error(text: str) -> None:
    """
    No text breaks a parser: it is read, or refused in words.
    """
    for parse in (times.parse_offset, times.parse_duration, times.parse_timestamp):
        try:
            parse(text)
        except UsageError as error:
            assert repr(text) in error.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("9999 years", id="past the end"),
        pytest.param("-9999 years", id="before the beginning"),
        pytest.param(f"{'9' * 30} seconds", id="more than a length holds"),
        pytest.param(f"{'9' * 5000} seconds", id="more digits than Python reads"),
    ],
)
def test_leads_not_out_of_the_calendar(text: str) -> None:
    """
    An offset that no timestamp can say is refused, not wrapped around.
    """
    with pytest.raises(UsageError, match="out of range"):
        times.from_now(text, now=NOW)


@given(INSTANTS)
def test_timestamps_come_back(instant: datetime) -> None:
    """
    What is formatted is read again, to the millisecond; always 24 characters.
    """
    text = times.format_timestamp(instant)

    assert 24 == len(text)
    assert times.milliseconds(instant) == times.milliseconds(times.parse_timestamp(text))


@given(INSTANTS)
def test_timestamps_are_the_official_clients(instant: datetime) -> None:
    """
    To the whole millisecond, as the services write them.
    """
    whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    assert taskcluster.stringDate(whole)[:19] == times.format_timestamp(instant)[:19]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-01-31T12:34:56.789Z", NOW, id="as the services write it"),
        pytest.param("2026-01-31T14:34:56.789+02:00", NOW, id="another zone"),
        pytest.param("2026-01-31T12:34:56.789", NOW, id="no zone is UTC"),
        pytest.param(" 2026-01-31 12:34:56.789Z ", NOW, id="blanks"),
        pytest.param("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC), id="a day"),
    ],
)
def test_reads_timestamps(text: str, expected: datetime) -> None:
    """
    ISO 8601, and what has no zone is UTC.
    """
    assert expected == times.parse_timestamp(text)
    assert UTC == times.parse_timestamp(text).tzinfo


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "2026-02-30T00:00:00Z", "12:00", "0001-01-01T00:00:00+23:59"]
)
def test_refuses_what_is_no_timestamp(text: str) -> None:
    """
    With an example of one.
    """
    with pytest.raises(UsageError, match="like 2026-"):
        times.parse_timestamp(text)


def test_formats_in_utc() -> None:
    """
    Whatever zone an instant is in.
    """
    assert "2026-01-31T12:34:56.789Z" == times.format_timestamp(NOW.astimezone(timezone(timedelta(hours=9))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("3600", NOW + timedelta(hours=1), id="seconds"),
        pytest.param("1 hour", NOW + timedelta(hours=1), id="offset"),
        pytest.param(" Now ", NOW, id="now"),
        pytest.param("-1h", NOW - timedelta(hours=1), id="offset into the past"),
        pytest.param("2026-02-01T00:00:00Z", datetime(2026, 2, 1, tzinfo=UTC), id="timestamp"),
    ],
)
def test_a_time_has_three_forms(text: str, expected: datetime) -> None:
    """
    A timestamp, seconds from now, or an offset from now.
    """
    assert expected == times.parse_instant(text, now=NOW)


@pytest.mark.parametrize("text", ["", " ", "soon", "1.5", "-5", "2026-99"])
def test_other_forms_of_a_time_are_errors(text: str) -> None:
    """
    Nothing is guessed.
    """
    with pytest.raises(UsageError):
        times.parse_instant(text, now=NOW)


@given(
    st.decimals(0, 10_000, places=2),
    st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]),
    st.sampled_from(["", " "]),
)
def test_durations_have_units(number: object, unit: tuple[str, float], blank: str) -> None:
    """
    Seconds, or a number with ``ms``, ``s``, ``m`` or ``h``.
    """
    assert pytest.approx(float(str(number)) * unit[1]) == times.parse_duration(f"{number}{blank}{unit[0]}")


@pytest.mark.parametrize("text", ["", "3x", "-1h", "1.2.3", "h", "soon", "1 fortnight", "9" * 20 + " years"])
def test_a_length_of_time_is_not_negative(text: str) -> None:
    """
    The message has no example that would be refused.
    """
    with pytest.raises(UsageError, match="length of time") as raised:
        times.parse_span(text)
    assert "-1h" not in raised.value.hint


@pytest.mark.parametrize("text", ["", "-1", "1d", "1e3", "s", "1 2", "inf", "nan", "٣", "."])
def test_refuses_what_is_no_duration(text: str) -> None:
    """
    With the units that there are.
    """
    with pytest.raises(UsageError, match="ms, s, m or h"):
        times.parse_duration(text)


@given(INSTANTS)
def test_milliseconds_are_cut_off(instant: datetime) -> None:
    """
    As exact integers, without a detour over floating point.
    """
    passed = instant - datetime(1970, 1, 1, tzinfo=UTC)

    assert times.milliseconds(instant) == (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000
