"""
The bytes of a response, unchanged; results that were made here are lines of text.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.output.text import dump_json, encode_text

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result


def render(result: Result, out: IO[bytes], _options: RenderOptions) -> None:
    if result.raw is not None:
        out.write(result.raw)
        return
    for document in result.all_documents():
        out.write(encode_text(document if isinstance(document, str) else dump_json(document)) + b"\n")
