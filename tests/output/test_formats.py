"""
One answer in every format; what has a parser reads back as the same document.
"""

from __future__ import annotations

import io
import json
import re
import sys
from importlib import import_module
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tccli.errors import BrokenAnswerError, UsageError
from tccli.output import Output, Pages, Result
from tccli.output.result import RenderOptions
from tccli.output.text import dump_json

# PyYAML writes U+0085 and does not read it back.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)
OPTIONS = st.builds(RenderOptions, pretty=st.booleans(), coloured=st.booleans(), width=st.none() | st.integers(20, 200))
FORMATS = ["json", "jsonl", "raw", "table", "yaml"]
ANSWER = {"taskId": "abc", "nested": {"a": 1, "b": None}, "list": ["x", "y"], "deep": [{"c": True}]}
LISTING = [{"name": "one", "size": 1}, {"name": "two", "more": {"x": 2.5}}]


def render(format_name: str, result: Result, options: RenderOptions = RenderOptions()) -> str:  # noqa: B008 - a tuple does not change
    """
    Return what a format makes of an answer.
    """
    out = io.BytesIO()
    import_module(f"tccli.output.formats.{format_name}").render(result, out, options)
    return out.getvalue().decode("utf-8", "surrogatepass")


def uncoloured(text: str) -> str:
    """
    Return text without its terminal colours.
    """
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def pages(*entries: list[Any], **around: Any) -> Pages:
    """
    Return pages with these entries.
    """
    return Pages(iter([{**around, "entries": page} for page in entries]))


@given(JSON, st.booleans(), st.none() | st.integers(20, 200))
def test_json_reads_back(document: Any, pretty: bool, width: int | None) -> None:
    """
    Indented or not.
    """
    text = render("json", Result([document]), RenderOptions(pretty, coloured=False, unquoted=False, width=width))

    assert document == json.loads(text)
    assert text.endswith("\n")
    assert pretty or 1 == text.count("\n")


@given(st.recursive(st.integers() | st.text("abc[]{}:, \\\"'0", max_size=8), lambda inner: st.lists(inner, max_size=3)))
def test_colour_changes_no_character(document: Any) -> None:
    """
    Whatever optionss like markup stays what it is.
    """
    for pretty in (False, True):
        plain = render("json", Result([document]), RenderOptions(pretty))
        assert plain == uncoloured(render("json", Result([document]), RenderOptions(pretty, coloured=True)))


@given(JSON.filter(lambda document: not isinstance(document, list)))
def test_a_line_reads_back(document: Any) -> None:
    """
    What is no listing is one line.
    """
    text = render("jsonl", Result([document]))

    assert document == json.loads(text)
    assert 1 == text.count("\n")


@given(JSON)
def test_yaml_reads_back(document: Any) -> None:
    """
    Text that looks like something else stays text.
    """
    assert document == yaml.safe_load(render("yaml", Result([document])))


@given(st.lists(JSON, min_size=1, max_size=4))
def test_several_yaml_documents_read_back(documents: list[Any]) -> None:
    """
    As what a filter makes.
    """
    assert documents == list(yaml.safe_load_all(render("yaml", Result(documents))))


@given(
    st.lists(st.lists(JSON, max_size=3), min_size=1, max_size=4), st.dictionaries(st.text("abc", min_size=1), LEAVES)
)
def test_pages_read_back(entries: list[list[Any]], around: dict[str, Any]) -> None:
    """
    As one document, or as lines.
    """
    joined = [entry for page in entries for entry in page]
    document = {**around, "entries": joined}

    for options in (RenderOptions(), RenderOptions(pretty=True)):
        assert document == json.loads(render("json", Result(pages=pages(*entries, **around)), options))
    assert document == yaml.safe_load(render("yaml", Result(pages=pages(*entries, **around))))
    lines = render("jsonl", Result(pages=pages(*entries, **around)))
    assert joined == [json.loads(line) for line in lines.split("\n")[:-1]]


@given(st.lists(st.lists(JSON, max_size=3), min_size=1, max_size=3))
def test_joined_pages_look_like_any_document(entries: list[list[Any]]) -> None:
    """
    Piece by piece, the text is the one that the whole would have.
    """
    joined = [entry for page in entries for entry in page]

    for options in (RenderOptions(), RenderOptions(pretty=True)):
        around = {"before": {"a": [1]}, "entries": joined}
        text = render("json", Result(pages=pages(*entries, before={"a": [1]})), options)
        assert render("json", Result([around]), options) == text


@given(st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=3), LEAVES, max_size=3), max_size=4), OPTIONS)
def test_any_listing_makes_a_table(listing: list[Any], options: RenderOptions) -> None:
    """
    Any width, with or without colours.
    """
    text = render("table", Result([listing]), options)

    assert options.coloured or all(line == line.rstrip() for line in text.split("\n"))
    if options.width:
        assert all(len(line) <= options.width for line in uncoloured(text).splitlines() if line.isascii())


@given(JSON, OPTIONS)
def test_any_document_makes_a_table(document: Any, options: RenderOptions) -> None:
    """
    Nothing that a service may answer breaks it.
    """
    render("table", Result([document]), options)


@pytest.mark.parametrize("format_name", ["json", "jsonl", "table", "yaml"])
def test_an_answer_does_not_steer_the_terminal(format_name: str) -> None:
    """
    Escape sequences in names and values are written out.
    """
    text = render(format_name, Result([[{"a\x1b[31m": "b\x1b]0;title\x07"}]]))

    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("format_name", FORMATS)
def test_no_answer_is_no_output(format_name: str) -> None:
    """
    Not even a newline.
    """
    assert "" == render(format_name, Result())


