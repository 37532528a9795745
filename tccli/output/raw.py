"""
The bytes as they arrived, nothing added; what was made here is text, a line each.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from tccli.output.json import dumps

if TYPE_CHECKING:
    from tccli.output import Answer, Look


def render(answer: Answer, out: IO[bytes], _look: Look) -> None:
    """
    Write *answer* to *out*.
    """
    if answer.raw is not None:
        out.write(answer.raw)
        return
    for document in answer.all_documents():
        out.write((document if isinstance(document, str) else dumps(document)).encode("utf-8", "surrogatepass") + b"\n")
