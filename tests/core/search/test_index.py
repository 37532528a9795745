"""
Ranking by words: what counts, and how much.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.search.index import Entry, Index

WEIGHTS = {"name": 4.0, "summary": 2.0, "words": 1.0}


def index(*entries: tuple[str, str], weight: float = 1.0) -> Index:
    """
    Return an index of names and summaries; *weight* is that of the first.
    """
    return Index(
        [
            Entry([name], {"name": name, "summary": summary}, 1.0 if place else weight)
            for place, (name, summary) in enumerate(entries)
        ],
        WEIGHTS,
    )


@pytest.mark.parametrize(
    ("question", "best"),
    [
        pytest.param("listPendingTasks", 0, id="spelled"),
        pytest.param("list-pending-tasks", 0, id="in kebab-case"),
        pytest.param("LIST PENDING TASKS", 0, id="as words"),
        pytest.param("which method lists the pending tasks?", 0, id="a question"),
        pytest.param("waiting", 0, id="a synonym"),
        pytest.param("artif", 2, id="a beginning"),
        pytest.param("make a task", 1, id="a name's synonym"),
        pytest.param("which is it?", 3, id="nothing but fillers"),
    ],
)
def test_finds_by_words_and_names(question: str, best: int) -> None:
    """
    Names are taken apart, fillers are left out, synonyms and beginnings count for less.
    """
    entries = index(
        ("listPendingTasks", "List what nobody works on"),
        ("createTask", "Add one"),
        ("listArtifacts", "List what was made"),
        ("other", "Tell which it is"),
    )

    assert best == entries.find(question).places[0]


def test_a_name_goes_before_a_mention() -> None:
    """
    A field counts as much as it says.
    """
    assert [1, 0] == index(("other", "Beside a hook"), ("hook", "Something else")).find("hook").places


def test_what_has_all_words_goes_before_what_has_one_of_them() -> None:
    """
    Even where that one stands in its name.
    """
    entries = index(("taskTask", "Something"), ("other", "A task of a group"), ("third", "A group"))

    assert [1, 0, 2] == entries.find("task group").places


def test_a_rare_word_says_more_than_a_common_one() -> None:
    """
    It tells the entries apart.
    """
    entries = index(("a1", "queue of tasks"), ("a2", "queue of tasks"), ("a3", "queue of hooks"), ("a4", "tasks"))

    assert 2 == entries.find("queue hooks").places[0]


def test_what_should_rather_not_be_found_goes_last() -> None:
    """
    But it is found, also when the question is its name.
    """
    entries = index(("pendingTasks", "Count tasks that are pending"), ("listPendingTasks", "List tasks"), weight=0.4)

    assert [1, 0] == entries.find("pending tasks").places


def test_equals_stay_in_their_order() -> None:
    """
    So the same question has the same answer.
    """
    assert [0, 1, 2] == index(("b", "ping"), ("a", "ping"), ("c", "ping")).find("ping").places


def test_plurals_ask_for_lists() -> None:
    """
    Who says tasks wants several.
    """
    entries = index(("cancelTask", "Cancel it"), ("listTask", "List it"))

    assert [0, 1] == entries.find("task").places
    assert [1, 0] == entries.find("tasks").places


def test_says_which_words_nothing_has_and_what_was_meant() -> None:
    """
    The others count nevertheless.
    """
    entries = index(("listPendingTasks", "List"), ("createTask", "Create"))
    found = entries.find("pendng tasks xylophone")

    assert ["pendng", "xylophone"] == found.unknown
    assert 0 == found.places[0]
    assert "pending tasks xylophone" == entries.correction("pendng tasks xylophone", found.unknown)
    assert "" == entries.correction("xylophone", ["xylophone"])


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=4), st.text(max_size=20))
def test_any_question_has_an_answer(entries: list[tuple[str, str]], question: str) -> None:
    """
    Possibly none; each entry at most once, and what is not found is a word of the question.
    """
    found = index(*entries).find(question)

    assert len(found.places) == len(set(found.places))
    assert all(word in question for word in found.unknown)
