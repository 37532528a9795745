"""
Render the Markdown of the help topics for a terminal.

Headings (``## …``), paragraphs, lists (``- …``), tables (``| … |``) and indented code. There is no markup inside of
lines: people copy what they read. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tccli.cli.help.formatter import wrap_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODE = "    "
HEADING = "## "
ITEM = "- "
MARGIN = 2
GAP = 2
MIN_COLUMN_WIDTH = 24


class Block(NamedTuple):
    """
    A block of a page.

    Attributes:
        kind: ``heading``, ``paragraph``, ``item``, ``code`` or ``table``.
        text: On one line, except for code.
        rows: The cells of a table; the first row is its header, which may be empty.
    """

    kind: str
    text: str
    rows: Sequence[Sequence[str]] = ()


def parse_blocks(text: str) -> list[Block]:
    """
    Return the blocks of a page.
    """
    return [block for part in _parts(text) for block in _blocks(part)]


def extract_code(text: str) -> list[str]:
    """
    Return the blocks of code of a page, without their indentation.
    """
    return [block.text for block in parse_blocks(text) if block.kind == "code"]


def render(text: str, width: int) -> str:
    """
    Return a page for a terminal with *width* columns. Code and long words are not wrapped.
    """
    shown: list[str] = []
    last = ""
    for block in parse_blocks(text):
        if shown and not (block.kind == last == "item"):
            shown.append("")
        shown += _shown(block, width - MARGIN)
        last = block.kind
    return "".join(f"{line}\n" for line in shown)


def _parts(text: str) -> Iterator[list[str]]:
    """
    Yield groups of lines separated by empty lines. Code may contain empty lines.
    """
    part: list[str] = []
    for line in text.split("\n"):
        inside = bool(part) and part[0].startswith(CODE)
        if line.strip() and not (inside and not line.startswith(CODE)):
            part.append(line.rstrip())
        elif inside and not line.strip():
            part.append("")
        else:
            yield part
            part = [line.rstrip()] if line.strip() else []
    yield part


def _blocks(lines: list[str]) -> Iterator[Block]:
    if not lines:
        return
    if lines[0].startswith(CODE):
        yield Block("code", "\n".join(line.removeprefix(CODE) for line in lines).rstrip("\n"))
    elif lines[0].startswith(HEADING):
        yield Block("heading", lines[0].removeprefix(HEADING))
        yield from _blocks(lines[1:])
    elif lines[0].startswith("|"):
        has_header = len(lines) > 1 and not lines[1].strip("|-: ")
        rows = [_cells(line) for line in lines if line.strip("|-: ")]
        yield Block("table", "", rows if has_header else [[], *rows])
    elif lines[0].startswith(ITEM):
        for item in "\n".join(lines).removeprefix(ITEM).split(f"\n{ITEM}"):
            yield Block("item", " ".join(item.split()))
    else:
        yield Block("paragraph", " ".join(" ".join(lines).split()))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _shown(block: Block, width: int) -> list[str]:
    margin = " " * MARGIN
    match block.kind:
        case "heading":
            return [f"{block.text}:"]
        case "code":
            return [f"{margin}{margin}{line}".rstrip() for line in block.text.split("\n")]
        case "item":
            first, *rest = wrap_text(block.text, width - len(ITEM)) or [""]
            return [f"{margin}{ITEM}{first}", *(f"{margin}{' ' * len(ITEM)}{line}" for line in rest)]
        case "table":
            return [f"{margin}{line}".rstrip() for line in _table(block.rows, width)]
        case _:
            return [f"{margin}{line}" for line in wrap_text(block.text, width)]


def _table(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """
    Yield the lines of a table. The last column is wrapped, or put below the others if it has too little room.
    """
    columns = max((len(row) for row in rows), default=0) or 1
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[place]) for row in full) for place in range(columns - 1)]
    margin = sum(widths) + GAP * len(widths)
    has_room = width - margin >= MIN_COLUMN_WIDTH
    for number, row in enumerate(full):
        first = "".join(cell.ljust(size + GAP) for cell, size in zip(row[:-1], widths, strict=True))
        lines = wrap_text(row[-1], width - margin if has_room else width - MARGIN - GAP) or [""]
        if number == 0 and not any(row):
            continue
        if has_room:
            yield first + lines[0]
            yield from (" " * margin + line for line in lines[1:])
        else:
            yield first
            yield from (" " * (MARGIN + GAP) + line for line in lines)
        if number == 0:
            yield "-" * min(width, margin + max(len(row[-1]) for row in full) if has_room else width)
