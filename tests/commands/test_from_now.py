"""
``tc from-now``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.times import parse_timestamp
from tests.vectors import load

if TYPE_CHECKING:
    from tests.conftest import CommandLine

VECTORS = load("from-now")
EVERY_VECTOR = pytest.mark.parametrize("vector", VECTORS, ids=[repr(vector["input"]) for vector in VECTORS])


@EVERY_VECTOR
@pytest.mark.parametrize("split", [False, True], ids=["one word", "several words"])
def test_prints_the_same_as_the_reference(tc: CommandLine, vector: dict[str, Any], split: bool) -> None:
    """
    The offset may be one word or several; a refusal is one line.
    """
    words = vector["input"].split() if split else [vector["input"]]
    if not words:
        pytest.skip("nothing to say")
    result = tc("from-now", "--from", vector["reference"], *words)

    if "error" in vector:
        assert (2, b"") == (result.exit_code, result.output)
        assert 1 == result.stderr.count("\n")
        return
    assert (0, vector["result"] + "\n", "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("words", [["-1", "hour"], ["-1h"], ["-1 hour"], ["--", "-1", "hour"], ["-", "1", "hour"]])
def test_the_past_needs_no_dashes(tc: CommandLine, words: list[str]) -> None:
    """
    A negative offset is no option.
    """
    result = tc("from-now", "--from", "2026-01-31T12:00:00Z", *words)

    assert (0, "2026-01-31T11:00:00.000Z\n") == (result.exit_code, result.stdout), result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], "12:00:00", id="nothing"),
        pytest.param(["now"], "12:00:00", id="now"),
        pytest.param(["NOW"], "12:00:00", id="in upper case"),
        pytest.param(["now", "+", "1", "hour"], "13:00:00", id="and an offset"),
        pytest.param(["now", "-1h"], "11:00:00", id="and a negative offset"),
        pytest.param(["now 30m"], "12:30:00", id="in one word"),
    ],
)
def test_now_is_an_offset_of_zero(tc: CommandLine, words: list[str], expected: str) -> None:
    """
    The word may be left out.
    """
    result = tc("from-now", *words, "--from", "2026-01-31T12:00:00Z")

    assert (0, f"2026-01-31T{expected}.000Z\n", "") == (result.exit_code, result.stdout, result.stderr)


def test_counts_from_now(tc: CommandLine) -> None:
    """
    Which lies between before and after.
    """
    before = datetime.now(UTC).replace(microsecond=0)
    printed = parse_timestamp(tc("from-now", "0 seconds").stdout)

    assert before <= printed <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["nowish"], "'nowish'", id="not now"),
        pytest.param(["1 hour", "now"], "'1 hour now'", id="now at the end"),
        pytest.param(["tomorrow"], "'tomorrow'", id="nonsense"),
        pytest.param(["9999 years"], "'9999 years'", id="too far"),
        pytest.param(["1 hour", "--from", "noon"], "'noon' is not a timestamp", id="no timestamp"),
        pytest.param(["--hour"], "no option '--hour'", id="an option"),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], line: str) -> None:
    """
    In one line.
    """
    result = tc("from-now", *argv)

    assert (2, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr
