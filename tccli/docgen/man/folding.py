"""
Folds the lines of an example, so that they fit a page and do the same as before.

Pure. A line of the shell goes on after a backslash; JSON and jq, in quotes or in a here-document, may have a line break
wherever they have a blank, but in their strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELL, DATA = " \\", ""
HERE_DOCUMENT = re.compile(r"<<(['\"]?)(\w+)\1")
DATA_BEGINS = re.compile(r"\s*[{\[(.]")
SHORTEST = 12


class Break(NamedTuple):
    """
    A blank at which a line may be broken.

    Attributes:
        ending: What the line has to end with then.
        is_nested: Whether it is inside of a ``$(…)``.
    """

    ending: str
    is_nested: bool


def folded(example: str, width: int) -> str:
    """
    Return an example with its lines broken where they are longer than *width* and can be broken.
    """
    reader = _Reader()
    return "\n".join(part for line in example.split("\n") for part in _folded_line(line, reader.breaks(line), width))


def _folded_line(line: str, breaks: dict[int, Break], width: int) -> Iterator[str]:
    begin, indent = 0, ""
    margin = " " * (len(line) - len(line.lstrip()))
    while len(indent) + len(line) - begin > width:
        fitting = [
            place
            for place, (ending, _) in breaks.items()
            if begin < place < len(line)
            and line[begin:place].strip()
            and len(indent) + place - begin + len(ending) <= width
        ]
        if not fitting:
            break
        place = max(fitting, key=lambda place: (*_merits(line, begin, place, breaks[place]), place))
        ending = breaks[place].ending
        yield indent + line[begin:place] + ending
        indent = "    " if ending == SHELL else f"{margin}  "
        begin = place + 1
    yield indent + line[begin:]


def _merits(line: str, begin: int, place: int, found: Break) -> tuple[bool, bool, bool]:
    """
    Say what speaks for breaking a line at a blank: that it is not inside of a substitution; and, unless next to nothing
    is before it, that a bar ends there, or something smaller: a comma before it, an option or a command after it.
    """
    ends = line[place - 1] == "," or line.startswith(("-", "tc "), place + 1)
    is_long = place - begin >= SHORTEST
    return not found.is_nested, is_long and line[place - 1] == "|", is_long and ends


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

    def breaks(self, line: str) -> dict[int, Break]:
        """
        Read a line; return the places of the blanks at which it may be broken.
        """
        if line == self.document:
            self.document = ""
        found = {}
        for place, char in enumerate(line):
            if char == " " and (ending := self._ending()) is not None:
                # After a bar, the shell looks for more anyway.
                ending = DATA if line[place - 1] == "|" else ending
                found[place] = Break(ending, is_nested="(" in self.inside)
            self._read(line, place)
        document = HERE_DOCUMENT.search(line)
        if document and not self.document and not self.inside:
            self.document, self.in_string = document.group(2), False
        return found

    def _ending(self) -> str | None:
        """
        Return what a line that is broken here has to end with, or None where it cannot be broken.
        """
        if self.document or self.inside[-1:] == ["'"]:
            return DATA if (self.document or self.is_data) and not self.in_string else None
        return None if self.inside[-1:] == ['"'] else SHELL

    def _read(self, line: str, place: int) -> None:
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
