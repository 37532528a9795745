"""
JSON Lines: a line for each entry of a listing, or the document on one line.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.core.printable import escape_controls
from tccli.output.text import dump_json, encode_text, make_display

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result

BY_ENTRY = True


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    display = make_display(options)
    for entry in result.entries():
        if options.unquoted and isinstance(entry, str):
            text = escape_controls(entry) if options.is_shown else entry
        else:
            text = display(dump_json(entry))
        out.write(encode_text(text) + b"\n")
        if options.pretty and (result.is_stream or result.pages is not None):
            out.flush()
