"""
A table for people: a row for each entry of a listing, or for each property of a document.

Cells are shortened with ``…``, so that a row is a line that fits the terminal. Off a terminal, the columns that were
asked for are whole, since a program may read them.
"""

from __future__ import annotations

import os
from itertools import zip_longest
from typing import IO, TYPE_CHECKING, Any

from tccli.core.printable import escape_controls
from tccli.names import suggestion
from tccli.output.columns import Column, flatten, list_columns, list_paths, rank_columns, select_columns
from tccli.output.text import dump_json, encode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tccli.output.result import RenderOptions, Result

DEFAULT_WIDTH_OFF_TERMINAL = 120
MAX_CELL_WIDTH = 32
"""More is given to a cell only where room is left."""
MIN_CELL_WIDTH = 10
MIN_FOLDED_WIDTH = 14
ESSENTIAL_COLUMNS = 3
GAP = "  "


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    """
    Write a table to *out*. A listing without entries has none.
    """
    entries, is_listing = result.table_entries()
    if not entries:
        return
    if not is_listing:
        lines = _property_lines(entries[0], options)
    else:
        lines = _listing_lines(entries, options, folds=result.is_table)
    for line in lines:
        out.write(encode_text(f"{line.rstrip()}\n"))


def _listing_lines(entries: Sequence[Any], options: RenderOptions, *, folds: bool) -> Iterator[str]:
    columns, width = _columns(entries, options, ranked=not folds), options.width or _width_off_terminal()
    rows = [[_cell(value) for value in row] for row in zip(*(column.values for column in columns), strict=True)]
    headers = [_escape(column.name) for column in columns]
    natural = [max(map(_measure, cells)) for cells in zip(headers, *rows, strict=True)]
    texts = [place for place, cells in enumerate(zip(*rows, strict=True)) if any(" " in cell for cell in cells)]
    if not any(isinstance(entry, dict | list) for entry in entries):
        # Values without properties are whole: there is nothing to make room for.
        widths = natural
    elif options.columns is not None:
        widths = natural if options.width is None else _shrink(natural, width, MIN_CELL_WIDTH, texts)
    elif folds:
        widths = natural if options.width is None else _shrink(natural, width, MIN_FOLDED_WIDTH, texts)
        if options.width is not None and _total(widths) > width:
            yield from _listing_lines(entries, options, folds=False)
            return
    else:
        widths = _fit(natural, [_measure(header) for header in headers], width)
    if any(headers):
        yield _join(headers, widths, bold=options.coloured)
        if options.pretty:
            yield "─" * min(width, _total(widths))
    for row in rows:
        cells = [_wrap(cell, size) if folds and size else [cell] for cell, size in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            yield _join(line, widths)


def _columns(entries: Sequence[Any], options: RenderOptions, *, ranked: bool) -> list[Column]:
    if all(isinstance(entry, list) for entry in entries):
        # Positions are not names: such a table has no header, but --columns 0,2 selects.
        if options.columns is None:
            return [Column("", values) for values in zip_longest(*entries)] or [Column("value", entries)]
    elif not all(isinstance(entry, dict) for entry in entries):
        _report_unknown([name for name in options.columns or () if name != "value"], [], options)
        return [Column("value", entries)]
    if options.columns is None:
        columns = rank_columns(entries) if ranked else list_columns(entries)
        return columns or [Column("value", entries)]
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
    width = max((options.width or 0) - column - len(GAP), MIN_FOLDED_WIDTH)
    for name, value in values.items():
        lines = _escape(_text(value)).split("\n")
        if options.width is not None:
            lines = [part for line in lines for part in _wrap(line, width)]
        for number, line in enumerate(lines):
            yield f"{_fill('' if number else _escape(name), column)}{GAP}{line}"


def _fit(natural: Sequence[int], headers: Sequence[int], width: int) -> list[int]:
    """
    Return the widths of the columns that fit, 0 for the others. Earlier columns take precedence.
    """
    wanted = [min(size, max(MAX_CELL_WIDTH, header)) for size, header in zip(natural, headers, strict=True)]
    wanted[0] = min(natural[0], width)
    widths: list[int] = []
    # A table without the name and the state of its entries says little: these are rather shortened than left out.
    for count in range(min(len(wanted), ESSENTIAL_COLUMNS), 0, -1):
        widths = [wanted[0], *_shrink(wanted[1:count], width - wanted[0] - len(GAP), MIN_CELL_WIDTH)]
        if _total(widths) <= width:
            break
    for size in wanted[len(widths) :]:
        widths.append(size if _total([*widths, size]) <= width else 0)
    left = width - _total(widths)
    for place, size in enumerate(widths):
        more = min(natural[place] - size, left) if size else 0
        widths[place] += more
        left -= more
    return widths


def _shrink(natural: Sequence[int], width: int, least: int, texts: Sequence[int] = ()) -> list[int]:
    """
    Return widths for all columns: the widest are made smaller, but not below *least*.

    Args:
        texts: The places of columns that are made smaller before the others, whose ids people copy.
    """
    widths = list(natural)
    for places in (texts, range(len(widths))):
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


def _width_off_terminal() -> int:
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdecimal() and 0 < len(text) < 6 and int(text) else DEFAULT_WIDTH_OFF_TERMINAL
