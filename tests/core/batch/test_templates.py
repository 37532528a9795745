"""
Places in templates: only strings are filled in, and no value changes what is around it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.batch.templates import Header, JsonPlace, Template, find_json_place
from tccli.errors import UsageError

TEXTS = st.text(max_size=20)
PLAIN_TEXTS = TEXTS.filter(lambda text: "{" not in text)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


def fill(document: Any, *columns: str, header: list[str] | None = None) -> Any:
    """
    Return a document with its places filled in.
    """
    return Template(document, Header(header)).fill(columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{1}", "a"),
        ("{1}{2}", "ab"),
        ("x{1}y", "xay"),
        ("{{1}}", "{1}"),
        ("{{{1}}}", "{{1}}"),
        ('{"k":{1}}', '{"k":a}'),
        ("{{1}", "{a"),
        ("{1}}", "a}"),
        ("${HOME", "${HOME"),
        ("f() { echo; }", "f() { echo; }"),
        ("{}", "{}"),
        ("{a,b}", "{a,b}"),
        ("{1..3}", "{1..3}"),
        ("{ 1 }", "{ 1 }"),
        ("}}{{", "}}{{"),
        ('{"a":{"b":1}}', '{"a":{"b":1}}'),
        ("{{name}}", "{name}"),
        ("${{ x }}", "${{ x }}"),
    ],
)
def test_braces(text: str, expected: str) -> None:
    """
    One pair makes a place, more make text, and all others are text.
    """
    assert expected == fill(text, "a", "b")


@given(DOCUMENTS, st.lists(TEXTS, min_size=3, max_size=3))
def test_values_cannot_change_the_document(document: Any, columns: list[str]) -> None:
    """
    A value with quotes, braces and the like is the value of its string, whatever else the document has.
    """
    try:
        template = Template({"a": [document, "{1}"], "b": "<{3}>"}, Header())
        filled = template.fill(columns)
    except UsageError:
        # The text of the document has places of its own.
        return
    assert columns[0] == filled["a"][1]
    assert f"<{columns[2]}>" == filled["b"]
    assert filled == json.loads(json.dumps(filled))


@given(PLAIN_TEXTS, PLAIN_TEXTS, TEXTS)
def test_text_around_a_place_stays(before: str, after: str, value: str) -> None:
    """
    Unless it has braces.
    """
    assert f"{before}{value}{after}" == fill(f"{before}{{1}}{after}", value)


@given(TEXTS)
def test_braces_can_be_text(text: str) -> None:
    """
    Any text can be written, and no text is read in two ways.
    """
    doubled = Header().pattern.sub(lambda found: f"{{{found[0]}}}" if found[1] and found[3] else found[0], text)
    if "{{{" not in doubled and "}}}" not in doubled:
        assert text == fill(doubled)


def test_keys_are_filled_in() -> None:
    """
    And two that become one are an error.
    """
    assert {"a": 1, "x": "b"} == fill({"{1}": 1, "x": "{2}"}, "a", "b")
    with pytest.raises(UsageError, match="twice"):
        fill({"{1}": 1, "x": 2}, "x")


def test_names() -> None:
    """
    Of a header, also with blanks; numbers work, too.
    """
    header = ["task id", "name", "x.y"]
    assert "A-B-C-A" == fill("{task id}-{name}-{x.y}-{1}", "A", "B", "C", header=header)
    assert "{task id}" == fill("{{task id}}", header=["name"])
    assert "{task id}" == fill("{task id}")
    assert "x" == fill("{größe}", "x", header=["größe"])


@pytest.mark.parametrize(
    ("text", "header", "named"),
    [
        ("{nam}", ["name"], "name?"),
        ("{2}", ["name"], "at most 1"),
        ("{0}", ["name"], "from 1"),
        ("{task i}", ["task id", "x"], "task id?"),
        ("{größe}", ["x"], "{{größe}}"),
        ("{größe}", None, "{{größe}}"),
        ("{name}", None, "{{name}}"),
        ("${HOME}", None, "{{HOME}}"),
        ("{0}", None, "from 1"),
    ],
)
def test_a_place_that_names_no_column(text: str, header: list[str] | None, named: str) -> None:
    """
    Is found before a line is read.
    """
    with pytest.raises(UsageError) as caught:
        Template(text, Header(header))
    assert named in str(caught.value)


def test_a_line_with_too_few_columns() -> None:
    """
    Is an error of that line.
    """
    template = Template("{2}", Header())
    assert "b" == template.fill(["a", "b"])
    with pytest.raises(UsageError, match="1 column"):
        template.fill(["a"])


@pytest.mark.parametrize("text", ["{}", "a:{}", "${}", "{1}{}", '{"a": {}}'])
def test_an_empty_place_is_refused_where_people_type(text: str) -> None:
    """
    Other tools fill it in. With more braces it is text.
    """
    with pytest.raises(UsageError) as caught:
        Template([{"k": text}], Header(), refuses_empty=True)
    assert "write {1} for a column; {{}} is the text {}" in str(caught.value)
    doubled = text.replace("{}", "{{}}")
    expected = text.replace("{1}", "x")
    assert [{"k": expected}] == Template([{"k": doubled}], Header(), refuses_empty=True).fill(["x"])


def test_empty_objects_are_not_places() -> None:
    """
    Only strings have places.
    """
    assert {"a": {}} == Template({"a": {}}, Header(), refuses_empty=True).fill([])


@pytest.mark.parametrize(
    ("value", "expected"), [("1", 1), ('"x"', "x"), ('{"a": "{1}"}', {"a": "{1}"}), ("null", None)]
)
def test_a_place_for_json(value: str, expected: Any) -> None:
    """
    Is a whole value, whose own text has no places.
    """
    place = find_json_place("{1}", Header())
    assert JsonPlace("1") == place
    assert [expected] == fill([place], value)


def test_a_place_for_json_must_be_json() -> None:
    """
    One value of it: what follows is an error.
    """
    for value in ("", "x", "1, 2", "1}", "{"):
        with pytest.raises(UsageError, match="not JSON"):
            fill([JsonPlace("1")], value)
    assert find_json_place("{{1}}", Header()) is None
    assert find_json_place('{"a": 1}', Header()) is None


def test_a_header_with_a_name_twice() -> None:
    """
    Would be ambiguous; columns without names are not.
    """
    assert "bc" == fill("{b}{3}", "a", "b", "c", header=["", "b", ""])
    with pytest.raises(UsageError, match="twice"):
        Header(["a", "b", "a"])
