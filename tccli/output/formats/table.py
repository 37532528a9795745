"""
A table for people: a row for each entry of a listing, or for each property of a document.

Cells are shortened with ``…``, so that a row is a line that fits the terminal, or `DEFAULT_WIDTH_OFF_TERMINAL`. Off a
terminal, the columns that were asked for are whole, since a program may read them.
"""

from __future__ import annotations

import os
import re
from itertools import zip_longest
from typing import IO, TYPE_CHECKING, Any

from tccli import strict_json
from tccli.core.printable import escape_controls
from tccli.names import find, suggestion
from tccli.output.columns import (
    RANK_DETAIL,
    RANK_NAME,
    RANK_STATE,
    Column,
    flatten,
    is_time,
    list_columns,
    list_paths,
    rank_columns,
    select_columns,
)
from tccli.output.text import dump_json, encode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tccli.output.result import RenderOptions, Result

DEFAULT_WIDTH_OFF_TERMINAL = 120
MAX_CELL_WIDTH = 48
"""More is given to a cell only where room is left; a shorter value is whole, or its column is left out."""
MIN_CELL_WIDTH = 10
MIN_NARROW_WIDTH = 4
"""Of columns that were asked for, where more do not fit."""
MIN_TEXT_WIDTH = 20
MAX_WORD_WIDTH = 40
"""Longer words are broken where texts are folded."""
MIN_NAME_WIDTH = 32
"""Of what tells most, before other columns are added, if there is room for it."""
GAP = "  "
SLUGID = re.compile(r"[A-Za-z0-9_-]{22}")
FRACTION = re.compile(r"\.\d+Z$")


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    """
    Write a table to *out*. A listing without entries has none.
    """
    entries, is_listing = result.table_entries()
    if not entries:
        return
    for line in _listing_lines(entries, options, result) if is_listing else _property_lines(entries[0], options):
        out.write(encode_text(f"{line.rstrip()}\n"))


def _listing_lines(entries: Sequence[Any], options: RenderOptions, result: Result) -> Iterator[str]:
    folds = result.is_table
    columns = _columns(entries, options, result)
    width = options.width or _environment_width()
    wraps = folds and width is not None
    headers = [_escape(column.name) for column in columns]
    rows = _rows(columns)
    natural = _natural_widths(headers, rows)
    if not any(isinstance(entry, dict | list) for entry in entries):
        # Values without properties are whole: there is nothing to make room for.
        widths = natural
    elif options.columns is not None:
        widths = natural if options.width is None else _shrink(natural, width or 0, rows)
    else:
        width = width or DEFAULT_WIDTH_OFF_TERMINAL
        if _total(natural) > width:
            rows = _rows(columns, shortens=True)
            natural = _natural_widths(headers, rows)
        least = [
            _least_width(size, column.rank, cells, folds=folds)
            for size, column, *cells in zip(natural, columns, *rows, strict=True)
        ]
        widths = _fit(natural, least, [column.rank for column in columns], width)
    if any(headers):
        yield _join(headers, widths, bold=options.coloured)
        if options.pretty:
            yield "─" * min(width or DEFAULT_WIDTH_OFF_TERMINAL, _total(widths))
    for row in rows:
        cells = [_wrap(cell, size) if wraps and size else [cell] for cell, size in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            yield _join(line, widths)


def _rows(columns: Sequence[Column], *, shortens: bool = False) -> list[list[str]]:
    rows = zip(*(column.values for column in columns), strict=True)
    if not shortens:
        return [[_cell(value) for value in row] for row in rows]
    return [[_cell(_shorten(value)) for value in row] for row in rows]


def _shorten(value: Any) -> Any:
    if is_time(value):
        # Without fractions of seconds: they are the same for most times, and make them the widest columns.
        return FRACTION.sub("Z", value)
    if isinstance(value, str) and value.startswith("{") and '"message"' in value:
        # The error of a hook is the text of a JSON object.
        try:
            document = strict_json.loads(value)
        except strict_json.StrictJsonError:
            return value
        message = document.get("message") if isinstance(document, dict) else None
        return message if isinstance(message, str) and message else value
    return value


def _natural_widths(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(_measure, cells)) for cells in zip(headers, *rows, strict=True)]


def _columns(entries: Sequence[Any], options: RenderOptions, result: Result) -> list[Column]:
    key = result.list_name() or "value"
    if all(isinstance(entry, list) for entry in entries):
        # Positions are not names: such a table has no header, but --columns 0,2 selects.
        if options.columns is None:
            return [Column("", values) for values in zip_longest(*entries)] or [Column(key, entries)]
    elif not all(isinstance(entry, dict) for entry in entries):
        known = ["value", key]
        _report_unknown([name for name in options.columns or () if find(name, known) is None], [], options)
        return [Column((options.columns or [key])[0], entries)]
    if options.columns is None:
        columns = (list_columns if result.is_table else rank_columns)(entries, result.key_columns)
        return columns or [Column(key, entries)]
    columns, unknown = select_columns(entries, options.columns)
    _report_unknown(unknown, entries, options)
    return columns


