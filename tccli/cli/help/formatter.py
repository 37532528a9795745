"""
The layout of help: columns, usage lines and paragraphs, wrapped to the width of the terminal.

Lines break between words only: an option or a scope that is broken at a hyphen cannot be copied.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

VERBATIM = "\b\n"
CODE = "    "
ITEM = "- "
MIN_HELP_WIDTH = 40
MIN_TEXT_WIDTH = 10
MIN_USAGE_WIDTH = 20
DEFAULT_HELP_WIDTH = 80
MAX_HELP_WIDTH = 100


def wrap_text(text: str, width: int) -> list[str]:
    """
    Return the lines of a text. A word that is longer than *width* columns gets a line of its own.
    """
    # Not textwrap: importing it, with its expressions, takes a twentieth of the time of a help.
    text, width = " ".join(text.split()), max(width, 0)
    if len(text) <= width:
        return [text] if text else []
    lines: list[str] = []
    start = 0
    while len(text) - start > width:
        end = text.rfind(" ", start, start + width + 1)
        if end < 0:
            end = text.find(" ", start)
        if end < 0:
            break
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:]]


class Formatter(click.HelpFormatter):
    """
    Writes help like click's formatter, but never breaks a word.
    """

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """
        Write the usage line. Further lines are indented below the arguments, if these have enough room there.
        """
        start = f"{prefix or 'Usage: '}{prog} "
        indent = len(start) if self.width - len(start) >= MIN_USAGE_WIDTH else 2 * self.indent_increment
        lines = wrap_text(args, self.width - len(start)) or [""]
        self.write(f"{start}{lines[0]}".rstrip() + "\n")
        for line in wrap_text(" ".join(lines[1:]), self.width - indent):
            self.write(f"{' ' * indent}{line}\n")

    def write_text(self, text: str) -> None:
        """
        Write paragraphs, wrapped unless they begin with ``VERBATIM``.
        """
        margin = " " * self.current_indent
        paragraphs = []
        for paragraph in text.split("\n\n"):
            is_verbatim = paragraph.startswith(VERBATIM)
            content = paragraph.removeprefix(VERBATIM)
            lines = content.split("\n") if is_verbatim else wrap_text(content, self.width - len(margin))
            paragraphs.append("".join(f"{margin}{line}".rstrip() + "\n" for line in lines))
        self.write("\n".join(paragraphs))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """
        Write rows of a name and a wrapped text. A name that is longer than its column gets a line of its own.

        On a narrow terminal the column has at most a third of the width. Line breaks in a text stay.
        """
        rows = list(rows)
        if self.width < DEFAULT_HELP_WIDTH:
            col_max = min(col_max, self.width // 3)
        column = min(max([len(name) for name, _ in rows], default=0), col_max) + col_spacing
        margin = " " * self.current_indent
        width = max(self.width - self.current_indent - column, MIN_TEXT_WIDTH)
        below = f"\n{margin}{' ' * column}"
        for name, text in rows:
            lines = [line for part in text.split("\n") for line in wrap_text(part, width)]
            first = below if len(name) > column - col_spacing and lines else " " * (column - len(name))
            self.write(f"{margin}{name}{first}{below.join(lines)}".rstrip() + "\n")


def help_width() -> int:
    """
    Return the width of help in columns: that of the terminal within limits, 80 without one.
    """
    # Not shutil.get_terminal_size: the import costs several milliseconds.
    text = os.environ.get("COLUMNS", "")
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0:
        width = int(text)
    else:
        try:
            width = os.get_terminal_size(1).columns
        except OSError:
            return DEFAULT_HELP_WIDTH
    return min(max(width, MIN_HELP_WIDTH), MAX_HELP_WIDTH)


def write_paragraphs(formatter: click.HelpFormatter, paragraphs: Iterable[str]) -> None:
    """
    Write paragraphs with empty lines between them, but none between items of a list or lines of code.
    """
    before = ""
    for paragraph in paragraphs:
        if before and not any(before.startswith(mark) and paragraph.startswith(mark) for mark in (CODE, ITEM)):
            formatter.write_paragraph()
        formatter.write_text(VERBATIM + paragraph if paragraph.startswith(CODE) else paragraph)
        before = paragraph
