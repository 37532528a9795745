"""
YAML: read as the services' js-yaml reads it, and written for every reader.
"""

from __future__ import annotations

import re
import time
from json import dumps, loads
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.core.yaml import YamlError, dump, load
from tccli.core.yaml.loader import MAX_DEPTH
from tests import vectors

CASES = vectors.load("yaml")["cases"]
TEXT = st.text(st.characters(), max_size=20) | st.text(
    "a0 \n\t:#-'\"{}[]|>&*!%@`,?\\~\x85\u2028\ufeff\ud800", max_size=12
)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
# fmt: off
AMBIGUOUS = [
    "on", "off", "yes", "no", "y", "n", "Y", "N", "true", "True", "FALSE", "null", "Null", "~", "12:30", "190:20:30",
    "0777", "0o7", "0x1F", "0b1", "1_000", "1e3", "1.5e3", ".5", "-.5", ".inf", ".nan", "-0", "2026-01-01",
    "2026-01-01T10:00:00Z", "<<", "=", "?", "-", "--", "---", "...", ":", "::", "a:", "a:b", "#a", "a#", "*a", "&a",
    "!a", "!!str", "%a", "@a", "`a", "|a", ">a", "[", "]", "{", "}", ",", "\\", "/", "1.2.3", "+1",
]
# fmt: on

HARD = ["", " ", "a ", " a", "a: b", "a #b", "- a", "? a", "a\nb", "a\n", "a\n\n", "\na", " a\nb", "a \nb", "a\n\n\nb"]
HARD += ["a\n\tb", "a\r\nb", "\x00", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\ud800", "\U0001f600"]
HARD += ["k" * 2000]


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case["yaml"]))
def test_reads_what_the_services_read(case: dict[str, Any]) -> None:
    """
    Infinite numbers and keys that are lists are errors; everything else is as js-yaml has it.
    """
    text = case["yaml"]
    if "error" in case or text.lower().endswith((".inf", ".nan")) or text.startswith("? ["):
        with pytest.raises(YamlError):
            load(text)
        return
    document = load(text)

    expected = case["json"]["a"] if isinstance(case["json"], dict) and "a" in case["json"] else None
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        assert expected == pytest.approx(document["a"], rel=1e-15)
        assert not isinstance(document["a"], bool)
    else:
        # As text: to Python, True is 1.
        assert dumps(case["json"], sort_keys=True) == dumps(document, sort_keys=True)


@given(DOCUMENTS)
@example(dict.fromkeys(AMBIGUOUS + HARD, 1))
@example([*AMBIGUOUS, *HARD, {"a": AMBIGUOUS + HARD}, [[HARD]], {}, [], [[]], [{}], {"a": [{"b": [], "c": {}}]}])
@example({"k" * 2000: {"a": [1]}, "l" * 2000: ["a\nb"], "m" * 2000: "a\nb"})
def test_every_reader_reads_what_is_written(document: Any) -> None:
    """
    YAML 1.1, as PyYAML implements it, and YAML 1.2.
    """
    expected = join_surrogates(document)
    text = dump(document)

    assert expected == load(text)
    assert expected == pyyaml.safe_load(text)


@given(DOCUMENTS)
@example([*AMBIGUOUS, *HARD])
def test_what_is_written_controls_no_terminal(document: Any) -> None:
    """
    Neither C0 nor C1 characters, nor DEL; tabs and line feeds are harmless.
    """
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", dump(document))


def join_surrogates(document: Any) -> Any:
    """
    Return *document* with each pair of surrogates made one character, as JSON readers do.
    """
    if isinstance(document, str):
        return document.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(document, list):
        return [join_surrogates(item) for item in document]
    if isinstance(document, dict):
        return {join_surrogates(key): join_surrogates(value) for key, value in document.items()}
    return document


