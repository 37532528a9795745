"""
What is wrong with a document, in terms of the document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas import dialect
from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.dialect import FORMAT_CHECKER, BrokenSchemaError, is_valid
from tccli.core.schemas.validate import find_problems

if TYPE_CHECKING:
    from tccli.core.schemas.problems import Problem

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
    Return the problems of a valid document after changes; an ellipsis removes a property.
    """
    service, schema, document = DOCUMENTS[name]
    changed = {key: value for key, value in {**document, **changes}.items() if value is not ...}
    return find_problems(FILES[service], schema, changed)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_valid_document_has_no_problems(name: str) -> None:
    """
    Of each kind that the other tests change.
    """
    assert [] == found(name)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        pytest.param("secret", {"expires": ...}, "missing field expires", id="missing"),
        pytest.param("secret", {"extra": 1}, "unknown field 'extra'", id="surplus"),
        pytest.param(
            "secret", {"expires": ..., "expire": 1}, "unknown field 'expire' (did you mean expires?)", id="misspelt"
        ),
        pytest.param("secret", {"a": 1, "b c": 1}, "unknown fields 'a', 'b c'", id="several"),
        pytest.param("task", {"created": ..., "deadline": ...}, "missing fields created, deadline", id="two missing"),
        pytest.param("task", {"retries": "3"}, 'retries: expected integer, found string "3"', id="quoted number"),
        pytest.param("task", {"tags": {"a b": 1}}, "tags['a b']: expected string", id="a name with a blank"),
        pytest.param("task", {"priority": "hihg"}, "priority: expected one of ", id="misspelt value"),
        pytest.param("task", {"taskGroupId": "a"}, "taskGroupId: expected a slugid (22 characters)", id="slugid"),
        pytest.param("task", {"deadline": "1 year"}, "deadline: expected a date-time such as 2030", id="an offset"),
        pytest.param("task", {"extra": None}, "extra: expected object, found null", id="a null"),
        pytest.param("secret", {"secret": "s"}, "secret: expected object, found string …", id="type"),
        pytest.param("secret", {"secret": []}, "secret: expected object, found an array", id="an array"),
        pytest.param("secret", {"secret": None}, "secret: expected object, found null", id="null"),
        pytest.param("secret", {"secret": True}, "secret: expected object, found boolean true", id="a boolean"),
        pytest.param(
            "secret",
            {"expires": "soon"},
            'expires: expected a date-time such as 2030-01-01T00:00:00Z, found "soon"',
            id="format",
        ),
        pytest.param("task", {"priority": "huge"}, "priority: expected one of ", id="enum"),
        pytest.param("task", {"workerType": "a b"}, "workerType: expected a string that matches ", id="pattern"),
        pytest.param("task", {"retries": 999}, "retries: expected at most 49, found 999", id="maximum"),
        pytest.param("task", {"retries": -1}, "retries: expected at least 0", id="minimum"),
        pytest.param("task", {"routes": ["a", 2]}, "routes[1]: expected string, found number 2", id="in a list"),
        pytest.param("task", {"scopes": ["a\nb"]}, "scopes[0]: expected a string that ", id="newline in a scope"),
        pytest.param("task", {"metadata": {}}, "metadata: missing fields ", id="in an object"),
        pytest.param(
            "task",
            {"metadata": {**TASK["metadata"], "name": 1}},
            "metadata.name: expected string, found number 1",
            id="deep",
        ),
    ],
)
def test_a_problem_has_a_path_an_expectation_and_a_finding(name: str, changes: dict[str, Any], said: str) -> None:
    """
    In one line.
    """
    assert [] != [problem for problem in map(str, found(name, **changes)) if problem.startswith(said)]


@pytest.mark.parametrize(
    ("name", "changes", "hint"),
    [
        pytest.param("task", {"priority": "hihg"}, "(did you mean high?)", id="a value of several"),
        pytest.param("task", {"deadline": "1 year"}, "(tc from-now 1 year prints one)", id="an offset for a time"),
        pytest.param("task", {"metadata": {"name": "n", "ownr": 1}}, "(did you mean owner?)", id="a field below"),
    ],
)
def test_a_problem_says_what_to_do(name: str, changes: dict[str, Any], hint: str) -> None:
    """
    Where that can be guessed.
    """
    assert [] != [problem for problem in map(str, found(name, **changes)) if hint in problem]


def test_a_field_that_is_there_is_not_suggested() -> None:
    """
    What else there is may be near.
    """
    metadata = {**TASK["metadata"], "owners": ["me@example.com"], "descripton": ""}
    problems = "; ".join(map(str, found("task", metadata=metadata)))

    assert "'owners'" in problems
    assert "did you mean" not in problems


def test_values_of_secrets_are_not_quoted() -> None:
    """
    Wherever they stand.
    """
    hidden = {"secret": "hunter2"}, {"secret": ["hunter2"]}, {"secret": 1234567}, {"token": "hunter2"}

    assert all(found("secret", **changes) for changes in hidden)
    assert not [
        text for changes in hidden for text in map(str, found("secret", **changes)) if re.search("hunter|123", text)
    ]


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        pytest.param({"pattern": "^(a+)+$"}, "a" * 60 + "!", id="repeats of repeats"),
        pytest.param({"pattern": "^(a|aa)+$"}, "a" * 60 + "!", id="alternatives"),
        pytest.param({"pattern": "a*a*a*a*a*a*a*a*b"}, "a" * 2000, id="repeats in a row"),
        pytest.param({"patternProperties": {"^(a+)+$": {}}}, {"a" * 60 + "!": 1}, id="names of fields"),
        pytest.param(
            {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}, id="other names"
        ),
        pytest.param(
            {
                "$ref": "#/definitions/0",
                "definitions": {
                    str(n): {"allOf": [{"$ref": f"#/definitions/{n + 1}"}] * 2} if n < 40 else {} for n in range(41)
                },
            },
            1,
            id="references that multiply",
        ),
    ],
)
def test_a_schema_cannot_take_for_ever(monkeypatch: pytest.MonkeyPatch, schema: Any, document: Any) -> None:
    """
    It can be that of a deployment.
    """
    monkeypatch.setattr(dialect, "MAX_VALIDATION_SECONDS", 0.3)

    with pytest.raises(BrokenSchemaError, match="too complex"):
        is_valid(schema, document)


