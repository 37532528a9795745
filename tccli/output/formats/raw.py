"""
The bytes of a response, unchanged but on a terminal; results that were made here are lines of text.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.core.printable import escape_controls
from tccli.output.text import dump_json, encode_text

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    def write(data: bytes) -> None:
        out.write(escape_controls(data.decode("utf-8", "replace")).encode() if options.pretty else data)

    if result.raw is not None:
        write(result.raw)
        return
    for document in result.all_documents():
        write(encode_text(document if isinstance(document, str) else dump_json(document)) + b"\n")
