"""
JSON as text, and its colours.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import json
    from collections.abc import Callable

    from tccli.output.result import RenderOptions


def dump_json(document: Any, *, pretty: bool = False) -> str:
    """
    Return a document as JSON, on one line unless it is *pretty*. An `ExactNumber` is written as its text.
    """
    encoder = _make_encoder(pretty=pretty)
    try:
        return encoder.encode(document)
    except TypeError:
        # The encoder of the standard library cannot write a number as a text.
        from tccli.strict_json import dump_exactly

        return dump_exactly(document, "\n" if pretty else "", (encoder.item_separator, encoder.key_separator))


@cache
def _make_encoder(*, pretty: bool) -> json.JSONEncoder:
    # One for all lines; JSON has no circles to look for.
    import json

    indent, separators = (2, (",", ": ")) if pretty else (None, (",", ":"))
    return json.JSONEncoder(ensure_ascii=False, check_circular=False, indent=indent, separators=separators)


def encode_text(text: str) -> bytes:
    r"""
    Return *text* as UTF-8, with ``\ud800`` for a lone surrogate: in JSON, that is its escape sequence.
    """
    return text.encode("utf-8", "backslashreplace")


def make_display(options: RenderOptions) -> Callable[[str], str]:
    """
    Return a function that makes of JSON what a terminal shows: with colours, and with nothing that controls it.

    JSON for a program stays as it is.
    """
    from tccli.core.printable import escape_controls_in_json

    if not options.is_shown:
        return _return_unchanged
    if not options.coloured:
        return escape_controls_in_json
    highlight = _make_highlighter()
    return lambda text: highlight(escape_controls_in_json(text))


def _return_unchanged(text: str) -> str:
    return text


def _make_highlighter() -> Callable[[str], str]:
    """
    Return a function that adds terminal colours to JSON.
    """
    from io import StringIO

    from rich.console import Console
    from rich.highlighter import JSONHighlighter
    from rich.theme import Theme

    highlighter = JSONHighlighter()
    # The bright colours of the default cannot be read on a light background.
    theme = Theme({"json.bool_true": "italic green", "json.bool_false": "italic red"})

    def highlight(text: str) -> str:
        console = Console(
            file=StringIO(), force_terminal=True, color_system="standard", width=2**20, theme=theme, _environ={}
        )
        console.print(highlighter(text), end="", soft_wrap=True)
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    return highlight
