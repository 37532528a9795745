"""
From text to a payload.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core import payload
from tccli.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PLAIN = st.text(st.characters(max_codepoint=0xD7FF), max_size=10)


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_goes_out_as_it_was_written(document: Any, indent: Any, ascii_only: bool) -> None:
    """
    Byte for byte, but for blanks around it.
    """
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    found = payload.parse_json(b" \n" + text + b"\n", "stdin")

    assert document == found.document
    assert text == found.body


@given(
    st.dictionaries(
        PLAIN, JSON.filter(lambda document: not re.search(r"\\ud|[0-9]e", json.dumps(document))), max_size=3
    )
)
def test_yaml_can_say_what_json_can(document: Any) -> None:
    """
    Every JSON text is YAML of the same meaning, but for what YAML 1.1 reads otherwise: ``1e5``, pairs of surrogates.
    """
    text = json.dumps(document).encode()

    assert document == payload.parse_yaml(text, "a.yml").document


@given(JSON)
def test_what_is_made_reads_back(document: Any) -> None:
    """
    The bytes mean the document.
    """
    assert document == json.loads(payload.encode(document).body)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_in_words(text: bytes) -> None:
    """
    Nothing that is piped in makes a traceback.
    """
    for parse in (payload.parse_json, payload.parse_yaml):
        try:
            parse(text, "stdin")
        except UsageError as error:
            assert "stdin" in error.message
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n", "is empty", id="blank"),
        pytest.param(b'{"a": 1,\n "b": }', "line 2, column 7", id="not JSON"),
        pytest.param(b"{} {}", "line 1, column 4", id="two documents"),
        pytest.param(b'{"a": 1, "b": {"c": 1, "c": 2}}', 'duplicate key "c"', id="key twice"),
        pytest.param(b'{"a": NaN}', "NaN is not a JSON value", id="NaN"),
        pytest.param(b"[-Infinity]", "-Infinity is not a JSON value", id="infinity"),
        pytest.param(b'{"a": "\xff"}', "not UTF-8: byte 0xff at offset 7", id="not UTF-8"),
        pytest.param(b"\xff\xfe{\x00}\x00", "not UTF-8: byte 0xff at offset 0", id="UTF-16"),
        pytest.param(b"[" * 100_000, "nested more than", id="nested too deeply"),
        pytest.param(b"9" * 5000, "not JSON", id="a number with thousands of digits"),
    ],
)
def test_an_error_in_json_is_named(text: bytes, said: str) -> None:
    """
    And where.
    """
    with pytest.raises(UsageError, match="stdin") as caught:
        payload.parse_json(text, "stdin")

    assert said in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    """
    Editors on Windows leave one.
    """
    assert b"{}" == payload.parse_json(b"\xef\xbb\xbf{}", "stdin").body


def test_reads_yaml() -> None:
    """
    As the services read it: ``tests/core/test_yaml.py`` has the details.
    """
    assert {"created": "2026-01-31T00:00:00.000Z", "on": True} == payload.parse_yaml(
        b"\xef\xbb\xbfcreated: 2026-01-31\non: true", "a.yml"
    ).document


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"# nothing", "is empty", id="a comment"),
        pytest.param(b"a: [1}", "line 1, column 6", id="not YAML"),
        pytest.param(b"a: \xff", "not UTF-8", id="not UTF-8"),
        pytest.param(b'a: "\\ud800"', "UTF-8", id="not JSON"),
    ],
)
def test_an_error_in_yaml_is_named(text: bytes, named: str) -> None:
    """
    In one line, with the place.
    """
    with pytest.raises(UsageError) as caught:
        payload.parse_yaml(text, "a.yml")

    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("size", "fits"), [(payload.MAX_PAYLOAD_BYTES, True), (payload.MAX_PAYLOAD_BYTES + 1, False)])
def test_a_payload_has_at_most_10_mib(size: int, fits: bool) -> None:
    """
    Which is what a service takes; checked with or without a schema.
    """
    method = references.method("secrets", "set")
    found = payload.Payload({}, b"x" * size)
    if fits:
        payload.check_size(method, found)
        return

    with pytest.raises(UsageError, match="at most 10 MiB"):
        payload.check_size(method, found)


def test_names_the_first_problems_and_counts_the_rest() -> None:
    """
    One line, however much is wrong.
    """
    method = references.method("queue", "createTask")
    document = {f"x{number}": 1 for number in range(3)} | {
        "metadata": {},
        "payload": [],
        "tags": 1,
        "routes": 2,
        "extra": 3,
    }

    with pytest.raises(UsageError, match=r"; .*\(and \d+ more\)$") as caught:
        payload.validate(method, payload.encode(document))

    assert "\n" not in str(caught.value)


def test_a_method_without_a_schema_takes_any_json() -> None:
    """
    Where the references have none, the service decides.
    """
    method = next(
        method
        for name in references.service_names()
        for method in references.service(name).methods.values()
        if method.takes_payload and method.input is None
    )

    payload.validate(method, payload.encode({"any": "thing"}))
