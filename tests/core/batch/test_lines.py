"""
Lines that are read as they come, and their columns.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.batch import lines as lines_module
from tccli.core.batch.lines import BadRow, Line, Row, read_lines, split_csv, split_tsv, split_words
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=8)


class Pieces:
    """
    A raw stream that returns what it is given, piece by piece.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, _count: int) -> bytes:
        """
        Return the next piece, or nothing at the end.
        """
        return next(self._pieces, b"")


def read(*pieces: bytes) -> list[Line]:
    """
    Return the lines of a stream.
    """
    return list(read_lines(Pieces(piece for piece in pieces if piece)))  # type: ignore[arg-type]


@given(st.lists(st.binary(max_size=20).filter(lambda data: data.isascii()), max_size=10), st.integers(1, 7))
def test_lines_do_not_depend_on_pieces(parts: list[bytes], size: int) -> None:
    """
    Of what a pipe gives at a time.
    """
    data = b"\n".join(parts)
    whole = [line.removesuffix(b"\r").decode() for line in data.split(b"\n")]
    if whole[-1] == "" and not data.endswith(b"\r"):
        whole.pop()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert [Line(number, text) for number, text in enumerate(whole, 1)] == read(*pieces)


def test_a_byte_order_mark_and_bad_bytes() -> None:
    """
    The mark is left out, and a line that is not UTF-8 is one error.
    """
    first, second, third = read(b"\xef\xbb\xbfa\r\n\xff\n", "ü".encode())
    assert (Line(1, "a"), Line(3, "ü")) == (first, third)
    assert isinstance(second.text, UsageError)
    assert "line 2" in str(second.text)


def test_a_line_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Is one error; the next line is read.
    """
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 10)
    found = read(b"a\n", b"0123456", b"789ab", b"cdef", b"\nb\n", b"0123456789", b"\n", b"0123456789a")
    assert ["a", None, "b", "0123456789", None] == [each.text if isinstance(each.text, str) else None for each in found]


def make_lines(text: str) -> list[Line]:
    """
    Return lines as `read_lines` yields them.
    """
    return read(text.encode())


def test_words() -> None:
    """
    As awk has them: blanks and tabs, no quotes, empty lines left out; the last of so many has the rest.
    """
    lines = make_lines(' a  b\tc \n\n"x y"\n')
    assert [Row(1, ["a", "b", "c"]), Row(3, ['"x', 'y"'])] == list(split_words(lines))
    assert [Row(1, ["a", '{"b": 1}  c'])] == list(split_words(make_lines('a {"b": 1}  c\n'), max_columns=2))
    assert [Row(1, ["a b c"])] == list(split_words(make_lines("a b c\n"), max_columns=1))
    assert [Row(1, ["a", "b\xa0c"])] == list(split_words(make_lines("a b\xa0c\n")))


def test_tsv() -> None:
    """
    With the escapes of jq's @tsv; quotes mean nothing, and empty columns count.
    """
    lines = make_lines('a\\tb\t\t"c\\\\n\\n\n\n\t\n')
    assert [Row(1, ["a\tb", "", '"c\\n\n']), Row(3, ["", ""])] == list(split_tsv(lines))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5))
def test_csv_comes_back(rows: list[list[str]]) -> None:
    """
    What the csv module writes, also of spreadsheets.
    """
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    found = list(split_csv(make_lines(out.getvalue())))
    assert [Row(number, row) for number, row in enumerate(rows, 1)] == found


def test_csv_with_lines_in_quotes() -> None:
    """
    A record has the number of its first line.
    """
    found = list(split_csv(make_lines('a,"b\nc"\n\nd,"e""f"\n')))
    assert [Row(1, ["a", "b\nc"]), Row(4, ["d", 'e"f'])] == found


@pytest.mark.parametrize(("text", "named"), [('a,b\n"c,d\ne,f\n', "lines 2 to 3"), ('"a"b,c\n', "line 1")])
def test_csv_whose_quotes_do_not_fit(text: str, named: str) -> None:
    """
    Ends the input: where the next records begin is not known.
    """
    with pytest.raises(UsageError) as caught:
        list(split_csv(make_lines(text)))
    assert named in str(caught.value)


def test_csv_with_bad_bytes() -> None:
    """
    Is an error of that line.
    """
    found = list(split_csv(read(b"a,b\n\xff,c\nd,e\n")))
    assert [1, 2, 3] == sorted(each.number for each in found)
    assert [2] == [each.number for each in found if isinstance(each, BadRow)]