def _report_unknown(names: Sequence[str], entries: Sequence[Any], options: RenderOptions) -> None:
    paths = list_paths(entries)
    for name in names:
        hint = suggestion(name, [*paths, *(path.rpartition(".")[2] for path in paths)])
        options.note(f"--columns: there is no property {name!r}; {hint or '--format json prints all of them'}")


def _property_lines(document: Any, options: RenderOptions) -> Iterator[str]:
    """
    Yield a line for each property, with the path of its name. On a terminal, long values are folded.
    """
    if options.columns is None:
        values = flatten(document, into_lists=True)
    else:
        columns, unknown = select_columns([document], options.columns)
        _report_unknown(unknown, [document], options)
        values = {column.name: column.values[0] for column in columns}
    column = max(_measure(_escape(name)) for name in values) if values else 0
    width = max((options.width or 0) - column - len(GAP), MIN_TEXT_WIDTH)
    for name, value in values.items():
        lines = _escape(_text(value)).split("\n")
        if options.width is not None:
            lines = [part for line in lines for part in _wrap(line, width)]
        for number, line in enumerate(lines):
            yield f"{_fill('' if number else _escape(name), column)}{GAP}{line}"


def _least_width(natural: int, rank: int, cells: Sequence[str], *, folds: bool) -> int:
    """
    Return the least width of a column: ids, times and other short values are whole, texts and long values are not.
    """
    if folds:
        longest = max((_measure(word) for cell in cells for word in cell.split()), default=0)
        return min(natural, MIN_TEXT_WIDTH if longest > MAX_WORD_WIDTH else max(longest, MIN_TEXT_WIDTH))
    if rank == RANK_NAME:
        return min(natural, MIN_CELL_WIDTH)
    is_flexible = natural > MAX_CELL_WIDTH or any(" " in cell for cell in cells)
    return min(natural, MIN_TEXT_WIDTH) if is_flexible else natural


def _fit(natural: Sequence[int], least: Sequence[int], ranks: Sequence[int], width: int) -> list[int]:
    """
    Return the widths of the columns that fit, 0 for the others; those that tell most take precedence.
    """
    widths = [0] * len(natural)
    order = sorted(range(len(natural)), key=ranks.__getitem__)
    # An id and a state are useful, an id and a part of a name are not.
    states = [place for place in order[1:] if ranks[place] == RANK_STATE][:1]
    essential = [place for place in order[1:] if ranks[place] <= RANK_DETAIL and place not in states]
    others = [place for place in order[1:] if ranks[place] > RANK_DETAIL]
    widths[order[0]] = min(least[order[0]], width)
    for places, limit in (([*states, *essential], MIN_NAME_WIDTH), (others, width)):
        for place in places:
            if _total([*widths, least[place]]) <= width:
                widths[place] = least[place]
        for place in order:
            if 0 < widths[place] < limit:
                widths[place] += min(min(natural[place], limit) - widths[place], max(width - _total(widths), 0))
    return widths


def _shrink(natural: Sequence[int], width: int, rows: Sequence[Sequence[str]]) -> list[int]:
    """
    Return widths for all columns: the widest are made smaller, first those of texts, and at last those of ids, which
    people copy.
    """
    widths = list(natural)
    cells = list(enumerate(zip(*rows, strict=True)))
    texts = [place for place, column in cells if any(" " in cell for cell in column)]
    others = [place for place, column in cells if not all(map(SLUGID.fullmatch, column))]
    steps = [(texts, MIN_CELL_WIDTH), (others, MIN_CELL_WIDTH), (others, MIN_NARROW_WIDTH)]
    for places, least in [*steps, (range(len(widths)), MIN_NARROW_WIDTH)]:
        while _total(widths) > width and (place := max(places, key=widths.__getitem__, default=None)) is not None:
            if widths[place] <= least:
                break
            widths[place] -= 1
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(size + len(GAP) for size in widths if size) - len(GAP)


def _join(cells: Iterable[str], widths: Sequence[int], *, bold: bool = False) -> str:
    line = GAP.join(_fill(cell, size) for cell, size in zip(cells, widths, strict=True) if size).rstrip()
    return f"\x1b[1m{line}\x1b[0m" if bold else line


def _fill(cell: str, width: int) -> str:
    from rich.cells import set_cell_size

    return f"{set_cell_size(cell, width - 1)}…" if _measure(cell) > width else set_cell_size(cell, width)


def _wrap(text: str, width: int) -> list[str]:
    """
    Return the lines of a text, broken between words where there are any.
    """
    from rich.cells import chop_cells

    lines: list[str] = []
    for word in text.split(" "):
        if lines and _measure(lines[-1]) + 1 + _measure(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, width) or [""]
    return lines


def _measure(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _cell(value: Any) -> str:
    return _escape(" ".join(_text(value).split()))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return dump_json(value)


def _escape(text: str) -> str:
    # Lone surrogates as they are going to be written, so that they are measured.
    return escape_controls(encode_text(text).decode()).replace("\t", " ")


def _environment_width() -> int | None:
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdecimal() and 0 < len(text) < 6 and int(text) else None
