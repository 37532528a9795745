"""
Names as people type them.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import names, references

NAMES = st.from_regex(r"[a-z][a-zA-Z]{0,15}", fullmatch=True)
SHELVES = [
    references.service_names(),
    *(references.built_in().service(name).method_names for name in references.service_names()),
]


@given(NAMES)
def test_all_spellings_are_one_name(name: str) -> None:
    """
    API spelling, kebab-case, snake_case and capitals fold to the same.
    """
    spellings = {name, names.kebab(name), names.kebab(name).replace("-", "_").upper(), name.upper()}

    assert 1 == len({names.fold(each) for each in spellings})
    assert all(name == names.find(each, [name]) for each in spellings)


@pytest.mark.parametrize("shelf", SHELVES, ids=["services", *references.service_names()])
def test_finds_every_name_of_the_references(shelf: list[str]) -> None:
    """
    Nothing in the references hides something else under another spelling.
    """
    assert shelf == [names.find(names.kebab(name), shelf) for name in shelf]
    assert shelf == [names.find(name.upper(), shelf) for name in shelf]


def test_the_same_spelling_goes_first() -> None:
    """
    Where two names differ by case only, each can be reached.
    """
    assert "aB" == names.find("aB", ["ab", "aB"])
    assert "ab" == names.find("ab", ["aB", "ab"])


@pytest.mark.parametrize("typed", ["c-reateTask", "create-task-", "createT_ask", "create--task", "createtas-k"])
def test_words_are_not_cut_elsewhere(typed: str) -> None:
    """
    A hyphen or an underscore stands between words only.
    """
    assert names.find(typed, ["createTask"]) is None


def test_finds_nothing_that_is_not_there() -> None:
    """
    A near miss is for the suggestion.
    """
    assert names.find("creatTask", ["createTask"]) is None


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        pytest.param("creatTask", "did you mean createTask?", id="letter missing"),
        pytest.param("create-tsak", "did you mean createTask?", id="letters swapped"),
        pytest.param("creat", "did you mean createTask?", id="beginning"),
        pytest.param("zebra", "", id="nothing near"),
        pytest.param("", "", id="nothing typed"),
    ],
)
def test_suggests_what_is_near(typed: str, suggested: str) -> None:
    """
    By likeness, or by the beginning.
    """
    assert suggested == names.suggestion(typed, ["createTask", "status", "ping"])


@given(st.text(max_size=20), st.lists(NAMES, max_size=5))
def test_suggests_only_what_there_is(typed: str, known: list[str]) -> None:
    """
    Any text at all may have been typed.
    """
    suggested = names.suggestion(typed, known).removeprefix("did you mean ").removesuffix("?")

    assert all(name in known for name in suggested.split(" or ") if name)
