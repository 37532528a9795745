r"""
Text that cannot control a terminal, whatever its source. Pure functions.

Escaped are C0 but tab and newline, DEL, C1, the characters that reorder text or separate lines, and lone surrogates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTROL_CHARACTERS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""For a class of a regular expression. Bidirectional controls: Unicode Standard Annex 9, section 2."""
MAX_LISTED_WORDS = 5
"""In a message."""


def escape_controls(text: str) -> str:
    r"""
    Return *text* with ``\x1b`` for an escape character, and so on.
    """
    # Most texts have none; compiling the expression takes a hundredth of a start.
    if text.replace("\n", "").isprintable():
        return text
    return re.sub(f"[{CONTROL_CHARACTERS}]", lambda found: _escape(ord(found[0])), text)


def escape_line_breaks(text: str) -> str:
    r"""
    Return *text* as one line, with ``\\x0a`` for a line feed, and so on for what a terminal or a program takes for
    the end of a line or for a control character. Everything else stays, also where text is piped.
    """
    if text.isprintable():
        return text
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: _escape(ord(found[0])), text)


def escape_controls_in_json(text: str) -> str:
    r"""
    Return JSON with ``\u009b`` and the like for characters that control a terminal: the document is the same.
    """
    return re.sub(f"[{CONTROL_CHARACTERS}]", lambda found: f"\\u{ord(found[0]):04x}", text)


def escape_line(text: str, max_length: int | None = None) -> str:
    """
    Return *text* as one line, with blanks for line breaks and control characters, and with ``…`` if it is too long.
    """
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())
    text = escape_controls(text if max_length is None else text[: max_length + 1])
    return text if max_length is None or len(text) <= max_length else text[: max_length - 1] + "…"


def list_some(words: Sequence[str], most: int = MAX_LISTED_WORDS, total: int | None = None) -> str:
    """
    Return the first words for a message, and the number of the others: ``a, b and 3 more``.

    Args:
        most: How many words are in it.
        total: How many there are, if *words* does not have all of them.
    """
    more = (len(words) if total is None else total) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
