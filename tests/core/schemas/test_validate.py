"""
What is wrong with a document, in terms of the document.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas.validate import Problem, find_problems

ROLE = {"description": "d", "scopes": ["a"]}
SECRET = {"secret": {}, "expires": "2030-01-01T00:00:00Z"}
TASK: dict[str, Any] = {
    "provisionerId": "proj-test",
    "workerType": "ci",
    "created": "2030-01-01T00:00:00.000Z",
    "deadline": "2030-01-01T01:00:00.000Z",
    "payload": {},
    "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
}
DOCUMENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "role": ("auth", "create-role-request.json", ROLE),
    "secret": ("secrets", "secret.json", SECRET),
    "task": ("queue", "create-task-request.json", TASK),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FILES = references.built_in().services
SCHEMAS = [(name, schema) for name, source in FILES.items() for schema in source.schemas]


def found(name: str, **changes: Any) -> list[Problem]:
    """
    Return what is wrong with a good document after a change; None takes a property away.
    """
    service, schema, document = DOCUMENTS[name]
    changed = {key: value for key, value in {**document, **changes}.items() if value is not ...}
    return find_problems(FILES[service], schema, changed)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_wrong_with_a_good_document(name: str) -> None:
    """
    So that a complaint means something.
    """
    assert [] == found(name)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        pytest.param("secret", {"expires": ...}, "payload: expected also expires, found only secret", id="missing"),
        pytest.param("secret", {"extra": 1}, "payload: expected only expires, secret, found extra", id="surplus"),
        pytest.param("secret", {"secret": "s"}, 'secret: expected object, found string "s"', id="type"),
        pytest.param("secret", {"secret": []}, "secret: expected object, found an array", id="an array"),
        pytest.param("secret", {"secret": None}, "secret: expected object, found null", id="null"),
        pytest.param("secret", {"secret": True}, "secret: expected object, found boolean true", id="a boolean"),
        pytest.param("secret", {"expires": "soon"}, 'expires: expected a date-time, found "soon"', id="format"),
        pytest.param("task", {"priority": "huge"}, "priority: expected one of ", id="enum"),
        pytest.param("task", {"workerType": "a b"}, "workerType: expected text that matches ", id="pattern"),
        pytest.param("task", {"retries": 999}, "retries: expected at most 49, found 999", id="maximum"),
        pytest.param("task", {"retries": -1}, "retries: expected at least 0", id="minimum"),
        pytest.param("task", {"routes": ["a", 2]}, "routes[1]: expected string, found number 2", id="in a list"),
        pytest.param("task", {"scopes": ["a\nb"]}, "scopes[0]: expected text that matches", id="newline in a scope"),
        pytest.param("task", {"metadata": {}}, "metadata: expected also ", id="in an object"),
        pytest.param(
            "task",
            {"metadata": {**TASK["metadata"], "name": 1}},
            "metadata.name: expected string, found number 1",
            id="deep",
        ),
    ],
)
def test_says_path_expectation_and_finding(name: str, changes: dict[str, Any], said: str) -> None:
    """
    Where it is, what was expected there, and what was found.
    """
    assert [] != [problem for problem in map(str, found(name, **changes)) if problem.startswith(said)]


def test_a_pattern_means_what_javascript_means() -> None:
    """
    ``$`` is the very end: a newline after it does not slip through.
    """
    assert found("task", workerType="ci\n")
    assert found("task", workerType="cï")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2030-01-01T00:00:00Z", True),
        ("2030-01-01T00:00:00.123456Z", True),
        ("2030-01-01T00:00:00+02:00", True),
        ("2030-02-30T00:00:00Z", False),
        ("2030-01-01", False),
        ("2030-01-01T00:00:00", False),
        ("2030-01-01T25:00:00Z", False),
        ("2030-01-01T00:00:00Z\n", False),
    ],
)
def test_dates_are_rfc_3339(text: str, fits: bool) -> None:
    """
    A date that no calendar has is none.
    """
    assert fits == (not found("secret", expires=text))


def test_follows_a_union_into_the_branch_that_was_meant() -> None:
    """
    The kind of artifact says which of the forms counts.
    """
    wrong = find_problems(
        FILES["queue"], "post-artifact-request.json", {"storageType": "link", "expires": SECRET["expires"]}
    )

    assert any("artifact" in str(problem) or "contentType" in str(problem) for problem in wrong)
    assert not any("putUrl" in str(problem) for problem in wrong)


def test_long_findings_are_shortened() -> None:
    """
    A line stays a line.
    """
    assert all(len(str(problem)) < 300 for problem in found("task", workerType="x" * 10_000))


@pytest.mark.parametrize(("service", "schema"), SCHEMAS, ids=[f"{service}/{schema}" for service, schema in SCHEMAS])
@pytest.mark.parametrize("document", [None, [], {}, "text", 1], ids=repr)
def test_every_schema_can_be_asked(service: str, schema: str, document: Any) -> None:
    """
    References among schemas resolve, and every complaint can be said.
    """
    assert all(str(problem) for problem in find_problems(FILES[service], schema, document))


@given(st.sampled_from(SCHEMAS), JSON)
def test_any_document_is_judged(where: tuple[str, str], document: Any) -> None:
    """
    No document breaks the judge; the same one is judged the same way.
    """
    service, schema = where

    assert find_problems(FILES[service], schema, document) == find_problems(FILES[service], schema, document)
