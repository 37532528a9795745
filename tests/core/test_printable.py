"""
What a service, a task or a file chose cannot control a terminal.
"""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tccli.core.printable import escape_controls, escape_controls_in_json, escape_line, list_some

ALL = "".join(map(chr, range(0x110000)))


def test_no_control_character_is_left() -> None:
    """
    Neither C0, DEL, C1, nor a character of Unicode that reorders text; tab and newline are.
    """
    left = {
        char
        for char in escape_controls(ALL)
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }

    assert {"\t", "\n"} == left
    assert r"\x1b[2J \x9b \u202e \ud800" == escape_controls("\x1b[2J \x9b \u202e \ud800")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_stays_the_same_document(text: str) -> None:
    """
    With escape sequences for what a terminal would obey.
    """
    escaped = escape_controls_in_json(json.dumps(text, ensure_ascii=False))

    assert text == json.loads(escaped)
    assert escaped == escape_controls(escaped)


@given(st.text(), st.integers(10, 40))
def test_a_line_is_one_line_of_limited_length(text: str, length: int) -> None:
    """
    Whatever separates lines.
    """
    line = escape_line(text, length)

    assert len(line) <= length
    assert len(line.splitlines()) <= 1
    assert line == escape_controls(line)


def test_a_list_in_a_message_is_short() -> None:
    """
    It says how many words are left out, whether or not they were given.
    """
    assert "a, b" == list_some(["a", "b"])
    assert "a, b and 1 more" == list_some(["a", "b", "c"], 2)
    assert "a, b and 7 more" == list_some(["a", "b"], 2, total=9)
