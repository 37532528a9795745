"""
Text for regular expressions.
"""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas.examples.patterns import MAX_LENGTH, PatternError, generate_match

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_patterns(schema: Any) -> Iterator[str]:
    """
    Yield the patterns in a schema.
    """
    if isinstance(schema, dict) and isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from find_patterns(each)


IN_REFERENCES = sorted(
    {
        pattern
        for source in references.built_in().services.values()
        for body in source.schemas.values()
        for pattern in find_patterns(body)
    }
)

CHARACTERS = st.sampled_from("abcxyz019_-/ é").map(re.escape)
CLASSES = st.sampled_from([r"[a-z]", r"[a-zA-Z0-9-_]", r"[^/]", r"[ -~]", r"[\x20-\x7e]", r"[\d.]", r"\d", r"\w", "."])
PATTERNS = st.recursive(
    CHARACTERS | CLASSES,
    lambda inner: (
        st.lists(inner, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,3}", "{1,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("pattern", IN_REFERENCES)
@pytest.mark.parametrize("least", [0, 1, 22])
def test_patterns_of_the_references(pattern: str, least: int) -> None:
    """
    A match is generated for each.
    """
    try:
        text = generate_match(pattern, Random(1), least=least)
    except PatternError as error:
        assert f"nothing of {least} characters" in str(error)
        return
    assert least <= len(text)
    assert re.search(pattern, text, re.ASCII)


@given(pattern=PATTERNS, seed=st.integers(0, 9), least=st.integers(0, 12))
def test_supported_patterns(pattern: str, seed: int, least: int) -> None:
    """
    Any combination of characters, classes, groups, alternatives and repetitions.
    """
    try:
        text = generate_match(f"^{pattern}$", Random(seed), least=least)
    except PatternError:
        assert least
        return
    assert least <= len(text)
    assert re.fullmatch(pattern, text, re.ASCII)


@given(pattern=st.text("()[]{}|\\*+?^$.,-a0:<=!xudp", max_size=20))
def test_any_pattern_is_supported_or_rejected(pattern: str) -> None:
    """
    With one kind of error.
    """
    try:
        text = generate_match(pattern, Random(1))
    except PatternError:
        return
    assert MAX_LENGTH * 3 >= len(text)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(?=a)b", id="looks ahead"),
        pytest.param(r"(a)\1", id="looks back"),
        pytest.param(r"\p{Letter}", id="Unicode classes"),
        pytest.param("[", id="an open class"),
        pytest.param("(a", id="an open group"),
        pytest.param("a)", id="a closed group"),
        pytest.param("*a", id="repeats nothing"),
        pytest.param("[b-a]", id="an empty class"),
        pytest.param(r"\x1", id="half a code"),
        pytest.param("(((a{999}){999}){999}){999}", id="too long"),
        pytest.param("(" * 5_000 + ")" * 5_000, id="too deep"),
    ],
)
def test_unsupported_patterns_are_errors(pattern: str) -> None:
    """
    Within a short time.
    """
    with pytest.raises(PatternError):
        generate_match(pattern, Random(1))


def test_the_same_randomness_gives_the_same_text() -> None:
    """
    There is no other source of randomness.
    """
    pattern = "^[a-zA-Z0-9_-]{44}$"
    first, again, other = (generate_match(pattern, Random(seed)) for seed in (7, 7, 8))

    assert first == again != other
