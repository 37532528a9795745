"""
JSON Lines: an entry of a listing a line, or the document on one line.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tccli.output.json import dumps, painter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.output import Answer, Look


def render(answer: Answer, out: IO[bytes], look: Look) -> None:
    """
    Write *answer* to *out*, line by line as it arrives.
    """
    paint = painter() if look.coloured else None
    for entry in entries(answer):
        text = entry if look.bare and isinstance(entry, str) else dumps(entry)
        out.write((paint(text) if paint else text).encode("utf-8", "surrogatepass") + b"\n")
        if look.indented:
            out.flush()


def entries(answer: Answer) -> Iterable[Any]:
    """
    Return the entries of a listing, paged or not; of anything else, the documents.
    """
    if answer.pages is not None:
        return answer.pages.entries()
    documents = list(answer.documents) if answer.raw is not None else answer.documents
    if isinstance(documents, list) and len(documents) == 1:
        only = documents[0]
        if isinstance(only, list):
            return only
        arrays = [value for value in only.values() if isinstance(value, list)] if isinstance(only, dict) else []
        if isinstance(only, dict) and len(arrays) == 1 and "continuationToken" in only:
            return arrays[0]
    return documents
