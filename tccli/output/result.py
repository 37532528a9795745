"""
What a command prints, before it has a format: documents, text or the pages of a listing.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tccli.output.live_stream import WrittenPart


class Pages:
    """
    The pages of a listing as one document, whose only array is read as it arrives.

    The first page is read at once, so that its errors come before any output.

    Attributes:
        first: The first page.
        key: The array's name.
        ends_at_interruption: Whether the entries end when Ctrl-C comes while they are read.
        interruptions: Those that have ended the entries, which whoever writes them raises at the end.

    Raises:
        BrokenAnswerError: The first page does not have exactly one array.
    """

    def __init__(self, pages: Iterator[dict[str, Any]]) -> None:
        self._pages = pages
        self.ends_at_interruption = False
        self.interruptions: list[KeyboardInterrupt] = []
        self.first = next(pages)
        key = _only_array(self.first)
        if key is None:
            raise BrokenAnswerError("a page of the listing does not have exactly one array")
        self.key = key

    def observe(self, report: Callable[[Any], None]) -> None:
        """
        Call *report* with each page as it is read.
        """

        def read(pages: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
            for page in pages:
                report(page)
                yield page

        report(self.first)
        self._pages = read(self._pages)

    def entries(self) -> Iterator[Any]:
        """
        Yield the entries of all pages, once.

        Raises:
            BrokenAnswerError: A page has no such array.
        """
        try:
            yield from self._read_entries()
        except KeyboardInterrupt as error:
            if not self.ends_at_interruption:
                raise
            self.interruptions.append(error)

    def _read_entries(self) -> Iterator[Any]:
        yield from self.first[self.key]
        for page in self._pages:
            entries = page.get(self.key)
            if not isinstance(entries, list):
                raise BrokenAnswerError(f"a page has no array {self.key!r}")
            yield from entries

    def envelope(self) -> dict[str, Any]:
        """
        Return the first page without its entries and its continuation token; the array's place has None.
        """
        return {
            name: None if name == self.key else value
            for name, value in self.first.items()
            if name != "continuationToken"
        }

    def join(self) -> Any:
        """
        Return the listing as one document in memory.
        """
        return {**self.envelope(), self.key: list(self.entries())}


class Entries(Pages):
    """
    The entries of a list that is one document, which are read as they are written.

    The first one is read at once, so that its errors come before any output.
    """

    def __init__(self, entries: Iterable[Any]) -> None:
        iterator = iter(entries)
        # The pages of a listing without an envelope.
        super().__init__(chain([{"": [*islice(iterator, 1)]}], ({"": [entry]} for entry in iterator)))

    def join(self) -> Any:
        """
        Return the list in memory.
        """
        return list(self.entries())


class Result(NamedTuple):
    """
    What a command prints.

    Attributes:
        documents: JSON values: one, none for an empty response, or those that a filter yields. They are read once.
        raw: The only document as it arrived, or as it is to be edited.
        is_text: The documents are strings that are printed without quotes: URLs, slugids, times.
        is_page: The only document is a page of a listing, which may be the last one.
        pages: A listing, instead of documents.
        is_table: The default format on a terminal is a table.
        key_columns: The columns of a table that are left out last where the terminal is narrow, the most important
            first.
        to_text: Returns what a terminal shows by default, for a width in columns.
        is_filtered: The documents are what a filter yields.
        is_stream: The documents arrive one by one, over some time.
        is_live: Each document is written out when it comes: the next one may take hours.
        written: Counts what of a document is written out, if it is live.
        is_secret: Only the owner may read a file with it. Secrets in documents are found without this.
        report_misfit: Takes the error when a filter fails for one document of many, and the others follow. Without it,
            the error ends the output.
    """

    documents: Iterable[Any] = ()
    raw: bytes | None = None
    is_text: bool = False
    is_page: bool = False
    pages: Pages | None = None
    is_table: bool = False
    key_columns: Sequence[str] = ()
    to_text: Callable[[int], str] | None = None
    is_filtered: bool = False
    is_stream: bool = False
    is_live: bool = False
    written: WrittenPart | None = None
    is_secret: bool = False
    report_misfit: Callable[[BrokenAnswerError], None] | None = None

    def all_documents(self) -> Iterable[Any]:
        """
        Return the documents; pages are joined to one.
        """
        return self.documents if self.pages is None else [self.pages.join()]

    def entries(self) -> Iterable[Any]:
        """
        Return the entries if this is a listing (pages, a page or an array), else the documents.
        """
        if self.pages is not None:
            return self.pages.entries()
        # What a filter yields is not a list, and an array in it is a value like any other.
        if not isinstance(self.documents, list) or len(self.documents) != 1:
            return self.documents
        document = self.documents[0]
        key = _only_array(document) if self.is_page and isinstance(document, dict) else None
        if self.is_page and key is None:
            # To print the whole document instead would give scripts another shape.
            raise BrokenAnswerError("a page of the listing does not have exactly one array")
        entries = document if key is None else document[key]
        return entries if isinstance(entries, list) else self.documents

    def table_entries(self) -> tuple[list[Any], bool]:
        """
        Return the entries of a listing and True, or a single document and False. It does not depend on their number.

        An array that a filter yields is a list of entries; but several arrays of plain values are entries themselves.
        """
        entries = list(self.entries())
        if self.is_filtered:
            arrays = [entry for entry in entries if isinstance(entry, list)]
            if len(arrays) > 1 and not any(isinstance(item, dict | list) for array in arrays for item in array):
                return entries, True
            return [item for entry in entries for item in (entry if isinstance(entry, list) else [entry])], True
        is_document = self.pages is None and not self.is_page and not self._is_list()
        if len(entries) != 1 or not is_document or not isinstance(entries[0], dict):
            return entries, True
        values = list(entries[0].values())
        # The array of {"scopes": […]} is the table.
        return (values[0], True) if len(values) == 1 and isinstance(values[0], list) else (entries, False)

    def list_name(self) -> str | None:
        """
        Return the name of the array whose entries a table has, or None if it has none.
        """
        if self.pages is not None:
            return self.pages.key or None
        if self.is_filtered or not isinstance(self.documents, list) or len(self.documents) != 1:
            return None
        document = self.documents[0]
        return _only_array(document) if isinstance(document, dict) else None

    def _is_list(self) -> bool:
        return isinstance(self.documents, list) and len(self.documents) == 1 and isinstance(self.documents[0], list)


def _only_array(document: dict[str, Any]) -> str | None:
    arrays = [name for name, value in document.items() if isinstance(value, list)]
    return arrays[0] if len(arrays) == 1 else None


class RenderOptions(NamedTuple):
    """
    How a format renders a result.

    Attributes:
        pretty: For people: indented, framed, and written line by line.
        coloured: With terminal colours.
        unquoted: Strings are printed without quotes.
        width: Columns of the terminal, or None for lines of any length.
        columns: The properties that a table shows, or None for those that fit.
        note: Prints a line for the person at the terminal.
    """

    pretty: bool = False
    coloured: bool = False
    unquoted: bool = False
    width: int | None = None
    columns: Sequence[str] | None = None
    note: Callable[[str], None] = lambda _line: None

    @property
    def is_shown(self) -> bool:
        """
        Whether a terminal shows the result, directly or behind a pager: it must not control the terminal.
        """
        return self.pretty or self.coloured
