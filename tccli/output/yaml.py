"""
YAML, for reading and editing.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.output import Answer, Look


def render(answer: Answer, out: IO[bytes], look: Look) -> None:
    """
    Write *answer* to *out*, one YAML document for each of its own.
    """
    from tccli.core.yaml import dump

    for number, document in enumerate(answer.all_documents()):
        if number:
            out.write(b"---\n")
        if isinstance(document, str) and look.bare:
            out.write(document.encode() + b"\n")
            continue
        out.write(dump(document).encode())
