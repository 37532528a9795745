"""
The line that summarizes a transfer.
"""

from __future__ import annotations

import pytest

from tccli.cli.transfers.progress import format_summary


@pytest.mark.parametrize(
    ("count", "seconds", "verified", "expected"),
    [
        (4, 0.03, ("length", "sha256", "sha512"), "4 bytes, verified by length, sha256 and sha512"),
        (0, 0.0, ("length",), "0 bytes, complete (length only)"),
        (4, 30.0, ("sha256",), "4 bytes in 30.0 s (0 bytes/s), verified by sha256"),
        (2_000_000, 0.5, ("length", "sha256"), "2.0 MB in 0.5 s (4.0 MB/s), verified by length and sha256"),
    ],
)
def test_a_rate_is_that_of_a_connection(count: int, seconds: float, verified: tuple[str, ...], expected: str) -> None:
    """
    A tiny file that took a moment has none.
    """
    assert expected == format_summary(count, seconds, verified, count)


@pytest.mark.parametrize(
    ("count", "moved", "expected"),
    [
        (1_000_000, 1_960, "1.0 MB (2.0 kB transferred) in 0.1 s (19.6 kB/s)"),
        (9_000, 0, "9.0 kB, not"),
        (90_000_000, 0, "90.0 MB (0 bytes transferred) in 0.1 s (0 bytes/s)"),
        (1_000_000, 1_000_001, "1.0 MB in 0.1 s (10.0 MB/s)"),
    ],
)
def test_the_rate_belongs_to_the_size_beside_it(count: int, moved: int, expected: str) -> None:
    """
    What was compressed, or transferred by an earlier run, is larger than what a connection has carried.
    """
    assert format_summary(count, 0.1, (), moved).startswith(expected)
