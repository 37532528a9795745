"""
Calls of one method, each from the columns of a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names
from tccli.core import payload as payloads
from tccli.core.batch.calls import BadLine, BatchCall, label_line
from tccli.core.batch.lines import BadRow, Row
from tccli.core.batch.templates import Header, Template, find_json_place, quote, suggest_csv
from tccli.core.edits import Edit, parse_edit
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tccli.references import Method


class CallTemplate(NamedTuple):
    """
    What the command line has for the calls; texts may have places.

    Attributes:
        args: Of the path; none if the columns are the arguments.
        query: By the API's names.
        data: The payload as a document, or None.
        data_is_typed: Whether it was on the command line, not in a file.
        edits: The values of ``--set``.
        payload_column: The column that has the payload, by number or by name, or None.
        id_column: The one that has the id, or None.
        has_header: Whether the first line names the columns.
    """

    method: Method
    args: Sequence[str] = ()
    query: Mapping[str, str] = {}
    data: Any = None
    edits: Sequence[str] = ()
    payload_column: str | None = None
    id_column: str | None = None
    has_header: bool = False
    data_is_typed: bool = True

    @property
    def has_texts(self) -> bool:
        """
        Whether the command line has parts of the calls, which may have places.
        """
        return bool(self.args or self.query or self.edits) or self.data is not None

    def check(self) -> None:
        """
        Check what is known before a line is read.

        Raises:
            UsageError: The method has other arguments, or a place cannot be filled in.
        """
        method = self.method
        if self.args and len(self.args) != len(method.args):
            raise UsageError(f"{method.id} takes {method.count_arguments()}, not {len(self.args)}")
        gives_payload = self.data is not None or bool(self.edits) or self.payload_column is not None
        if gives_payload and not method.takes_payload:
            raise UsageError(f"{method.id} takes no payload")
        if method.takes_payload and not gives_payload:
            hint = "give --data JSON, --data @FILE, --set PATH=TEXT, or --payload-from COLUMN"
            raise UsageError(f"{method.id} needs a payload", hint=hint)
        if self.data is not None and self.payload_column is not None:
            raise UsageError("--data and --payload-from are two payloads; give one of them")
        if not self.has_header:
            RowReader(self, Header())

    def read_calls(
        self, rows: Iterable[Row | BadRow], warn: Callable[[str], None] = lambda _line: None
    ) -> Iterator[BatchCall | BadLine]:
        """
        Yield the call of each row.

        Args:
            warn: Takes what may not be meant.

        Raises:
            UsageError: There is no header where one must be, or it does not have a column.
        """
        reader = None if self.has_header else RowReader(self, Header())
        for row in rows:
            if reader is None:
                if isinstance(row, BadRow):
                    raise row.error
                header = Header(row.columns)
                reader = RowReader(self, header)
                for number, column in header.ambiguous.items():
                    warn(f"column {number} is the one at that position, not column {column + 1}, whose name it is")
            elif isinstance(row, BadRow):
                yield BadLine(row.number, None, row.error)
            else:
                yield reader.read(row)


class RowReader:
    """
    Makes calls of rows.

    Args:
        header: The columns that places can name.

    Raises:
        UsageError: A place names a column that the header does not have.
    """

    def __init__(self, template: CallTemplate, header: Header) -> None:
        self._template = template
        self._header = header
        self._args = [_compile(text, header) for text in template.args or self._name_arguments()]
        self._query = {name: _compile(text, header) for name, text in template.query.items()}
        self._data = (
            None if template.data is None else Template(template.data, header, refuses_empty=template.data_is_typed)
        )
        self._edits = [_compile_edit(edit, header) for edit in template.edits]
        self._payload_column = (
            None if template.payload_column is None else header.find(template.payload_column, "--payload-from")
        )
        self._id_column = None if template.id_column is None else header.find(template.id_column, "--id-from")
        used = {self._payload_column, self._id_column} - {None}
        templates = [*self._query.values(), *filter(None, [self._data]), *(value for _, value in self._edits)]
        used = used.union(*(each.columns for each in (*self._args, *templates)))
        self._width = max((column + 1 for column in used if column is not None), default=0)
        if not self._width and template.has_texts:
            raise UsageError(
                "all calls would be the same: nothing uses a column of the lines",
                hint="write a place, such as {1}, where they differ; "
                "--id-from 1 makes the same call for each line, and names its result by the first column",
            )
        self._names_all = bool(template.args) or header.columns is not None

    def read(self, row: Row) -> BatchCall | BadLine:
        """
        Return the call of a row.
        """
        line_id: str | None = None
        columns, method = row.columns, self._template.method
        try:
            self._check_columns(columns)
            if self._id_column is not None:
                line_id = self._read_column(columns, self._id_column, "--id-from")
            args = [each.fill(columns) for each in self._args]
            query = {name: each.fill(columns) for name, each in self._query.items()}
            payload = self._read_payload(columns)
        except UsageError as error:
            error.message = f"{label_line(row.number, line_id)}: {error.message}"
            return BadLine(row.number, line_id, error)
        return BatchCall(row.number, line_id, method.service, method.name, args, query, payload)

    def _name_arguments(self) -> list[str]:
        """
        Return the places for the arguments if the command line has none: by name with a header, else in order.
        """
        args, header = self._template.method.args, self._header
        if header.columns is None:
            return [f"{{{place}}}" for place in range(1, len(args) + 1)]
        found = {name: names.find(name, header.columns) for name in args}
        missing = [name for name, column in found.items() if column is None]
        if missing:
            hint = suggest_csv(header.columns) or (
                f"write the arguments with places: tc batch SERVICE METHOD {' '.join(f'{{{name}}}' for name in args)}"
            )
            raise UsageError(
                f"the header has no column {', '.join(missing)} ({', '.join(map(quote, header.columns))})", hint=hint
            )
        return [f"{{{header.columns.index(str(column)) + 1}}}" for column in found.values()]

    def _check_columns(self, columns: Sequence[str]) -> None:
        if self._header.columns is not None:
            if len(columns) != len(self._header.columns):
                raise UsageError(f"{_count(columns)}, but the header has {len(self._header.columns)}")
            return
        method = self._template.method
        if not self._names_all and not len(method.args) <= len(columns) <= self._width:
            example = " ".join(f"{{{place}}}" for place in range(1, len(method.args) + 1))
            if len(columns) > self._width > 0:
                hint = f"to use some of the columns: tc batch {method.service} {method.name} '{example}'"
            else:
                hint = suggest_csv(columns)
            raise UsageError(f"{_count(columns)}, but {method.id} takes {method.count_arguments()}", hint=hint)

    def _read_column(self, columns: Sequence[str], place: int, option: str) -> str:
        if place >= len(columns):
            raise UsageError(f"{_count(columns)}, so there is none for {option}")
        return columns[place]

    def _read_payload(self, columns: Sequence[str]) -> Any:
        document = None if self._data is None else self._data.fill(columns)
        if self._payload_column is not None:
            text = self._read_column(columns, self._payload_column, "--payload-from")
            document = payloads.parse_json(text.encode(), f"column {self._template.payload_column}").document
        for edit, value in self._edits:
            document = edit.apply(document, value.fill(columns))
        return document


def _compile(document: Any, header: Header) -> Template:
    return Template(document, header, refuses_empty=True)


def _compile_edit(text: str, header: Header) -> tuple[Edit, Template]:
    edit = parse_edit(text)
    if any(step.name is not None and header.pattern.search(step.name) for step in edit.steps):
        raise UsageError(f"--set {edit.shown}: a place cannot be in the path", hint="only values are filled in")
    place = find_json_place(edit.text, header) if edit.is_json else None
    return edit, _compile(edit.parse_value() if place is None else place, header)


def _count(columns: Sequence[str]) -> str:
    return f"the line has {len(columns)} column{'' if len(columns) == 1 else 's'}"