@pytest.mark.parametrize(
    ("format_name", "document", "expected"),
    [
        pytest.param("json", ANSWER, dump_json(ANSWER) + "\n", id="json"),
        pytest.param("jsonl", ANSWER, dump_json(ANSWER) + "\n", id="jsonl of an object"),
        pytest.param("jsonl", LISTING, "".join(dump_json(entry) + "\n" for entry in LISTING), id="jsonl of a list"),
        pytest.param(
            "yaml",
            ANSWER,
            'taskId: abc\nnested:\n  a: 1\n  b: null\nlist:\n- x\n- "y"\ndeep:\n- c: true\n',
            id="yaml",
        ),
        pytest.param("yaml", "text", "text\n", id="yaml of text"),
        pytest.param("raw", ANSWER, dump_json(ANSWER) + "\n", id="raw"),
        pytest.param(
            "table",
            ANSWER,
            "taskId    abc\nnested.a  1\nnested.b\nlist      x y\ndeep.0.c  true\n",
            id="table of an object",
        ),
        pytest.param("table", LISTING, "name  size  x\none   1\ntwo         2.5\n", id="table of a list"),
        pytest.param("table", {"entries": LISTING}, "name  size  x\none   1\ntwo         2.5\n", id="table of a page"),
        pytest.param("table", ["a", "b"], "value\na\nb\n", id="table of texts"),
    ],
)
def test_formats_by_example(format_name: str, document: Any, expected: str) -> None:
    """
    What people see.
    """
    assert expected == render(format_name, Result([document]))


@pytest.mark.parametrize(
    "around", [{}, {"continuationToken": "t"}, {"taskGroupId": "g"}], ids=["alone", "first", "last"]
)
def test_a_page_is_a_listing(around: dict[str, Any]) -> None:
    """
    Whether it is the last one or not, so that scripts do not depend on how many entries there are.
    """
    result = Result([{**around, "entries": LISTING}], is_page=True)

    assert "".join(f"{dump_json(entry)}\n" for entry in LISTING) == render("jsonl", result)
    assert render("table", Result([LISTING])) == render("table", result)


def test_raw_prints_the_body_as_received() -> None:
    """
    Nothing added, not even a newline.
    """
    answer = Result([{"a": 1}], raw=b'{ "a":1 }')

    assert '{ "a":1 }' == render("raw", answer)
    assert '{ "a":1 }\n' == render("json", answer)


@pytest.mark.parametrize("format_name", ["json", "jsonl", "yaml"])
def test_bare_strings_have_no_quotes(format_name: str) -> None:
    """
    Only strings: everything else stays JSON.
    """
    assert "a b\n" == render(format_name, Result(["a b"]), RenderOptions(unquoted=True))
    assert 1 == json.loads(render(format_name, Result([1]), RenderOptions(unquoted=True)))


@pytest.mark.parametrize("page", [{}, {"a": 1}, {"a": [], "b": []}], ids=["empty", "no array", "two arrays"])
def test_pages_have_one_array(page: dict[str, Any]) -> None:
    """
    Which is found by being the only one.
    """
    with pytest.raises(BrokenAnswerError, match="exactly one array"):
        Pages(iter([page]))


@pytest.mark.parametrize(
    ("expression", "said"),
    [("{", "--jq '{'"), ("", "--jq ''"), (".a.b.c |", "--jq"), (".\udcff", "UTF-8")],
)
def test_a_filter_is_checked_first(expression: str, said: str) -> None:
    """
    Before anything is sent.
    """
    with pytest.raises(UsageError) as caught:
        Output(jq=expression).prepare()

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


class Terminal(io.TextIOWrapper):
    """
    A stream that says it is a terminal.
    """

    def isatty(self) -> bool:
        """
        Say so.
        """
        return True


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(Output(colour="never"), "80 columns\\x1b[2J\n", id="nothing asked for"),
        pytest.param(Output(colour="never", format_name="json"), '{\n  "a": 1\n}\n', id="a format"),
        pytest.param(Output(colour="never", format_name="jsonl"), '{"a":1}\n', id="lines"),
    ],
)
def test_people_read_a_text_where_there_is_one(output: Output, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Unless a format is asked for; and what stands in it does not steer the terminal.
    """
    out = io.BytesIO()
    terminal = Terminal(out)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", terminal)
    output.prepare()(Result([{"a": 1}], to_text=lambda columns: f"{columns} columns\x1b[2J\n"))
    monkeypatch.undo()

    assert expected == out.getvalue().decode()


@pytest.mark.parametrize("is_live", [True, False])
def test_interrupted_lists(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Any, *, is_live: bool) -> None:
    """
    What a list has so far is written as a whole document, unless nothing of it was written; a file is not.
    """

    def list_pages() -> Any:
        yield {"around": 1, "entries": ["a"]}
        yield {"entries": ["b"]}
        raise KeyboardInterrupt

    found = {}
    for name in ("json", "jsonl", "yaml", "raw"):
        with pytest.raises(KeyboardInterrupt):
            Output(name).prepare()(Result(pages=Pages(list_pages()), is_live=is_live))
        found[name] = capfdbinary.readouterr().out.decode()
    with pytest.raises(KeyboardInterrupt):
        Output("json", str(tmp_path / "out")).prepare()(Result(pages=Pages(list_pages()), is_live=is_live))

    assert json.loads(found["json"]) == {"around": 1, "entries": ["a", "b"]}
    assert found["jsonl"] == '"a"\n"b"\n'
    assert yaml.safe_load(found["yaml"]) == ({"around": 1, "entries": ["a", "b"]} if is_live else None)
    assert bool(found["raw"]) == is_live
    assert not list(tmp_path.iterdir())
