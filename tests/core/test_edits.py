"""
Edits of a document: ``--set``.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.edits import apply_edits
from tccli.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1, max_size=6)
PATHS = st.lists(NAMES, min_size=1, max_size=4)


def escape(name: str) -> str:
    """
    Return a name as it is written in a path.
    """
    return re.sub(r"([.\[\]=\\]|^[0-9])", r"\\\1", name)


@given(PATHS, TEXT)
def test_edits_make_what_is_missing(path: list[str], text: str) -> None:
    """
    Any names, dots in them escaped, and any text, equals signs included.
    """
    written = ".".join(map(escape, path))
    document = apply_edits(None, [f"{written}={text}"])
    for name in path:
        document = document[name]

    assert text == document


@given(PATHS, JSON)
def test_edits_take_json(path: list[str], value: Any) -> None:
    """
    With ``:=`` any JSON value.
    """
    written = ".".join(map(escape, path))
    document = apply_edits({}, [f"{written}:={json.dumps(value)}"])
    for name in path:
        document = document[name]

    assert value == document


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        pytest.param({"a": 1}, ["a=2"], {"a": "2"}, id="text"),
        pytest.param({"a": 1}, ["a:=2"], {"a": 2}, id="JSON"),
        pytest.param({"a": {"b": 1, "c": 2}}, ["a.b=x"], {"a": {"b": "x", "c": 2}}, id="nested"),
        pytest.param({"a": [1, 2]}, ["a.0:=9"], {"a": [9, 2]}, id="list position"),
        pytest.param({"a": [1, 2]}, ["a.2:=9"], {"a": [1, 2, 9]}, id="just past the end"),
        pytest.param({"a": [1, 2]}, ["a[]:=9"], {"a": [1, 2, 9]}, id="append"),
        pytest.param({"a": [1]}, ["a.[]:=9"], {"a": [1, 9]}, id="append, as a step"),
        pytest.param([1], ["[]:=2"], [1, 2], id="append at the top"),
        pytest.param({"a": [1]}, ["a[].b:=2"], {"a": [1, {"b": 2}]}, id="append an object"),
        pytest.param({}, ["a[]=x", "a[]=y"], {"a": ["x", "y"]}, id="append to nothing"),
        pytest.param({}, ["a.b\\.c=x"], {"a": {"b.c": "x"}}, id="dot in a name"),
        pytest.param({}, ["a=b=c"], {"a": "b=c"}, id="equals sign in the text"),
        pytest.param({}, ["a="], {"a": ""}, id="empty text"),
        pytest.param({}, ["a:=null"], {"a": None}, id="null"),
        pytest.param({"a": None}, ["a.b=c"], {"a": {"b": "c"}}, id="null becomes an object"),
        pytest.param({"a": [{"b": 1}]}, ["a.0.b:=2"], {"a": [{"b": 2}]}, id="into a list's item"),
        pytest.param([1], ["0:=2"], [2], id="a list at the top"),
        pytest.param({}, ["a:=1", "a:=2"], {"a": 2}, id="the last one counts"),
        pytest.param({}, ["a:b:=2"], {"a:b": 2}, id="colon in a name"),
        pytest.param({}, ["a[0]=x", "a[1]=y"], {"a": ["x", "y"]}, id="positions in a missing list"),
        pytest.param({}, ["a.0=x", "a.1=y"], {"a": ["x", "y"]}, id="numbers in a missing list"),
        pytest.param({}, ["a[+]=x", "a[+].b=y"], {"a": ["x", {"b": "y"}]}, id="append with a plus sign"),
        pytest.param({"a": [1, 2]}, ["a[-1]:=9"], {"a": [1, 9]}, id="the last position"),
        pytest.param({"a": [[1]]}, ["a[0][0]:=9"], {"a": [[9]]}, id="list in a list"),
        pytest.param({"a": [1]}, ["a.[0]:=9"], {"a": [9]}, id="position, as a step"),
        pytest.param({"a": [1]}, ["a[0]:=[]", "a[0][]=x"], {"a": [["x"]]}, id="into an empty list"),
        pytest.param(None, ["[0].b=x"], [{"b": "x"}], id="a missing list at the top"),
        pytest.param({"a": {"1": 2}}, ["a.1=x"], {"a": {"1": "x"}}, id="number of an object"),
        pytest.param({}, ["a.\\2026=x"], {"a": {"2026": "x"}}, id="number as a name"),
        pytest.param({}, ["a\\[0\\]=x"], {"a[0]": "x"}, id="brackets in a name"),
        pytest.param({}, ["a\\=b=c"], {"a=b": "c"}, id="equals sign in a name"),
        pytest.param({}, ["\\a\\b=x"], {"\\a\\b": "x"}, id="other backslashes"),
    ],
)
def test_carries_edits_out(before: Any, edits: list[str], after: Any) -> None:
    """
    In the order in which they are given; the given document is not changed in place.
    """
    kept = json.dumps(before)

    assert after == apply_edits(before, edits)
    assert kept == json.dumps(before)


@pytest.mark.parametrize(
    ("document", "edit", "said"),
    [
        pytest.param({}, "a", "is not PATH=TEXT or PATH:=JSON", id="no sign"),
        pytest.param({}, "=x", "is not PATH=TEXT or PATH:=JSON", id="no path"),
        pytest.param({}, ":=1", "is not PATH=TEXT or PATH:=JSON", id="no path before JSON"),
        pytest.param({}, "a:={", "not JSON", id="not JSON"),
        pytest.param({}, "a." * 3000 + "b=1", "levels deep", id="nested names"),
        pytest.param({}, "a" + "[0]" * 3000 + "=1", "levels deep", id="nested positions"),
        pytest.param({}, "a:=NaN", "not JSON", id="NaN"),
        pytest.param({}, 'a:={"b": 1, "b": 2}', "duplicate key", id="key twice"),
        pytest.param({}, 'a:=[{"b": 1, "b": 2}]', "duplicate key", id="key twice, below"),
        pytest.param({}, "a[b]=1", "'[b]'", id="name in brackets"),
        pytest.param({}, "a[0=1", "'[0'", id="no closing bracket"),
        pytest.param({}, "a]=1", "'a]'", id="no opening bracket"),
        pytest.param({}, "a[0]b=1", "'[0]b'", id="name behind brackets"),
        pytest.param({}, "a..b=1", "'.b'", id="no name between dots"),
        pytest.param({}, ".a=1", "'.a'", id="no name before a dot"),
        pytest.param({}, "a.=1", "'a.'", id="no name behind a dot"),
        pytest.param({}, "a[1]=1", "'[1]' is not a position in a list of 0", id="position in a missing list"),
        pytest.param({}, "a.5=1", "write \\5", id="number that may be a name"),
        pytest.param({"a": {}}, "a[0]=1", "'[0]'", id="position in an object"),
        pytest.param({"a": [1]}, "a[-2]=1", "'[-2]'", id="position before the list"),
        pytest.param({"a": "text"}, "a.b=1", "a string", id="into text"),
        pytest.param({"a": 1}, "a[]=1", "a number", id="append to a number"),
        pytest.param({"a": {}}, "a[]=1", "'[]'", id="append to an object"),
        pytest.param({"a": [1]}, "a.2=1", "'2' is not a position in a list of 1", id="position too far"),
        pytest.param({"a": [1]}, "a.-1=1", "'-1' is not a position", id="negative position"),
        pytest.param({"a": [1]}, "a.b=1", "'b' is not a position", id="name in a list"),
        pytest.param("text", "a=1", "a string", id="into a text at the top"),
    ],
)
def test_refuses_edits_that_cannot_be(document: Any, edit: str, said: str) -> None:
    """
    Naming the edit.
    """
    with pytest.raises(UsageError, match="--set") as caught:
        apply_edits(document, [edit])

    assert said in str(caught.value)


def test_a_message_has_no_value() -> None:
    """
    It may be a secret.
    """
    for document, edit in (({}, "secret.a:=hunter2"), ({}, "a[x]=hunter2"), ({"secret": "hunter2"}, "secret.a=1")):
        with pytest.raises(UsageError) as caught:
            apply_edits(document, [edit])
        assert "hunter2" not in str(caught.value)
