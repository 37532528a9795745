"""
From an answer to bytes on stdout or in a file: one module a format, each with the same ``render``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tccli.errors import BrokenAnswerError, ConfigurationError, LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Pages:
    """
    The pages of a listing, as one document whose one array is read as it arrives.

    Attributes:
        first: The first page; it is there before anything is written, so an error that it brings leaves no output.
        key: The array's name.
    """

    def __init__(self, pages: Iterator[dict[str, Any]]) -> None:
        self._pages = pages
        self.first = next(pages)
        arrays = [key for key, value in self.first.items() if isinstance(value, list)]
        if len(arrays) != 1:
            raise BrokenAnswerError(f"a page has {len(arrays)} arrays where one is expected")
        self.key = arrays[0]

    def entries(self) -> Iterator[Any]:
        """
        Yield the entries of all pages; can be read once.
        """
        yield from self.first[self.key]
        for page in self._pages:
            entries = page.get(self.key)
            if not isinstance(entries, list):
                raise BrokenAnswerError(f"a page has no array {self.key!r}")
            yield from entries

    def around(self) -> dict[str, Any]:
        """
        Return what else the first page says, without its continuation token; the array's place is kept by None.
        """
        return {
            name: None if name == self.key else value
            for name, value in self.first.items()
            if name != "continuationToken"
        }

    def joined(self) -> dict[str, Any]:
        """
        Return the one document, whole.
        """
        return {**self.around(), self.key: list(self.entries())}


class Answer(NamedTuple):
    """
    What a command says.

    Attributes:
        documents: JSON values: one, or none for an empty answer, or what a filter makes. They are read once.
        raw: The one document as it arrived, or as people will edit it; None where it was made here.
        is_text: The documents are strings to be printed bare: URLs, slugids, times.
        pages: A listing, instead of documents.
        is_table: A list made here, which people read best as a table.
        shown: Makes of a number of columns the text that people at a terminal read where they ask for no format.
    """

    documents: Iterable[Any] = ()
    raw: bytes | None = None
    is_text: bool = False
    pages: Pages | None = None
    is_table: bool = False
    shown: Callable[[int], str] | None = None

    def all_documents(self) -> Iterable[Any]:
        """
        Return the documents, those of pages joined.
        """
        return self.documents if self.pages is None else [self.pages.joined()]


class Look(NamedTuple):
    """
    How it is shown.

    Attributes:
        indented: For people, not for programs.
        coloured: With terminal colours.
        bare: Strings without quotes.
        width: Columns, or None where lines do not end.
    """

    indented: bool = False
    coloured: bool = False
    bare: bool = False
    width: int | None = None


class Output(NamedTuple):
    """
    Where answers go and in which form: all that can be wrong with that is found before anything is sent.

    Args:
        format_name: The name of a module here, or None for the default.
        path: A file, or None or ``-`` for stdout.
        jq: A filter, or None.
        bare: Strings without quotes.
        colour: ``auto``, ``always`` or ``never``.
    """

    format_name: str | None = None
    path: str | None = None
    jq: str | None = None
    bare: bool = False
    colour: str = "auto"

    def prepare(self) -> Callable[[Answer], None]:
        """
        Return the function that writes an answer.

        Raises:
            UsageError: The target or the filter is wrong.
            ConfigurationError: The filter's library is not installed.
        """
        if self.path is not None and self.path != "-":
            from tccli.core.files import check_target

            check_target(self.path)
        narrow = None if self.jq is None else _compiled(self.jq)

        def write(answer: Answer) -> None:
            self._write(answer if narrow is None else self._narrowed(answer, narrow))

        return write

    def _narrowed(self, answer: Answer, narrow: Callable[[Any], list[Any]]) -> Answer:
        """
        Return what the filter makes of an answer: of each entry where lines are asked for, else of the whole.
        """
        by_entry = answer.pages is not None and self.format_name == "jsonl"
        inputs = answer.pages.entries() if answer.pages is not None and by_entry else answer.all_documents()
        return Answer(result for document in inputs for result in narrow(document))

    def _write(self, answer: Answer) -> None:
        if self.path is None or self.path == "-":
            if sys.stdout is None:
                raise LocalFileError("stdout is closed")
            self._render(answer, sys.stdout.buffer, terminal=sys.stdout.isatty())
            sys.stdout.buffer.flush()
            return
        from tccli.core.files import atomic_write

        with atomic_write(self.path) as file:
            self._render(answer, file, terminal=False)

    def _render(self, answer: Answer, out: IO[bytes], *, terminal: bool) -> None:
        coloured = self.colour == "always" or (self.colour == "auto" and _wants_colour(terminal=terminal))
        width = _terminal_width() if terminal else None
        if answer.shown is not None and width is not None and self.format_name is None:
            from tccli.output.table import visible

            out.write(visible(answer.shown(width)).encode("utf-8", "surrogatepass"))
            return
        # Text goes bare unless a format was asked for by name: then it is a document like any other.
        bare = self.bare or (answer.is_text and self.format_name in {None, "raw"})
        look = Look(indented=terminal, coloured=coloured, bare=bare, width=width)
        default = "table" if answer.is_table and terminal else "json"
        import_module(f"tccli.output.{self.format_name or default}").render(answer, out, look)


def _compiled(expression: str) -> Callable[[Any], list[Any]]:
    try:
        import jq
    except ImportError:
        raise ConfigurationError(
            "--jq needs a library that is not installed", hint="pip install 'taskcluster-cli[jq]', or pipe into jq"
        ) from None
    try:
        program = jq.compile(expression)
    except ValueError as error:
        raise UsageError(f"--jq {expression!r}: {' '.join(str(error).split())}") from None

    def narrow(document: Any) -> list[Any]:
        try:
            return list(program.input_value(document).all())
        except ValueError as error:
            raise UsageError(f"--jq {expression!r} does not fit the answer: {' '.join(str(error).split())}") from None

    return narrow


def _wants_colour(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
