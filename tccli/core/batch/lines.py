"""
Lines of an input that is read as it comes, and their columns.
"""

from __future__ import annotations

import csv
import re
import select
from typing import IO, TYPE_CHECKING, NamedTuple

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_LINE_BYTES = 16 << 20
"""A payload has at most 10 MiB."""
READ_BYTES = 1 << 16
MAX_CELL_CHARACTERS = MAX_LINE_BYTES
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_HINT = "it may be UTF-16: iconv -f UTF-16 -t UTF-8"
_TSV_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


class Line(NamedTuple):
    """
    A line without its end, or the error of one that cannot be read.

    Attributes:
        number: From 1.
    """

    number: int
    text: str | UsageError


class Row(NamedTuple):
    """
    The columns of a line; of the first line, if a value in quotes has several.
    """

    number: int
    columns: list[str]


class BadRow(NamedTuple):
    """
    A line whose columns cannot be read.
    """

    number: int
    error: UsageError


def read_lines(stream: IO[bytes], observe: Callable[[int], None] = lambda _count: None) -> Iterator[Line]:
    """
    Yield the lines of *stream* as they come. The last one need not have a line feed.

    Args:
        stream: A raw one: a buffered one would be locked by the thread that waits for it.
        observe: Takes the number of bytes of each line.
    """
    number = 0
    for data in _split(_read_pieces(stream)):
        number += 1
        observe(MAX_LINE_BYTES if data is None else len(data) + 1)
        if data is None:
            yield Line(number, UsageError(f"line {number} is longer than {MAX_LINE_BYTES >> 20} MiB"))
            continue
        raw = data.removeprefix(_BYTE_ORDER_MARK) if number == 1 else data
        try:
            yield Line(number, raw.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            what = f"byte {raw[error.start]:#04x} at offset {error.start}"
            hint = UTF_16_HINT if number == 1 and raw.startswith(_UTF_16_MARKS) else ""
            yield Line(number, UsageError(f"line {number} is not UTF-8: {what}", hint=hint))


def refuse_other_files(lines: Iterable[Line]) -> Iterator[Line]:
    """
    Yield *lines*.

    Raises:
        UsageError: The first of them shows that all would be wrong: they are UTF-16, or NUL separates them.
    """
    for line in lines:
        if line.number == 1:
            text = line.text
            if isinstance(text, UsageError) and text.hint == UTF_16_HINT:
                raise text
            if isinstance(text, str) and "\0" in text:
                is_utf_16 = "\0" in text[:2] and not text[text.index("\0") :: 2].strip("\0")
                hint = UTF_16_HINT if is_utf_16 else "write a line for each call: tr '\\0' '\\n'"
                raise UsageError("line 1 has NUL characters", hint=hint)
        yield line


def _read_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while True:
        piece = stream.read(READ_BYTES)
        if piece is None:
            # Another process has made it non-blocking.
            select.select([stream], [], [])
            continue
        if not piece:
            return
        yield piece


def _split(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """
    Yield lines, and None instead of each that is too long, of which no more than that is stored.
    """
    begun: list[bytes] = []
    count = 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        for line in (first, *others[:-1]) if others else ():
            whole = count + len(line)
            yield None if whole > MAX_LINE_BYTES else b"".join([*begun, line])
            begun, count = [], 0
        rest = others[-1] if others else first
        count += len(rest)
        if count <= MAX_LINE_BYTES:
            begun.append(rest)
        else:
            begun.clear()
    if count:
        yield None if count > MAX_LINE_BYTES else b"".join(begun)


def refuse_begun_document(line: int, text: str, jq_option: str) -> None:
    """
    Refuse a first line that has only the beginning of a JSON document: the lines after it would all be wrong.

    Args:
        jq_option: With which jq writes the lines that are needed.

    Raises:
        UsageError: There are more opening brackets than closing ones.
    """
    structure = re.sub(r'"(?:[^"\\]|\\.)*"?', "", text.strip())
    is_begun = sum(map(structure.count, "{[")) > sum(map(structure.count, "}]"))
    if structure.startswith(("{", "[")) and is_begun:
        expression = "'.[]'" if structure.startswith("[") else "."
        raise UsageError(
            f"line {line} has only the beginning of a JSON document",
            hint=f"write one line for each call: jq {jq_option} {expression}",
        )


def split_words(
    lines: Iterable[Line], *, max_columns: int | None = None, has_header: bool = False
) -> Iterator[Row | BadRow]:
    """
    Yield the words of each line: what blanks and tabs separate, without quoting, as awk has it.

    Args:
        max_columns: The last one has the rest of the line.
        has_header: Whether the first line has that number of columns.

    Raises:
        UsageError: The first line has JSON that is not the value of a column.
    """
    is_first = True
    for line in lines:
        if isinstance(line.text, UsageError):
            yield BadRow(line.number, line.text)
        elif text := line.text.strip(" \t"):
            # For re.split, 0 is any number.
            columns = [text] if max_columns == 1 else re.split(r"[ \t]+", text, maxsplit=max(0, (max_columns or 0) - 1))
            if has_header and max_columns is None:
                max_columns = len(columns)
            if is_first:
                _refuse_json(line.number, text, columns, has_rest=max_columns is not None)
                is_first = False
            yield Row(line.number, columns)


def _refuse_json(number: int, text: str, columns: list[str], *, has_rest: bool) -> None:
    refuse_begun_document(number, columns[-1], "-c" if has_rest else "-r")
    if re.fullmatch(r'"(?:[^"\\]|\\.)*"', text) and not has_rest:
        hint = "write it without: jq -r; with --tsv, quotes are part of a value"
        raise UsageError(f"line {number} has a string in quotes", hint=hint)


def split_tsv(lines: Iterable[Line]) -> Iterator[Row | BadRow]:
    r"""
    Yield the columns of each line, which tabs separate. ``\t``, ``\n``, ``\r`` and ``\\`` are escapes, as jq's
    ``@tsv`` and Miller write them; quotes mean nothing.
    """
    for line in lines:
        if isinstance(line.text, UsageError):
            yield BadRow(line.number, line.text)
        elif line.text:
            cells = line.text.split("\t")
            yield Row(line.number, [re.sub(r"\\[tnr\\]", lambda found: _TSV_ESCAPES[found[0]], cell) for cell in cells])


def split_csv(lines: Iterable[Line]) -> Iterator[Row | BadRow]:
    """
    Yield the columns of each record, which commas separate (RFC 4180): a value in double quotes may have commas, line
    feeds, and doubled quotes.

    Raises:
        UsageError: Quotes do not fit together, so that it is not known where the following records begin.
    """
    first = 0
    last = 0
    bad: list[BadRow] = []

    def read() -> Iterator[str]:
        nonlocal first, last
        for line in lines:
            last = line.number
            if isinstance(line.text, UsageError):
                bad.append(BadRow(line.number, line.text))
                continue
            first = first or line.number
            yield f"{line.text}\n"

    csv.field_size_limit(MAX_CELL_CHARACTERS)
    records = csv.reader(read(), strict=True)
    while True:
        first = 0
        try:
            cells = next(records, None)
        except csv.Error as error:
            where = f"line {first}" if first == last else f"lines {first} to {last}"
            raise UsageError(
                f"{where}: cannot read the CSV: {error}", hint="the lines after it were not read"
            ) from None
        yield from bad
        bad.clear()
        if cells is None:
            return
        if cells:
            yield Row(first, cells)
