"""
How help is laid out: wrapped to the terminal, between words only, since an option that is broken cannot be copied.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tccli.cli.help.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable

AS_IT_IS = "\b\n"
CODE = "    "
ITEM = "- "
NARROWEST_HELP = 40
NARROWEST_TEXT = 10
NARROWEST_USAGE = 20
WIDEST_HELP = 100


class Formatter(click.HelpFormatter):
    """
    Wraps help between words only: an option or a scope that is broken at a hyphen cannot be copied.
    """

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """
        Write how a command is called, what follows its name below itself where it takes several lines.
        """
        start = f"{prefix or 'Usage: '}{prog} "
        indent = len(start) if self.width - len(start) >= NARROWEST_USAGE else 2 * self.indent_increment
        lines = wrapped(args, self.width - len(start)) or [""]
        self.write(f"{start}{lines[0]}".rstrip() + "\n")
        for line in wrapped(" ".join(lines[1:]), self.width - indent):
            self.write(f"{' ' * indent}{line}\n")

    def write_text(self, text: str) -> None:
        """
        Write paragraphs, wrapped; one that begins as ``AS_IT_IS`` says stays as it is.
        """
        margin = " " * self.current_indent
        paragraphs = []
        for paragraph in text.split("\n\n"):
            kept = paragraph.startswith(AS_IT_IS)
            lines = (
                paragraph.removeprefix(AS_IT_IS).split("\n") if kept else wrapped(paragraph, self.width - len(margin))
            )
            paragraphs.append("".join(f"{margin}{line}".rstrip() + "\n" for line in lines))
        self.write("\n".join(paragraphs))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """
        Write rows of a name and a wrapped text; a word that is longer than its column sticks out.
        """
        rows = list(rows)
        column = min(max((len(name) for name, _ in rows), default=0), col_max) + col_spacing
        margin = " " * self.current_indent
        width = max(self.width - self.current_indent - column, NARROWEST_TEXT)
        for name, text in rows:
            lines = wrapped(text, width)
            if len(name) > column - col_spacing and lines:
                self.write(f"{margin}{name}\n")
                first = " " * column
            else:
                first = name.ljust(column)
            self.write(f"{margin}{first}{lines[0] if lines else ''}".rstrip() + "\n")
            self.write("".join(f"{margin}{' ' * column}{line}\n" for line in lines[1:]))


def columns() -> int:
    """
    Return how wide help is: as the terminal, up to a width that can be read. shutil would load half of the library.
    """
    written = os.environ.get("COLUMNS", "")
    if written.isdigit() and int(written) > 0:
        return _readable(int(written))
    try:
        return _readable(os.get_terminal_size(1).columns)
    except OSError:
        return 80


def _readable(width: int) -> int:
    return min(max(width, NARROWEST_HELP), WIDEST_HELP)


def write_paragraphs(formatter: click.HelpFormatter, paragraphs: Iterable[str]) -> None:
    """
    Write paragraphs with empty lines between them, but none between items of a list or lines of code.
    """
    before = ""
    for paragraph in paragraphs:
        if before and not any(before.startswith(mark) and paragraph.startswith(mark) for mark in (CODE, ITEM)):
            formatter.write_paragraph()
        formatter.write_text(AS_IT_IS + paragraph if paragraph.startswith(CODE) else paragraph)
        before = paragraph
