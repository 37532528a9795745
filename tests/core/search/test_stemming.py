"""
Words, their stems and their parts.
"""

from __future__ import annotations

import pytest

from tccli.core.search.stemming import forms, key, stem


@pytest.mark.parametrize(
    "forms",
    [
        pytest.param("task tasks", id="plural"),
        pytest.param("status statuses", id="plural of s"),
        pytest.param("cache caches cached", id="e"),
        pytest.param("query queries", id="plural of y"),
        pytest.param("expire expires expiry expired expiration", id="expiry"),
        pytest.param("cancel cancels cancelled canceled cancelling", id="one l or two"),
        pytest.param("stop stopped stopping", id="doubled"),
        pytest.param("delete deleted deleting", id="verb in e"),
        pytest.param("retry retries retried", id="verb in y"),
        pytest.param("depend depends dependent dependency dependencies", id="noun of a verb"),
        pytest.param("seal sealed sealing", id="verb in l"),
        pytest.param("process processes processed", id="double s"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    """
    So that a question need not use the form that the answer uses.
    """
    assert 1 == len({stem(form) for form in forms.split()})


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("task tag", id="short"),
        pytest.param("list listen", id="begins alike"),
        pytest.param("client clients-of", id="compound"),
        pytest.param("role rule", id="vowel"),
        pytest.param("comment command commit", id="com"),
        pytest.param("secret secure", id="secre"),
    ],
)
def test_other_words_have_other_stems(words: str) -> None:
    """
    Or a question would find what it does not mean.
    """
    assert len(words.split()) == len({stem(word) for word in words.split()})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("task", ("task",), id="one"),
        pytest.param("listRoles2", ("listroles2", "list", "roles", "2"), id="camel case"),
        pytest.param("sentryDSN", ("sentrydsn", "sentry", "dsn"), id="abbreviation"),
        pytest.param("awsS3Credentials", ("awss3credentials", "aws", "s", "3", "credentials"), id="digits"),
    ],
)
def test_names_are_taken_apart(name: str, expected: tuple[str, ...]) -> None:
    """
    And kept whole as well.
    """
    assert expected == forms(name)


def test_ways_to_say_a_name_have_one_key() -> None:
    """
    Other order, plural, synonym.
    """
    assert 1 == len({key(name) for name in ("createTask", "create tasks", "task make", "tc-add-task"[3:])})
    assert key("createTask") != key("createRole")
