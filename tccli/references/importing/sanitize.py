"""
Untrusted text for a terminal: control characters are removed, Markdown becomes paragraphs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Escape sequences: for colours and the cursor, for titles and links, and the short ones.
ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]"
)
# Characters that move the cursor or change the direction of text, and lone surrogates.
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
FENCE = re.compile(r"\s*(```|~~~)")
ITEM = re.compile(r"\s*(?:[-*+]|(\d+[.)]))\s+")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
CODE = "    "


def sanitize(text: str) -> str:
    """
    Return *text* without control characters and escape sequences.
    """
    return UNSAFE.sub("", ESCAPES.sub("", text.replace("\r\n", "\n")))


def sanitize_line(text: str) -> str:
    """
    Return *text* in one line, without control characters and escape sequences.
    """
    return " ".join(sanitize(text).split())


def split_paragraphs(markdown: str) -> tuple[str, ...]:
    """
    Return the paragraphs, headings, list items and lines of code of *markdown*, sanitized, each without line breaks.
    """
    return tuple(_plain(block) if not block.startswith(CODE) else block for block in _blocks(sanitize(markdown)))


def _blocks(text: str) -> Iterator[str]:
    words: list[str] = []
    fenced = False
    for each in text.expandtabs(4).split("\n"):
        fence, item, heading = FENCE.match(each), ITEM.match(each), HEADING.match(each)
        code = not fence and (fenced or (each.startswith(CODE) and not words and not item))
        if words and (fence or code or item or heading or not each.strip()):
            yield " ".join(words)
            words = []
        if fence:
            fenced = not fenced
        elif code:
            yield from [CODE + each.removeprefix(CODE).rstrip()] if each.strip() else []
        elif heading:
            words = each[heading.end() :].rstrip("# ").split()
            yield from [" ".join(words)] if words else []
            words = []
        elif item:
            words = [item[1] or "-", *each[item.end() :].split()]
        else:
            words += each.split()
    if words:
        yield " ".join(words)


def _plain(text: str) -> str:
    text = re.sub(r"!?\[([^\[\]]*)\]\(<?([^()\s<>]*)>?[^()]*\)", lambda link: _link(link[1], link[2]), text)
    return re.sub(r"\*\*(\S(?:.{0,300}?\S)?)\*\*", r"\1", text)


def _link(text: str, target: str) -> str:
    return f"{text} ({target})" if target.startswith(("http://", "https://")) and target != text else text
