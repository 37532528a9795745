"""
Values of options that are one of several words: any spelling of a word, and nothing that only looks like one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from tccli.cli.types import Choice, SortKey
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine

WORDS = ["name", "very-low", "all-completed", "allResolved"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("NAME", "name"),
        ("very_low", "very-low"),
        ("veryLow", "very-low"),
        ("VERYLOW", "very-low"),
        ("all-resolved", "allResolved"),
        ("ALL_RESOLVED", "allResolved"),
    ],
)
def test_spellings(typed: str, word: str) -> None:
    """
    Case does not matter, nor how words are joined.
    """
    assert word == Choice(WORDS).convert(typed, None, None) == SortKey(WORDS).convert(typed, None, None)
    assert f"-{word}" == SortKey(WORDS).convert(f"-{typed}", None, None)


@pytest.mark.parametrize("typed", ["--name", "name-", "_name", "na_me", "n-ame", "very--low", "very-low_", "v-ery-low"])
def test_other_hyphens(typed: str) -> None:
    """
    Are no spelling of a word; one in front means the reverse order of a list, and nothing elsewhere.
    """
    for kind in (Choice, SortKey):
        with pytest.raises(click.BadParameter, match=r"did you mean (name|very-low)\b"):
            kind(WORDS).convert(typed, None, None)
    with pytest.raises(click.BadParameter, match="did you mean name"):
        Choice(WORDS).convert("-name", None, None)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (f"group list {TASK_ID} --sort --name", "-KEY reverses"),
        (f"group wait {TASK_ID} --for -completed", "did you mean completed"),
        (f"group status {TASK_ID} --by -owner", "did you mean owner"),
        (f"queue status {TASK_ID} --format -table", "did you mean table"),
        (f"group failures {TASK_ID} --format=mark-down", "did you mean markdown"),
        (f"group prioritize {TASK_ID} -- -low", "did you mean low"),
        (f"group prioritize {TASK_ID} lwo", "did you mean low"),
    ],
)
def test_commands(tc: CommandLine, words: str, named: str) -> None:
    """
    Refuse such a value before anything is sent.
    """
    result = tc(*words.split(), env={"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"})
    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert named in result.stderr