def test_people_can_read_it() -> None:
    """
    Plain text where it is safe, and lines where the text has lines.
    """
    document = {"name": "Build: the docs", "script": "set -e\n\n\tmake\n", "when": "12:30", "list": [{"a": 1, "b": []}]}

    assert dump({**document, "name": "Build the docs"}) == (
        'name: Build the docs\nscript: |\n  set -e\n\n  \tmake\nwhen: "12:30"\nlist:\n- a: 1\n  b: []\n'
    )
    assert dump(document).startswith('name: "Build: the docs"\n')


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = f"a: &a {{{','.join(f'k{number}: 1' for number in range(200))}}}\n" + "".join(
    f"b{number}: {{<<: [{','.join(['*a'] * 90)}]}}\n" for number in range(90)
)
ALIAS_CHAIN = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BOMB, id="aliases"),
        pytest.param(MERGE_BOMB, id="merges"),
        pytest.param("[" * 100_000, id="flow lists"),
        pytest.param("- " * 50_000, id="block lists"),
        pytest.param("{a: " * 5_000, id="mappings"),
        pytest.param(ALIAS_CHAIN, id="nested aliases"),
        pytest.param("a: &a {b: *a}", id="an alias inside of its anchor"),
        pytest.param('"\\UFFFFFFFF"', id="not a character"),
        pytest.param("%YAML " + "1" * 5000 + ".1\n--- a", id="a long version"),
        pytest.param("? {a: b}\n: c", id="a mapping as key"),
        pytest.param("a: \x1b", id="a control character"),
        pytest.param("9007199254740993: x", id="a key that JavaScript rounds"),
        pytest.param("2026-01-01 00:00:00: x", id="a timestamp as key"),
        pytest.param("a: !!int x", id="not an integer"),
        pytest.param("a: !!timestamp x", id="not a timestamp"),
        pytest.param("a: !!str [x]", id="a list as text"),
        pytest.param("a: !!binary eA==", id="bytes"),
        pytest.param("<<: 1", id="a number to merge"),
        pytest.param("<<: [[a]]", id="a list to merge"),
        pytest.param("1: a\n'1': b", id="keys that are the same text"),
        pytest.param("a: *b", id="an alias without an anchor"),
        pytest.param("9999-12-31T23:59:59-01:00", id="a year too late"),
        pytest.param("a:\n\tb: c", id="a tab as indentation"),
        pytest.param("-\ta: b", id="a mapping behind a tab"),
        pytest.param("[echo, ?]", id="a key without text in a list"),
        pytest.param("[a, - b]", id="a block list in a flow list"),
        pytest.param("a: \ufdd0", id="a noncharacter"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str) -> None:
    """
    Quickly, in one line, and without a crash.
    """
    start = time.process_time()
    with pytest.raises(YamlError) as caught:
        load(text)

    assert "\n" not in str(caught.value)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: [}", 2, 5),
        ("a: 1\n  b: 2", 2, 4),
        ("x: 1\ny: 2\nx: 3", 3, 1),
        ("a: 1\nb: *c", 2, 4),
        ("a: !x 1", 1, 4),
    ],
)
def test_an_error_has_its_place(text: str, line: int, column: int) -> None:
    """
    Line and column, counted from 1.
    """
    with pytest.raises(YamlError, match=rf"line {line}, column {column}$"):
        load(text)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("0" * 5000 + "7", 7),
        ("-0x10", -16),
        ("!!float 5", 5),
        ("!!bool 'true'", True),
        ("! 12", "12"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("2026-13-32T24:00:00", "2027-02-02T00:00:00.000Z"),
        ("<<: {a: 1}\na: 2\nb: 3", {"a": 2, "b": 3}),
        ("a: 2\n<<: [{a: 1, b: 1}, {b: 2, c: 2}]", {"a": 2, "b": 1, "c": 2}),
        ("'<<': {a: 1}", {"<<": {"a": 1}}),
        ("&a a: *a", {"a": "a"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  b", {"a": "b\n"}),
        ("a: |+\n  b\n\n", {"a": "b\n\n"}),
        ("[curl, http://x/y?z=1]", ["curl", "http://x/y?z=1"]),
        ("{b: c?d}", {"b": "c?d"}),
        ("[:a, ::1]", [":a", "::1"]),
        ("a:\tb", {"a": "b"}),
        ("a: b\tc\t# d", {"a": "b\tc"}),
        ("a: b\t\nc: d", {"a": "b", "c": "d"}),
        ("-\tb", ["b"]),
        ("{a?b: c, ?d: e}", {"a?b": "c", "?d": "e"}),
        ('{\n\t"a": [\n\t\t1\n\t]\n}', {"a": [1]}),
        ("a: b\n\t# c\nd: e", {"a": "b", "d": "e"}),
        ("? a\n: b", {"a": "b"}),
        ("[? a : b]", [{"a": "b"}]),
        ("a: !", {"a": None}),
        ("a: b\u2028c", {"a": "b\u2028c"}),
        ('a: "b\x85  c"', {"a": "b\x85  c"}),
        ("a: |\n  b\u2029  c", {"a": "b\u2029  c\n"}),
        ("[a#b, a:b, -c]", ["a#b", "a:b", "-c"]),
        ("a: b\n\t\n c", {"a": "b\nc"}),
        ("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH, loads("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_reads_by_example(text: str, document: Any) -> None:
    """
    What the vectors leave out.
    """
    assert document == load(text)
