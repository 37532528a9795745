"""
A table for people: a row for each entry of a listing, or for each property of a document.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tccli.core.printable import escape_controls
from tccli.output.text import dump_json, encode_text

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result

MAX_WIDTH_OFF_TERMINAL = 2**16


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    """
    Write a table to *out*; off a terminal, columns are as wide as their content.
    """
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows, header = _rows(list(result.entries()))
    if not rows:
        return
    table = Table(box=SIMPLE_HEAD if options.pretty else None, show_header=bool(header), pad_edge=False)
    for name in header or ("", ""):
        table.add_column(Text(escape_controls(name)), overflow="fold", no_wrap=options.width is None)
    for row in rows:
        table.add_row(*(Text(escape_controls(cell)) for cell in row))
    text = io.StringIO()
    console = Console(
        file=text,
        width=options.width or MAX_WIDTH_OFF_TERMINAL,
        force_terminal=options.coloured,
        color_system="standard" if options.coloured else None,
        _environ={},
    )
    console.print(table)
    out.write(encode_text("".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())))


def _rows(documents: list[Any]) -> tuple[list[list[str]], list[str]]:
    """
    Return cells and column names. A single object becomes rows of name and value, without column names.
    """
    if len(documents) == 1 and isinstance(documents[0], dict):
        values = list(documents[0].values())
        # The array of {"scopes": […]} is the table.
        if len(values) != 1 or not isinstance(values[0], list):
            return [[name, _cell(value)] for name, value in _flatten(documents[0]).items()], []
        documents = values[0]
    if all(isinstance(document, dict) for document in documents):
        flat = [_flatten(document) for document in documents]
        header = list(dict.fromkeys(name for row in flat for name in row))
        return [[_cell(row.get(name)) for name in header] for row in flat], header
    return [[_cell(document)] for document in documents], ["value"]


def _flatten(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value:
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return dump_json(value)
