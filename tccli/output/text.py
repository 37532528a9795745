"""
JSON as text, its colours, and text that is safe for a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def dump_json(document: Any, *, pretty: bool = False) -> str:
    """
    Return a document as JSON, on one line unless it is *pretty*.
    """
    import json

    if pretty:
        return json.dumps(document, ensure_ascii=False, indent=2)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def make_highlighter() -> Callable[[str], str]:
    """
    Return a function that adds terminal colours to JSON.
    """
    from io import StringIO

    from rich.console import Console
    from rich.highlighter import JSONHighlighter

    highlighter = JSONHighlighter()

    def highlight(text: str) -> str:
        console = Console(file=StringIO(), force_terminal=True, color_system="standard", width=2**20, _environ={})
        console.print(highlighter(text), end="", soft_wrap=True)
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    return highlight


def escape_controls(text: str) -> str:
    r"""
    Return *text* with ``\x1b`` for an escape character, and so on: no service may control the terminal.
    """
    import re

    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", text)
