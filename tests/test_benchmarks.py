"""
The README shows the figures that were measured, and what users install stays small.
"""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks import size
from tests.benchmarks.measure import Figure


def test_the_table_of_the_readme_is_made_of_the_stored_figures() -> None:
    """
    After a change of a benchmark: ``python -m tests.benchmarks --only NAME --write``.
    """
    readme = (program.CHECKOUT / "README.md").read_text("utf-8")
    assert readme == program.with_table(readme, json.loads(program.RESULTS.read_text("utf-8")))


@pytest.mark.parametrize(
    ("score", "goal", "at_least", "expected"),
    [(1.004, 1.0, False, True), (1.006, 1.0, False, False), (0.99, 1.0, True, False), (7.0, None, False, True)],
)
def test_a_goal_is_met_as_precisely_as_it_is_printed(
    score: float, goal: float | None, at_least: bool, expected: bool
) -> None:
    """
    A row that says "1.00 times, at most 1" and "missed" would be a riddle.
    """
    assert expected == Figure("", "", "", score, goal=goal, at_least=at_least).is_met


def test_what_users_install_stays_small() -> None:
    """
    The packages that are required, with those that they require; tests/test_wheel.py has the wheel.
    """
    assert size.MAX_DEPENDENCY_MEGABYTES > sum(size.measure_dependencies().values()) / 1e6
