"""
YAML, for reading and editing: one YAML document for each document.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.output.result import RenderOptions, Result


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    from tccli.core.yaml import dump

    for number, document in enumerate(result.all_documents()):
        if number:
            out.write(b"---\n")
        if isinstance(document, str) and options.unquoted:
            out.write(document.encode() + b"\n")
            continue
        out.write(dump(document).encode())
