"""
JSON Lines: a line for each entry of a listing, or the document on one line.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.output.text import dump_json, encode_text, make_highlighter

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result

BY_ENTRY = True


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    highlight = make_highlighter() if options.coloured else None
    for entry in result.entries():
        text = entry if options.unquoted and isinstance(entry, str) else dump_json(entry)
        out.write(encode_text(highlight(text) if highlight else text) + b"\n")
        if options.pretty:
            out.flush()
