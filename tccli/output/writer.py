"""
The output of a command: to stdout or a file, in a format. Errors in these options are found before a request is sent.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from tccli.errors import UsageError
from tccli.output.result import RenderOptions, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from tccli.output.filter import Filter

FORMATS_DIRECTORY = os.path.join(os.path.dirname(__file__), "formats")


class _SecretDetector:
    """
    Looks for secrets in a result, as it is read.
    """

    def __init__(self) -> None:
        self.found = False

    def watch(self, result: Result) -> Result:
        """
        Return *result*, whose documents and pages are inspected as they are read.
        """
        self.found = result.is_secret
        if result.pages is not None:
            result.pages.observe(self._inspect)
        if not isinstance(result.documents, list | tuple):
            return result._replace(documents=map(self._pass, result.documents))
        for document in result.documents:
            self._inspect(document)
        return result

    def _pass(self, document: Any) -> Any:
        self._inspect(document)
        return document

    def _inspect(self, document: Any) -> None:
        from tccli.core.http.redact import redact_document

        self.found = self.found or redact_document(document) != document


class Output(NamedTuple):
    """
    Where results go, and in which format.

    Args:
        format_name: The name of a module of ``formats``, or None for the default.
        path: A file, or None or ``-`` for stdout.
        jq: A jq expression that filters results, or None.
        unquoted: Whether strings are printed without quotes.
        colour: ``auto``, ``always`` or ``never``.
        columns: The properties that a table shows. The default format is then a table.
        pager: Whether a terminal gets a pager; None is for output that is longer than the terminal.
        note: Prints a line for the person at the terminal.
    """

    format_name: str | None = None
    path: str | None = None
    jq: str | None = None
    unquoted: bool = False
    colour: str = "auto"
    columns: Sequence[str] | None = None
    pager: bool | None = None
    note: Callable[[str], None] = lambda _line: None

    def prepare(self, *, is_list: bool = False) -> Callable[[Result], None]:
        """
        Return the function that writes a result.

        Args:
            is_list: Whether the result is a list without an envelope.

        Raises:
            UsageError: The path cannot be written to, the expression is not valid or does not take a list, or the
                format has no columns.
            ConfigurationError: jq is not installed.
        """
        if self.path is not None and not self._writes_to_stdout():
            from tccli.core.files import check_target

            if self.format_name is None:
                check_file_name(self.path)
            check_target(self.path)
        elif sys.stdout is None:
            from tccli.core.files import check_stdout

            check_stdout()
        if self.columns is not None and self.format_name not in {None, "table"}:
            raise UsageError(f"--columns selects columns of a table, not of {self.format_name}", hint="use --jq")
        jq = None
        if self.jq is not None:
            from tccli.output.filter import compile_filter

            jq = compile_filter(self.jq)
            if is_list:
                jq.check_list()

        def write(result: Result) -> None:
            # Of the whole result: what a filter takes out of it may be a secret without its name.
            detector = None if self._writes_to_stdout() else _SecretDetector()
            if detector is not None:
                result = detector.watch(result)
            interruptions: list[KeyboardInterrupt] = []
            if result.pages is not None:
                interruptions = result.pages.interruptions
                # What came in hours is shown, in any format. A file has all or nothing.
                result.pages.ends_at_interruption = result.is_live and detector is None
            self._write(result if jq is None else self._filter(result, jq), detector, interruptions)

        return write

    def _filter(self, result: Result, jq: Filter) -> Result:
        by_entry = self.format_name is not None and getattr(_load_format(self.format_name), "BY_ENTRY", False)
        # A list without an envelope is one document for a filter, in any format.
        streams = by_entry and result.pages is not None and bool(result.pages.key)
        inputs = result.pages.entries() if result.pages is not None and streams else result.all_documents()
        outputs = jq.apply(inputs, result.report_misfit)
        return Result(outputs, is_filtered=True, is_stream=streams, is_live=result.is_live, written=result.written)

    def _writes_to_stdout(self) -> bool:
        return self.path is None or self.path == "-"

    def _write(
        self, result: Result, detector: _SecretDetector | None, interruptions: Sequence[KeyboardInterrupt]
    ) -> None:
        if self.path is None or detector is None:
            if not sys.stdout.isatty():
                self._render(result, sys.stdout.buffer, terminal=False)
                sys.stdout.buffer.flush()
                _raise_first(interruptions)
                return
            from tccli.output.pager import open_pager

            with open_pager(sys.stdout.buffer, self.pager) as out:
                self._render(result, out, terminal=True)
                # The pager ends with what interrupts this.
                _raise_first(interruptions)
            sys.stdout.buffer.flush()
            return
        from tccli.core.files import atomic_write

        with atomic_write(self.path, private=lambda: detector.found) as file:
            self._render(result, file, terminal=False)
            _raise_first(interruptions)

    def _render(self, result: Result, out: IO[bytes], *, terminal: bool) -> None:
        coloured = self.colour == "always" or (self.colour == "auto" and _wants_colour(terminal=terminal))
        width = _terminal_width() if terminal else None
        format_name = self.format_name or (None if self.columns is None else "table")
        if result.to_text is not None and width is not None and format_name is None:
            from tccli.core.printable import escape_controls
            from tccli.output.text import encode_text

            out.write(encode_text(escape_controls(result.to_text(width))))
            return
        # With --format, text is a document like any other.
        unquoted = self.unquoted or (result.is_text and format_name is None)
        options = RenderOptions(terminal, coloured, unquoted, width, self.columns, self.note)
        default = "table" if result.is_table and terminal else "json"
        if result.is_live:
            from tccli.output.live_stream import LiveStream

            out = cast("IO[bytes]", LiveStream(out, result.written))
        _load_format(format_name or default).render(result, out, options)


def check_file_name(path: str, formats: Sequence[str] = ()) -> None:
    """
    Check that the name of a file was not meant as that of a format, as in other programs.

    Args:
        path: Of a result whose format was not chosen.
        formats: More formats than those of all commands.

    Raises:
        UsageError: It is the name of a format.
    """
    name = path.lower()
    if name in formats or (name.isalpha() and os.path.exists(os.path.join(FORMATS_DIRECTORY, f"{name}.py"))):
        raise UsageError(f"-o {path}: -o names a file", hint=f"write --format {name}, or -o ./{path} for a file")


def _raise_first(interruptions: Sequence[KeyboardInterrupt]) -> None:
    for error in interruptions:
        raise error


def _load_format(name: str) -> ModuleType:
    return import_module(f"tccli.output.formats.{name}")


def _wants_colour(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
