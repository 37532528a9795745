"""
Strict JSON.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.strict_json import MAX_DEPTH, StrictJsonError, dump_exactly, loads, loads_leniently

UNICODE = st.text(st.characters(exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | UNICODE,
    lambda inner: st.lists(inner) | st.dictionaries(UNICODE, inner),
)


@given(DOCUMENTS, st.booleans())
def test_valid_documents_are_read(document: Any, ascii_only: bool) -> None:
    """
    As the standard library reads them, from text and from bytes.
    """
    text = json.dumps(document, ensure_ascii=ascii_only)

    assert loads(text) == document
    assert loads(text.encode()) == document
    assert loads(b"\xef\xbb\xbf" + text.encode()) == document


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(b"", "line 1", id="nothing"),
        pytest.param(b'{"a": 1,\n "b": }', "line 2, column 7", id="a syntax error"),
        pytest.param(b"{} {}", "line 1, column 4", id="two documents"),
        pytest.param(b'{"a": "\xff"}', "byte 0xff at offset 7", id="not UTF-8"),
        pytest.param(b'{"b": {"a": 1, "a": 2}}', 'duplicate key "a"', id="a duplicate key"),
        pytest.param(rb'{"a": 1, "\u0061": 2}', 'duplicate key "a"', id="a duplicate key, spelled in another way"),
        pytest.param(b"[NaN]", "NaN", id="NaN"),
        pytest.param(b"[-Infinity]", "-Infinity", id="-Infinity"),
        pytest.param(b"[1e999]", "1e999", id="a number beyond the range of doubles"),
        pytest.param(b"[" + b"1" * 5000 + b"]", "digits", id="an integer of 5000 digits"),
        pytest.param(rb'["\uD800"]', "surrogate", id="a lone surrogate"),
        pytest.param(rb'{"\udfff": 1}', "surrogate", id="a lone surrogate in a key"),
        pytest.param(b"[" * 100_000, "nested more than", id="nested beyond the stack"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "nested more than", id="well-formed, nested beyond the stack"),
    ],
)
def test_invalid_text_is_refused(text: bytes, reason: str) -> None:
    """
    The message names the reason in one line.
    """
    with pytest.raises(StrictJsonError) as caught:
        loads(text)

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_depth_is_limited() -> None:
    """
    Arrays and objects count; brackets in strings do not.
    """
    nested = '[{"a":' * (MAX_DEPTH // 2) + "1" + "}]" * (MAX_DEPTH // 2)

    assert loads(nested)
    assert loads(json.dumps("[" * 2 * MAX_DEPTH))
    with pytest.raises(StrictJsonError, match="levels"):
        loads(f"[{nested}]")


def test_pairs_of_surrogates_are_read() -> None:
    """
    They are one character.
    """
    assert loads(rb'"\ud83d\ude00"') == "😀"


@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param('{"a": 1, "a": 2}', {"a": 2}, id="a duplicate key"),
        pytest.param(r'"\ud800"', "\ud800", id="a lone surrogate"),
        pytest.param("1e999", float("inf"), id="a number beyond the range of doubles"),
        pytest.param("9" * 5000, float("inf"), id="an integer beyond that range"),
    ],
)
def test_a_service_reads_more(text: str, document: Any) -> None:
    """
    As ``JSON.parse`` does; constants are no JSON there either.
    """
    assert loads(text, as_javascript=True) == document
    with pytest.raises(StrictJsonError):
        loads(text)
    with pytest.raises(StrictJsonError, match="NaN"):
        loads("[NaN]", as_javascript=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested"),
        ('{"a":' * 100_000, "nested"),
        ("9" * 5000, "4300 digits"),
        (b"\xff{}", "not UTF-8"),
        ("", "line 1"),
        ('"a\nb"', "control character at line 1, column 3"),
    ],
)
def test_a_lenient_reader_has_one_error(text: str | bytes, reason: str) -> None:
    """
    In words for people, whatever Python's parser raises.
    """
    with pytest.raises(StrictJsonError) as caught:
        loads_leniently(text)

    assert reason in str(caught.value)
    assert "sys." not in str(caught.value)


def test_a_lenient_reader_takes_what_python_takes() -> None:
    """
    Files that tc wrote before, and fake responses that no service should give.
    """
    assert {"a": 2} == loads_leniently(b'\xef\xbb\xbf{"a": 1, "a": 2}')


@pytest.mark.parametrize(
    "text", ["-0", "[-0]", '{"a":-0}', "[1, -0]", "[\n-0\n]", "[-0.0]", "1" * 5000, f"[{'9' * 4301}, -0]", '["a-0b"]']
)
def test_integers_are_passed_on_as_they_are(text: str) -> None:
    """
    Also those that Python does not convert, and the zero whose sign it drops.
    """
    assert "".join(text.split()) == dump_exactly(loads(text, unchanged=True))
