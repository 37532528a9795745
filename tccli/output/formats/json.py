"""
JSON: responses as they arrived for programs, indented and coloured for people. Pages are one document, written as they
arrive. What has a form of its own on a terminal is made by tc; it is indented for programs too, as services do it.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from tccli.core.printable import escape_controls
from tccli.output.text import dump_json, encode_text, make_display

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.output.result import Pages, RenderOptions, Result


def render(result: Result, out: IO[bytes], options: RenderOptions) -> None:
    if result.raw is not None and not options.is_shown and (result.is_text or not options.unquoted):
        out.write(result.raw if result.raw.endswith(b"\n") or not result.raw else result.raw + b"\n")
        return
    display = make_display(options)
    pretty = options.pretty or result.is_table or result.to_text is not None
    if result.pages is not None:
        for piece in _pieces(result.pages, pretty=pretty):
            out.write(encode_text(display(piece)))
        out.write(b"\n")
        return
    for document in result.documents:
        if options.unquoted and isinstance(document, str):
            text = document.removesuffix("\n")
            text = escape_controls(text) if options.is_shown else text
        else:
            text = display(dump_json(document, pretty=pretty))
        out.write(encode_text(f"{text}\n"))


def _pieces(pages: Pages, *, pretty: bool) -> Iterator[str]:
    """
    Yield the joined document in pieces: the text around the array, and each entry as it arrives.
    """
    line, colon = ("\n", ": ") if pretty else ("", ":")

    def dump_at(document: Any, depth: int) -> str:
        return dump_json(document, pretty=pretty).replace("\n", "\n" + "  " * depth)

    def dump_entries(depth: int) -> Iterator[str]:
        begin, end = "[", "]"
        try:
            for entry in pages.entries():
                yield f"{begin}{line}{'  ' * depth if pretty else ''}{dump_at(entry, depth)}"
                begin, end = ",", f"{line}{'  ' * (depth - 1) if pretty else ''}]"
        except KeyboardInterrupt as error:
            # What was begun is a document nevertheless. One that comes while a piece is written does not arrive here.
            pages.interruptions.append(error)
        yield ("[" if begin == "[" else "") + end

    if not pages.key:
        yield from dump_entries(1)
        return
    start = "{"
    for name, value in pages.envelope().items():
        yield f"{start}{line}{'  ' if pretty else ''}{dump_json(name)}{colon}"
        if name != pages.key:
            yield dump_at(value, 1)
        else:
            yield from dump_entries(2)
        start = ","
    yield f"{line}}}"
