"""
Patterns of artifact names.
"""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.core.artifacts.patterns import is_pattern, match_names
from tests.time_limits import check_duration

NAMES = ["public/a.txt", "public/b.txt", "public/build/a.apk", "public/build/x/b.apk", "private/a.txt", "a"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("public/a.txt", ["public/a.txt"], id="a name"),
        pytest.param("public/*.txt", ["public/a.txt", "public/b.txt"], id="star"),
        pytest.param("p*/*.apk", [], id="star stops at a slash"),
        pytest.param("*.txt", ["private/a.txt", "public/a.txt", "public/b.txt"], id="a file name at any depth"),
        pytest.param("a.[at]*", ["private/a.txt", "public/a.txt", "public/build/a.apk"], id="a set in a file name"),
        pytest.param("**.txt", ["private/a.txt", "public/a.txt", "public/b.txt"], id="two stars do not"),
        pytest.param("**/*.apk", ["public/build/a.apk", "public/build/x/b.apk"], id="any directory"),
        pytest.param("public/**/a.*", ["public/a.txt", "public/build/a.apk"], id="any directory, or none"),
        pytest.param("public/build/**", ["public/build/a.apk", "public/build/x/b.apk"], id="all below"),
        pytest.param("public/?.txt", ["public/a.txt", "public/b.txt"], id="one character"),
        pytest.param("public?a.txt", [], id="which is no slash"),
        pytest.param("public/[ab].txt", ["public/a.txt", "public/b.txt"], id="one of these"),
        pytest.param("public/[!a].txt", ["public/b.txt"], id="none of these"),
        pytest.param("public[!a]a.txt", [], id="none of these, and no slash"),
        pytest.param("public/[a-z].txt", ["public/a.txt", "public/b.txt"], id="a range"),
        pytest.param("**", sorted(NAMES), id="everything"),
        pytest.param("*", sorted(NAMES), id="every file name"),
        pytest.param("PUBLIC/*", [], id="capitals matter"),
        pytest.param("public/*.tx", [], id="whole names"),
        pytest.param("public.a.txt*", [], id="a dot is a dot"),
    ],
)
def test_patterns(pattern: str, found: list[str]) -> None:
    """
    They match as in a shell with globstar; the result is sorted.
    """
    assert found == match_names(pattern, reversed(NAMES))


@pytest.mark.parametrize("name", ["public/a[1].txt", "what?", "public/*"])
def test_name_that_equals_the_pattern(name: str) -> None:
    """
    It is the only match.
    """
    assert is_pattern(name)
    assert [name] == match_names(name, ["public/a1.txt", "whatx", name])


@pytest.mark.parametrize("pattern", ["[", "a[", "[]", "[!]", "a[b", "[]]", "[z-a]", "[a-", "[^a]", "[\\d]", "(*"])
def test_unusual_patterns(pattern: str) -> None:
    """
    Sets that are not closed are plain characters.
    """
    assert isinstance(match_names(pattern, NAMES), list)


@given(st.text("ab[]!-*?^\\&|~", max_size=8), st.text("ab[]!-^\\&|~", min_size=1, max_size=4))
@example("[--a]", "a")
@example("[a&&b]", "&")
@example("[b-a]", "a")
def test_agrees_with_fnmatch(pattern: str, name: str) -> None:
    """
    Without slashes, both match the same names.
    """
    if name == pattern:
        return
    assert fnmatch.fnmatchcase(name, pattern) == bool(match_names(pattern, [name]))


@given(st.text("ab/*?[]!-", max_size=8), st.lists(st.text("ab/-", max_size=8), max_size=8))
def test_patterns_match_as_regular_expressions(pattern: str, names: list[str]) -> None:
    """
    A pattern with a slash matches what the regular expression of the same meaning matches.
    """
    pattern = f"/{pattern}"
    regex = ""
    for piece in re.findall(r"\*\*+/?|\*|\?|\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if piece.startswith("**"):
            regex += "(?:.*/)?" if piece.endswith("/") else ".*"
        elif piece in {"*", "?"}:
            regex += "[^/]*" if piece == "*" else "[^/]"
        elif piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
            regex += "(?!/)" + fnmatch.translate(piece).removeprefix("(?s:")[:-3]
        else:
            regex += re.escape(piece)
    names = [f"/{name}" for name in names if f"/{name}" != pattern]

    assert sorted(name for name in names if re.fullmatch(regex, name, re.DOTALL)) == match_names(pattern, names)


@pytest.mark.parametrize("pattern", ["**/" * 30 + "x", "**a" * 30 + "/x", "*a" * 30 + "/", "*" * 300 + "/", "[a" * 999])
def test_no_pattern_takes_long(pattern: str) -> None:
    """
    The time does not depend on how a name can be divided between the stars.
    """
    names = ["a/" * 500 + "b", "a" * 1000, "/".join("a" * 20 for _ in range(50))]
    started = time.monotonic()
    match_names(pattern, names)

    check_duration(started, 2)
