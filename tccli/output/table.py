"""
A table for people: a row for each entry of a listing, or for each property of a document.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tccli.output.json import dumps
from tccli.output.jsonl import entries

if TYPE_CHECKING:
    from tccli.output import Answer, Look

UNLIMITED = 2**16


def render(answer: Answer, out: IO[bytes], look: Look) -> None:
    """
    Write *answer* to *out*; off a terminal columns are as wide as their content.
    """
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows, header = _rows(list(entries(answer)))
    if not rows:
        return
    table = Table(box=SIMPLE_HEAD if look.indented else None, show_header=bool(header), pad_edge=False)
    for name in header or ("", ""):
        table.add_column(Text(visible(name)), overflow="fold", no_wrap=look.width is None)
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    text = io.StringIO()
    console = Console(
        file=text,
        width=look.width or UNLIMITED,
        force_terminal=look.coloured,
        color_system="standard" if look.coloured else None,
        _environ={},
    )
    console.print(table)
    out.write("".join(line.rstrip() + "\n" for line in text.getvalue().splitlines()).encode())


def _rows(documents: list[Any]) -> tuple[list[list[str]], list[str]]:
    """
    Return cells and column names; one object alone becomes rows of name and value.
    """
    if len(documents) == 1 and isinstance(documents[0], dict):
        arrays = [value for value in documents[0].values() if isinstance(value, list)]
        inner = arrays[0] if len(arrays) == 1 and arrays[0] and len(documents[0]) == 1 else None
        if inner is None:
            return [[name, _cell(value)] for name, value in _flat(documents[0]).items()], []
        documents = inner
    if all(isinstance(document, dict) for document in documents):
        flat = [_flat(document) for document in documents]
        header = list(dict.fromkeys(name for row in flat for name in row))
        return [[_cell(row.get(name)) for name in header] for row in flat], header
    return [[_cell(document)] for document in documents], ["value"]


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """
    Return a document's leaves by dotted names.
    """
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def visible(text: str) -> str:
    r"""
    Return *text* with control characters written out (``\x1b``): what a service says must not steer the terminal.
    """
    import re

    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return dumps(value)
