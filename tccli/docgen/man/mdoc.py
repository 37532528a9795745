"""
Text as mdoc, the language of manual pages.

Pure. Every character with a meaning in mdoc is escaped, and so is every character that formatters replace: a
typographic hyphen or quote cannot be copied into a shell.

Source: mdoc(7) and roff(7) of mandoc, groff_char(7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_LINE_COLUMNS = 78
MAX_TEXT_COLUMNS = 73
ESCAPES = {
    "\\": r"\(rs",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
ZERO_WIDTH = r"\&"
ENDS_SENTENCE = re.compile(r"[.!?][)\]\"']*$")
IS_NAME = re.compile(r"[-/<$^@.~]|.*\w[^a-z'].*\w")
LOOKS_LIKE_MACRO = re.compile(r"[A-Z%][A-Za-z0-9]{1,2}$")
DELIMITERS = frozenset("()[].,:;?!|")
MAX_TAG_COLUMNS = 24


def escape(text: str) -> str:
    """
    Escape text as it may stand anywhere but at the beginning of a line; it has no line breaks.
    """
    return "".join(ESCAPES.get(char) or (char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)


def prose(paragraph: str, room: int = MAX_TEXT_COLUMNS) -> list[str]:
    """
    Return a paragraph as lines that will be filled: a new one for each sentence, and where one grows long.

    Args:
        room: Columns; a longer word is broken where it may be.
    """
    lines: list[str] = []
    last = "."
    for word in paragraph.split():
        first, *rest = _split_word(word, room)
        shown = _protect_name(first)
        ends = ENDS_SENTENCE.search(last)
        if ends or len(lines[-1]) + len(shown) >= MAX_LINE_COLUMNS:
            lines.append(_protect_line(shown))
        else:
            lines[-1] += f" {shown}"
        for piece in rest:
            lines += [".br", _protect_line(_protect_name(piece))]
        last = word
    return lines


def _split_word(word: str, room: int) -> list[str]:
    """
    Return what a word is broken into, after slashes and colons if it has any.
    """
    pieces = []
    while len(word) > room:
        place = max(word.rfind(mark, 0, room) for mark in "/:") + 1 or room
        pieces.append(word[:place])
        word = word[place:]
    return [*pieces, word]


def _protect_name(word: str) -> str:
    """
    Return an escaped word. Formatters do not hyphenate it if it is a name, so that it can be copied.
    """
    return ("\\%" if IS_NAME.match(word) else "") + escape(word)


def _protect_line(line: str) -> str:
    """
    Return a line of text that is not taken for a request.
    """
    return (ZERO_WIDTH if line.startswith(".") else "") + line


def macro(name: str, *words: str) -> str:
    """
    Return a line for a macro, with texts as its arguments, none of which is taken for a macro itself.
    """
    return " ".join([f".{name}", *(escape_word(word) for text in words for word in text.split())])


def escape_word(word: str) -> str:
    """
    Return a word as an argument of a macro, where short ones may be macros, and single marks delimiters.
    """
    return (ZERO_WIDTH if word in DELIMITERS or LOOKS_LIKE_MACRO.match(word) else "") + escape(word)


def heading(text: str) -> str:
    """
    Return the line of a heading, which may be a question.
    """
    return macro("Sh", text.upper()) + (ZERO_WIDTH if text[-1] in DELIMITERS else "")


def literal_block(text: str) -> list[str]:
    """
    Return lines that stay as they are.
    """
    lines = [_protect_line(escape(line)) for line in text.split("\n")]
    return [".Bd -literal", *lines, ".Ed"]


def paragraphs(texts: Iterable[str]) -> list[str]:
    """
    Return paragraphs, an empty line before each but the first; one that holds line breaks keeps them.
    """
    lines: list[str] = []
    for place, text in enumerate(texts):
        if "\n" in text:
            lines += literal_block(text)
        else:
            lines += [*([".Pp"] if place else []), *prose(text)]
    return lines


def tagged_list(rows: Iterable[tuple[str, Sequence[str]]], *, width: str = "Ds", compact: bool = True) -> list[str]:
    """
    Return a list of tags and their descriptions.

    Args:
        rows: The tags as arguments of a macro; the lines below them.
        width: Of the tags; the description of a wider one begins on the next line.
        compact: Without empty lines between the rows.
    """
    lines = [".Bl -tag -width " + width + (" -compact" if compact else "")]
    for tag, said in rows:
        lines += [f".It {tag}", *said]
    return [*lines, ".El"]


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """
    Return rows of a name and a text.
    """
    widest = max(min(len(name), MAX_TAG_COLUMNS) for name, _ in rows)
    tags = (" ".join(escape_word(word) for word in name.split()) for name, _ in rows)
    # Facts and description of a field are sentences here.
    said = (prose(text.replace("\n", ". "), MAX_TEXT_COLUMNS - widest - 6) for _, text in rows)
    return tagged_list(zip(tags, said, strict=True), width=f"{widest + 2}n")
