"""
JSON: as it arrived for programs, indented and coloured for people. Pages are one document, written as they arrive.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.output import Answer, Look, Pages


def render(answer: Answer, out: IO[bytes], look: Look) -> None:
    """
    Write *answer* to *out*.
    """
    if answer.raw is not None and not look.indented and not look.coloured and (answer.is_text or not look.bare):
        out.write(answer.raw if answer.raw.endswith(b"\n") or not answer.raw else answer.raw + b"\n")
        return
    paint = painter() if look.coloured else _plain
    if answer.pages is not None:
        for piece in _pieces(answer.pages, indented=look.indented):
            out.write(paint(piece).encode())
        out.write(b"\n")
        return
    for document in answer.documents:
        text = document if look.bare and isinstance(document, str) else paint(dumps(document, indented=look.indented))
        out.write((text if text.endswith("\n") and look.bare else text + "\n").encode("utf-8", "surrogatepass"))


def dumps(document: Any, *, indented: bool = False) -> str:
    """
    Return a document as JSON text.
    """
    import json

    if indented:
        return json.dumps(document, ensure_ascii=False, indent=2)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def painter() -> Callable[[str], str]:
    """
    Return a function that colours JSON text for a terminal.
    """
    from io import StringIO

    from rich.console import Console
    from rich.highlighter import JSONHighlighter

    highlight = JSONHighlighter()

    def paint(text: str) -> str:
        console = Console(file=StringIO(), force_terminal=True, color_system="standard", width=2**20, _environ={})
        console.print(highlight(text), end="", soft_wrap=True)
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    return paint


def _plain(text: str) -> str:
    return text


def _pieces(pages: Pages, *, indented: bool) -> Iterator[str]:
    """
    Yield the joined document piece by piece: what stands around the array, and each entry when it is there.
    """
    line, colon = ("\n", ": ") if indented else ("", ":")

    def shifted(document: Any, depth: int) -> str:
        return dumps(document, indented=indented).replace("\n", "\n" + "  " * depth)

    start = "{"
    for name, value in pages.around().items():
        yield f"{start}{line}{'  ' if indented else ''}{dumps(name)}{colon}"
        if name != pages.key:
            yield shifted(value, 1)
        else:
            begin, end = "[", "]"
            for entry in pages.entries():
                yield f"{begin}{line}{'    ' if indented else ''}{shifted(entry, 2)}"
                begin, end = ",", f"{line}{'  ' if indented else ''}]"
            yield ("[" if begin == "[" else "") + end
        start = ","
    yield f"{line}}}"
