"""
A help topic as a section of a manual page.
"""

from __future__ import annotations

from itertools import groupby, zip_longest
from typing import TYPE_CHECKING

from tccli.cli.help import markdown
from tccli.docgen.man import mdoc, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tccli.cli.help.markdown import Block
    from tccli.topics import Topic

HEADINGS = {"exit-codes": "exit status", "times": "timestamps and offsets"}
"""What is called in another way here: by convention, and since mandoc takes one of them for a mistake."""


def section(topic: Topic) -> list[str]:
    """
    Return the section of a topic.
    """
    lines = [mdoc.heading(HEADINGS.get(topic.name, topic.title))]
    for kind, blocks in groupby(markdown.parse_blocks(topic.text), key=lambda block: block.kind):
        for made in _made(kind, blocks):
            # Nothing stands between a heading and what is below it, and displays bring their own space.
            after_heading = lines[-1].startswith((".Sh", ".Ss"))
            lines += made if after_heading or made[0].startswith((".Bd", ".Ss")) else [".Pp", *made]
    return lines


def _made(kind: str, blocks: Iterable[Block]) -> Iterator[list[str]]:
    """
    Yield the lines of blocks of a kind, which follow each other.
    """
    match kind:
        case "item":
            yield [
                ".Bl -bullet -compact",
                *(line for block in blocks for line in (".It", *mdoc.prose(block.text))),
                ".El",
            ]
        case "heading":
            yield from ([mdoc.macro("Ss", block.text)] for block in blocks)
        case "code":
            yield from (parts.examples([block.text]) for block in blocks)
        case "table":
            yield from (mdoc.table(list(_rows(block.rows))) for block in blocks)
        case _:
            yield from (mdoc.prose(block.text) for block in blocks)


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """
    Yield names and texts; where there are more columns than two, their headings are said with the cells.
    """
    header, *content = rows
    headings = header[1:] if len(header) > 2 else []
    for first, *cells in content:
        named = [
            f"{name}: {cell}" if name else cell for name, cell in zip_longest(headings, cells, fillvalue="") if cell
        ]
        yield first, "; ".join(named)
