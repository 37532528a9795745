"""
The language of manual pages: text into mdoc, so that what is read is what was written.

Pure: text in, lines out. All that has a meaning of its own in mdoc is escaped, and so is what formatters set in another
way than it was typed: a hyphen or a quote that has become another character cannot be copied into a shell.

Source: mdoc(7) and roff(7) of mandoc, groff_char(7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDEST = 78
ROOM = 73
ESCAPES = {
    "\\": r"\(rs",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
NOTHING = r"\&"
ENDS_SENTENCE = re.compile(r"[.!?][)\]\"']*$")
IS_NAME = re.compile(r"[-/<$^@.~]|.*\w[^a-z'].*\w")
LOOKS_LIKE_MACRO = re.compile(r"[A-Z%][A-Za-z0-9]{1,2}$")
DELIMITERS = frozenset("()[].,:;?!|")
LONGEST_TAG = 24


def escaped(text: str) -> str:
    """
    Return text as it may stand anywhere but at the beginning of a line; it has no line breaks.
    """
    return "".join(ESCAPES.get(char) or (char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)


def prose(paragraph: str, room: int = ROOM) -> list[str]:
    """
    Return a paragraph as lines that will be filled: a new one for each sentence, and where one grows long.

    Args:
        room: Columns; a longer word is broken where it may be.
    """
    lines: list[str] = []
    last = "."
    for word in paragraph.split():
        first, *rest = _pieces(word, room)
        shown = _unhyphenated(first)
        ends = ENDS_SENTENCE.search(last)
        if ends or len(lines[-1]) + len(shown) >= WIDEST:
            lines.append(_inert_line(shown))
        else:
            lines[-1] += f" {shown}"
        for piece in rest:
            lines += [".br", _inert_line(_unhyphenated(piece))]
        last = word
    return lines


def _pieces(word: str, room: int) -> list[str]:
    """
    Return what a word is broken into, after slashes and colons if it has any.
    """
    pieces = []
    while len(word) > room:
        place = max(word.rfind(mark, 0, room) for mark in "/:") + 1 or room
        pieces.append(word[:place])
        word = word[place:]
    return [*pieces, word]


def _unhyphenated(word: str) -> str:
    """
    Return an escaped word, which no formatter hyphenates if it is a name: what is broken cannot be copied.
    """
    return ("\\%" if IS_NAME.match(word) else "") + escaped(word)


def _inert_line(line: str) -> str:
    """
    Return a line of text that is not taken for a request.
    """
    return (NOTHING if line.startswith(".") else "") + line


def macro(name: str, *words: str) -> str:
    """
    Return a line for a macro, with texts as its arguments, none of which is taken for a macro itself.
    """
    return " ".join([f".{name}", *(inert(word) for text in words for word in text.split())])


def inert(word: str) -> str:
    """
    Return a word as an argument of a macro, where short ones may be macros, and single marks delimiters.
    """
    return (NOTHING if word in DELIMITERS or LOOKS_LIKE_MACRO.match(word) else "") + escaped(word)


def heading(text: str) -> str:
    """
    Return the line of a heading, which may be a question.
    """
    return macro("Sh", text.upper()) + (NOTHING if text[-1] in DELIMITERS else "")


def display(text: str) -> list[str]:
    """
    Return lines that stay as they are.
    """
    lines = [_inert_line(escaped(line)) for line in text.split("\n")]
    return [".Bd -literal", *lines, ".Ed"]


def paragraphs(texts: Iterable[str]) -> list[str]:
    """
    Return paragraphs, an empty line before each but the first; one that holds line breaks keeps them.
    """
    lines: list[str] = []
    for place, text in enumerate(texts):
        if "\n" in text:
            lines += display(text)
        else:
            lines += [*([".Pp"] if place else []), *prose(text)]
    return lines


def tagged(rows: Iterable[tuple[str, Sequence[str]]], *, width: str = "Ds", compact: bool = True) -> list[str]:
    """
    Return a list of tags and what is said of them.

    Args:
        rows: The tags as arguments of a macro; the lines below them.
        width: How wide the tags are; what is said of a wider one begins below it.
        compact: Whether there are no empty lines between.
    """
    lines = [".Bl -tag -width " + width + (" -compact" if compact else "")]
    for tag, said in rows:
        lines += [f".It {tag}", *said]
    return [*lines, ".El"]


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """
    Return rows of a name and a text.
    """
    widest = max(min(len(name), LONGEST_TAG) for name, _ in rows)
    tags = (" ".join(inert(word) for word in name.split()) for name, _ in rows)
    said = (prose(text, ROOM - widest - 6) for _, text in rows)
    return tagged(zip(tags, said, strict=True), width=f"{widest + 2}n")
