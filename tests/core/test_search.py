"""
Ranked search.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.search import Index, SearchDocument, find_root

WEIGHTS = {"name": 4.0, "summary": 2.0}


def make_index(*documents: tuple[str, str], weight: float = 1.0) -> Index:
    """
    Return an index of names and summaries; *weight* is that of the first.
    """
    return Index(
        [
            SearchDocument([name], {"name": name, "summary": summary}, 1.0 if place else weight)
            for place, (name, summary) in enumerate(documents)
        ],
        WEIGHTS,
    )


@pytest.mark.parametrize(
    ("query", "best"),
    [
        pytest.param("listPendingTasks", 0, id="a name"),
        pytest.param("list-pending-tasks", 0, id="a name in kebab-case"),
        pytest.param("LIST PENDING TASKS", 0, id="the words of a name"),
        pytest.param("which method lists the pending tasks?", 0, id="a question"),
        pytest.param("waiting", 0, id="a synonym"),
        pytest.param("artif", 2, id="a prefix"),
        pytest.param("make a task", 1, id="a synonym of a part of a name"),
        pytest.param("which is it?", 3, id="nothing but stop words"),
    ],
)
def test_words_match_names_and_texts(query: str, best: int) -> None:
    """
    Names are split, stop words are left out, synonyms and prefixes match.
    """
    index = make_index(
        ("listPendingTasks", "List what no worker has claimed"),
        ("createTask", "Add one"),
        ("listArtifacts", "List what was made"),
        ("other", "Tell which it is"),
    )

    assert index.search(query)[0][0] == best


@pytest.mark.parametrize(
    ("documents", "query", "expected"),
    [
        pytest.param([("other", "A hook"), ("hook", "Something")], "hook", [1, 0], id="a name above a mention"),
        pytest.param(
            [("taskTask", "It"), ("other", "A task of a group"), ("third", "A group")],
            "task group",
            [1, 0, 2],
            id="all words above one of them",
        ),
        pytest.param(
            [("a1", "queue of tasks"), ("a2", "queue of tasks"), ("a3", "queue of hooks")],
            "queue hooks",
            [2, 0, 1],
            id="a rare word above a common one",
        ),
        pytest.param([("b", "ping"), ("a", "ping"), ("c", "ping")], "ping", [0, 1, 2], id="equal ones in their order"),
        pytest.param([("cancelTask", "x"), ("listTask", "x")], "task", [0, 1], id="a singular"),
        pytest.param([("cancelTask", "x"), ("listTask", "x")], "tasks", [1, 0], id="a plural means a list"),
    ],
)
def test_the_best_match_is_first(documents: list[tuple[str, str]], query: str, expected: list[int]) -> None:
    """
    By fields, coverage and rarity.
    """
    assert make_index(*documents).search(query)[0] == expected


def test_a_lower_weight_ranks_lower() -> None:
    """
    Even if the query is the name.
    """
    index = make_index(("pendingTasks", "Count tasks that are pending"), ("listPendingTasks", "List tasks"), weight=0.4)

    assert index.search("pending tasks")[0] == [1, 0]


def test_unknown_words_are_reported_and_corrected() -> None:
    """
    The other words match all the same.
    """
    index = make_index(("listPendingTasks", "List"), ("createTask", "Create"))
    places, unknown = index.search("pendng tasks xylophone")

    assert (places[0], unknown) == (0, ["pendng", "xylophone"])
    assert index.correct("pendng tasks xylophone", unknown) == "pending tasks xylophone"
    assert index.correct("xylophone", ["xylophone"]) == ""


@pytest.mark.parametrize(
    "words",
    [
        ("task", "tasks"),
        ("retry", "retries", "retried", "retrying"),
        ("expire", "expires", "expiry"),
        ("idempotent", "idempotency"),
        ("cancel", "cancelled", "canceled"),
        ("authenticate", "authenticated"),
    ],
)
def test_forms_of_a_word_have_one_root(words: tuple[str, ...]) -> None:
    """
    Plurals, and forms of verbs.
    """
    assert len({find_root(word) for word in words}) == 1


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=4), st.text(max_size=20))
def test_any_query_can_be_searched(documents: list[tuple[str, str]], query: str) -> None:
    """
    Each document is found at most once, and unknown words are words of the query.
    """
    places, unknown = make_index(*documents).search(query)

    assert len(places) == len(set(places))
    assert all(word in query or word in {"count", "whoami", "login"} for word in unknown)
