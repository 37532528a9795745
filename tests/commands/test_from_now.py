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
        pytest.param([], "missing argument OFFSET", id="nothing"),
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
