"""
Lines of text. The standard library's textwrap takes ten times as long, and a help has a hundred texts.
"""

from __future__ import annotations


def wrapped(text: str, width: int) -> list[str]:
    """
    Return a text in lines of at most so many columns, broken between words only.
    """
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