def test_a_pattern_means_what_javascript_means() -> None:
    """
    ``$`` is the very end of the text: a newline after it is an error. Classes of characters are ASCII.
    """
    assert found("task", workerType="ci\n")
    assert found("task", workerType="cï")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2030-01-01T00:00:00Z", True),
        ("2030-01-01T00:00:00.123456Z", True),
        ("2030-01-01T00:00:00+02:00", True),
        ("2030-02-30T00:00:00Z", False),
        ("2030-01-01", False),
        ("2030-01-01T00:00:00", True),
        ("2030-01-01 00:00:00z", True),
        ("2030-01-01T00:00:00+0200", True),
        ("2030-01-01T23:59:60Z", True),
        ("2030-01-01T23:58:60Z", False),
        ("0000-02-29T00:00:00Z", True),
        ("0100-02-29T00:00:00Z", False),
        ("2030-01-01T24:00:00Z", False),
        ("2030-01-01T00:00:00,5Z", False),
        ("20300101T000000Z", False),
        ("02030-01-01T00:00:00Z", False),
        (" 2030-01-01T00:00:00Z", False),
        ("2030-01-01T25:00:00Z", False),
        ("2030-01-01T00:00:00Z\n", False),
    ],
)
def test_dates_are_read_as_the_services_read_them(text: str, valid: bool) -> None:
    """
    The day exists in the calendar; a zone may be missing.
    """
    assert valid == (not found("secret", expires=text))


def test_formats_are_those_of_the_services() -> None:
    """
    Names of hosts, addresses of mail and of IPv4, each as a whole.
    """
    accepted = {
        "email": ["a@b.de", "A+b@c-d.example", "a" * 65 + "@b.de", "a'b@c.d"],
        "hostname": ["a", "a.b.", "A-1.de", "a" * 63],
        "ipv4": ["1.2.3.4", "01.2.3.4"],
    }
    refused = {
        "email": [
            "a@b",
            "a@localhost",
            "ä@b.de",
            '"a"@b.de',
            "a@-b.de",
            "a@b..de",
            "a.@b.de",
            "a@[1.2.3.4]",
            "a@b.de\n",
        ],
        "hostname": ["a_b", "-a", "a-", "", "a" * 64, "ä.de", "[::1]", "a b", "a\n", ".a", "a.b.c." * 50],
        "ipv4": ["1.2.3", "256.1.1.1", "1.2.3.4\n", "٣.2.3.4"],
    }

    assert not [text for name, texts in accepted.items() for text in texts if not FORMAT_CHECKER.conforms(text, name)]
    assert not [text for name, texts in refused.items() for text in texts if FORMAT_CHECKER.conforms(text, name)]


def test_problems_are_those_of_the_branch_that_was_meant() -> None:
    """
    The storage type selects the form of an artifact.
    """
    wrong = find_problems(
        FILES["queue"], "post-artifact-request.json", {"storageType": "link", "expires": SECRET["expires"]}
    )

    assert any("artifact" in str(problem) or "contentType" in str(problem) for problem in wrong)
    assert not any("putUrl" in str(problem) for problem in wrong)


def test_a_branch_that_is_false_is_not_meant() -> None:
    """
    It has no keyword, and no name.
    """
    assert not is_valid({"anyOf": [False]}, 1)
    assert is_valid({"oneOf": [False, {"type": "object"}]}, {})


def test_long_values_are_cut_off() -> None:
    """
    A problem stays one readable line.
    """
    assert all(len(str(problem)) < 300 for problem in found("task", workerType="x" * 10_000))


def test_a_large_value_costs_little() -> None:
    """
    A problem quotes a part of it.
    """
    item: Any = "x"
    for _ in range(3):
        item = [item] * 100
    problem = find_problems(FILES["secrets"], "secret.json", {**SECRET, "expires": item, "large": item})

    assert ["unknown field 'large'", "expires: expected string, found an array"] == list(map(str, problem))


@pytest.mark.parametrize("service", FILES)
def test_problems_with_any_schema_can_be_printed(service: str) -> None:
    """
    References among schemas resolve, and a document of the wrong type has a problem.
    """
    accepted = []
    for schema, body in FILES[service].schemas.items():
        wrong = {"object": 1, "array": {}}.get(body.get("type"))
        if wrong is not None and not [str(problem) for problem in find_problems(FILES[service], schema, wrong)]:
            accepted.append(schema)

    assert accepted == []


@given(st.sampled_from(SCHEMAS), JSON)
def test_any_document_can_be_validated(where: tuple[str, str], document: Any) -> None:
    """
    It raises nothing, and agrees with jsonschema's own verdict on the bundled schema.
    """
    service, schema = where

    assert bool(find_problems(FILES[service], schema, document)) != is_valid(
        bundle(FILES[service].schemas, schema), document
    )
