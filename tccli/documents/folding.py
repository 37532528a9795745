"""
Folds the lines of an example, so that they fit a page and do the same as before.

Pure. A line of the shell goes on after a backslash; JSON and jq, in quotes or in a here-document, may have a line break
wherever they have a blank, but in their strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELL, DATA = " \\", ""
HERE_DOCUMENT = re.compile(r"<<(['\"]?)(\w+)\1")
DATA_BEGINS = re.compile(r"\s*[{\[(.]")


def folded(example: str, width: int) -> str:
    """
    Return an example with its lines broken where they are longer than *width* and can be broken.
    """
    breaks = dict(_breaks(example))
    lines: list[str] = []
    start = 0
    for line in example.split("\n"):
        lines += _folded_line(line, {place - start: ending for place, ending in breaks.items()}, width)
        start += len(line) + 1
    return "\n".join(lines)


def _folded_line(line: str, breaks: dict[int, str], width: int) -> Iterator[str]:
    begin, indent = 0, ""
    margin = " " * (len(line) - len(line.lstrip()))
    while len(indent) + len(line) - begin > width:
        fitting = [
            place
            for place, ending in breaks.items()
            if begin < place < len(line)
            and line[begin:place].strip()
            and len(indent) + place - begin + len(ending) <= width
        ]
        if not fitting:
            break
        place = max(fitting, key=lambda place: (_reads_well(line, place), place))
        yield indent + line[begin:place] + breaks[place]
        indent = "    " if breaks[place] == SHELL else f"{margin}  "
        begin = place + 1
    yield indent + line[begin:]


def _reads_well(line: str, place: int) -> bool:
    """
    Say whether a line may well end at a blank: before an option or another command, after a comma or a bar.
    """
    return line[place - 1] in ",|" or line.startswith(("-", "tc "), place + 1)


def _breaks(example: str) -> Iterator[tuple[int, str]]:
    """
    Yield the places of the blanks at which a line may be broken, and what the broken line ends with.
    """
    reader = _Reader()
    start = 0
    for line in example.split("\n"):
        reader.begin_line(line)
        for place, char in enumerate(line):
            if char == " " and (ending := reader.line_ending()) is not None:
                yield start + place, ending
            reader.read(line, place)
        reader.end_line(line)
        start += len(line) + 1


class _Reader:
    """
    Knows, character by character, in what an example is: a command, quotes, or a here-document.

    Attributes:
        inside: The quotes and substitutions that are open, the innermost last.
        is_data: Whether the innermost single quotes hold JSON or jq.
        in_string: Whether a string is open in the data, which may be pieced together of several quotes.
        document: The word that ends the here-document, or empty.
    """

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.is_data = False
        self.in_string = False
        self.document = ""

    def begin_line(self, line: str) -> None:
        """
        See whether a here-document ends.
        """
        if line == self.document:
            self.document = ""

    def end_line(self, line: str) -> None:
        """
        See whether a here-document begins.
        """
        found = HERE_DOCUMENT.search(line)
        if found and not self.document and not self.inside:
            self.document, self.in_string = found.group(2), False

    def line_ending(self) -> str | None:
        """
        Return what a line that is broken here has to end with, or None where it cannot be broken.
        """
        if self.document or self.inside[-1:] == ["'"]:
            return DATA if (self.document or self.is_data) and not self.in_string else None
        return None if self.inside[-1:] == ['"'] else SHELL

    def read(self, line: str, place: int) -> None:
        """
        Go on by one character.
        """
        char, now = line[place], self.inside[-1:]
        if self.document or now == ["'"]:
            self.in_string ^= char == '"' and line[place - 1] != "\\"
        if self.document:
            return
        if (char == "'" and now == ["'"]) or (char == '"' and now == ['"']) or (char == ")" and now == ["("]):
            self.inside.pop()
        elif now != ["'"] and char == "(" and line[place - 1] == "$":
            self.inside.append("(")
        elif char == '"' and now != ["'"]:
            self.inside.append('"')
        elif char == "'" and now not in (["'"], ['"']):
            self.inside.append("'")
            # What is pieced together goes on as what it was.
            if not self.in_string:
                self.is_data = DATA_BEGINS.match(line, place + 1) is not None
