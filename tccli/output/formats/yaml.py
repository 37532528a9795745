"""
YAML, for reading and editing: one YAML document for each document.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    from tccli.core.printable import escape_controls
    from tccli.core.yaml import dump
    from tccli.output.text import encode_text

    for number, document in enumerate(result.all_documents()):
        if number:
            out.write(b"---\n")
        if isinstance(document, str) and options.unquoted:
            text = escape_controls(document) if options.is_shown else document
            out.write(encode_text(f"{text}\n"))
            continue
        out.write(encode_text(dump(document)))
