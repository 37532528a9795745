"""
The output of a command: to stdout or a file, in a format. Errors in these options are found before a request is sent.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tccli.errors import BrokenAnswerError, ConfigurationError, LocalFileError, UsageError
from tccli.output.result import RenderOptions, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class _SecretDetector:
    """
    Looks for secrets in a result, in its pages as they are read.
    """

    def __init__(self, result: Result) -> None:
        self.found = result.is_secret
        for document in result.documents:
            self._inspect(document)
        if result.pages is not None:
            result.pages.observe(self._inspect)

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
    """

    format_name: str | None = None
    path: str | None = None
    jq: str | None = None
    unquoted: bool = False
    colour: str = "auto"

    def prepare(self) -> Callable[[Result], None]:
        """
        Return the function that writes a result.

        Raises:
            UsageError: The path cannot be written to, or the expression is not valid.
            ConfigurationError: jq is not installed.
        """
        if self.path is not None and not self._writes_to_stdout():
            from tccli.core.files import check_target

            check_target(self.path)
        apply_filter = None if self.jq is None else _compile_filter(self.jq)

        def write(result: Result) -> None:
            # Of the whole result: what a filter takes out of it may be a secret without its name.
            detector = None if self._writes_to_stdout() else _SecretDetector(result)
            self._write(result if apply_filter is None else self._filter(result, apply_filter), detector)

        return write

    def _filter(self, result: Result, apply_filter: Callable[[Any], list[Any]]) -> Result:
        by_entry = self.format_name is not None and getattr(_load_format(self.format_name), "BY_ENTRY", False)
        inputs = result.pages.entries() if result.pages is not None and by_entry else result.all_documents()
        return Result(output for document in inputs for output in apply_filter(document))

    def _writes_to_stdout(self) -> bool:
        return self.path is None or self.path == "-"

    def _write(self, result: Result, detector: _SecretDetector | None) -> None:
        if self.path is None or detector is None:
            if sys.stdout is None:
                raise LocalFileError("stdout is closed")
            self._render(result, sys.stdout.buffer, terminal=sys.stdout.isatty())
            sys.stdout.buffer.flush()
            return
        from tccli.core.files import atomic_write

        with atomic_write(self.path, private=lambda: detector.found) as file:
            self._render(result, file, terminal=False)

    def _render(self, result: Result, out: IO[bytes], *, terminal: bool) -> None:
        coloured = self.colour == "always" or (self.colour == "auto" and _wants_colour(terminal=terminal))
        width = _terminal_width() if terminal else None
        if result.to_text is not None and width is not None and self.format_name is None:
            from tccli.core.printable import escape_controls
            from tccli.output.text import encode_text

            out.write(encode_text(escape_controls(result.to_text(width))))
            return
        # With --format, text is a document like any other.
        unquoted = self.unquoted or (result.is_text and self.format_name is None)
        options = RenderOptions(pretty=terminal, coloured=coloured, unquoted=unquoted, width=width)
        default = "table" if result.is_table and terminal else "json"
        _load_format(self.format_name or default).render(result, out, options)


def _load_format(name: str) -> ModuleType:
    return import_module(f"tccli.output.formats.{name}")


def _compile_filter(expression: str) -> Callable[[Any], list[Any]]:
    from tccli.output.text import dump_json

    try:
        import jq
    except ImportError:
        raise ConfigurationError(
            "cannot use --jq: the jq library is not installed",
            hint="pip install 'taskcluster-cli[jq]', or pipe the output into jq",
        ) from None
    try:
        program = jq.compile(expression)
    except ValueError as error:
        raise UsageError(f"--jq {expression!r}: {' '.join(str(error).split())}") from None

    def apply_filter(document: Any) -> list[Any]:
        # jq does not read lone surrogates; the program of the same name replaces them, too.
        text = dump_json(document).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        try:
            return list(program.input_text(text).all())
        except ValueError as error:
            raise BrokenAnswerError(
                f"--jq {expression!r} does not fit the response: {' '.join(str(error).split())}",
                hint="the call itself succeeded",
            ) from None

    return apply_filter


def _wants_colour(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
