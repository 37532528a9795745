"""
Templates: strings with places such as ``{1}`` and ``{taskId}``, which the columns of a line fill in.

Only strings of a document that was parsed before are filled in, so that no value can change what is around it. Two
braces make a place text: ``{{name}}`` is the text ``{name}``. All other braces are text as they are, but ``{}`` on the
command line is refused, as other tools would fill it in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names, strict_json
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NAME = r"[^\W\d][\w.-]*"
NAME_OF_HEADER = rf"{NAME}(?: [\w.-]+)*"
"""Where there is a header, names may have blanks."""
MAX_COLUMN_DIGITS = 4


def quote(name: str) -> str:
    """
    Return the name of a column for a message: in quotes if some of it cannot be seen otherwise.
    """
    return name if name == " ".join(name.split()) and name.isprintable() else repr(name)


def suggest_csv(columns: Sequence[str]) -> str:
    """
    Return a hint if the columns of a line seem to be CSV that was read as something else.
    """
    return "give --csv if commas separate the columns" if len(columns) == 1 and "," in columns[0] else ""


class Header:
    """
    The columns that places can name: by number, and by the names of a header if there is one.

    Raises:
        UsageError: A name is there twice.
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self.columns = columns
        self.ambiguous: dict[str, int] = {}
        """Numbers that were used and are also names of other columns, with the positions of these."""
        named_columns = [(name, place) for place, name in enumerate(columns or ()) if name]
        self._places: Mapping[str, int] = dict(named_columns)
        if len(self._places) < len(named_columns):
            twice = next(name for name in self._places if sum(name == each for each, _ in named_columns) > 1)
            raise UsageError(f"the header has the column {twice!r} twice")
        named = "|".join(re.escape(name) for name in sorted(self._places, key=len, reverse=True))
        words = filter(None, [rf"[0-9]{{1,{MAX_COLUMN_DIGITS}}}", NAME if columns is None else NAME_OF_HEADER, named])
        name = "|".join(f"(?:{word})" for word in words)
        self.pattern = re.compile(rf"(\{{+)({name})(\}}+)")
        self.pattern_with_empty = re.compile(rf"(\{{+)({name}|)(\}}+)")

    def find(self, name: str, option: str = "") -> int:
        """
        Return the position of a column, from 0.

        Args:
            option: What names it, if that is not a place.

        Raises:
            UsageError: There is none.
        """
        if not name and not option:
            # xargs, parallel and fd fill it in.
            first = "1" if self.columns is None else next(filter(None, self.columns), "1")
            raise UsageError("{} is not a place", hint=f"write {{{first}}} for a column; {{{{}}}} is the text {{}}")
        shown = f"{option} {name}" if option else f"{{{name}}}"
        text = "" if option else f", or {{{{{name}}}}} for the text {{{name}}}"
        if re.fullmatch("[0-9]+", name):
            place = int(name[: MAX_COLUMN_DIGITS + 1]) - 1
            if place < 0:
                raise UsageError(f"{shown}: columns are counted from 1")
            if len(name) > MAX_COLUMN_DIGITS or (self.columns is not None and place >= len(self.columns)):
                most = 10**MAX_COLUMN_DIGITS - 1 if self.columns is None else len(self.columns)
                raise UsageError(f"{shown}: there is no such column; a line has at most {most}")
            if self._places.get(name, place) != place:
                self.ambiguous[name] = self._places[name]
            return place
        if self.columns is None:
            hint = f"write {'1' if option else '{1}'} for the first column{text}"
            raise UsageError(f"{shown}: columns have names with --header only", hint=hint)
        if name not in self._places:
            near = " or ".join(map(quote, names.find_similar(name, self._places)))
            known = ", ".join(map(quote, self._places))
            near = f"did you mean {near}?" if near else f"its columns are {known}{text}"
            hint = suggest_csv(self.columns) or near
            raise UsageError(f"{shown}: the header has no such column", hint=hint)
        return self._places[name]


class Place(NamedTuple):
    """
    A place in a string: the column that fills it in, and how messages name it.
    """

    column: int
    name: str

    def read(self, columns: Sequence[str]) -> str:
        """
        Return the value for a line.

        Raises:
            UsageError: The line has no such column.
        """
        if self.column >= len(columns):
            count = f"{len(columns)} column{'' if len(columns) == 1 else 's'}"
            hint = suggest_csv(columns) or f"write {{{{{self.name}}}}} for the text {{{self.name}}}"
            raise UsageError(f"{{{self.name}}} is not filled in: the line has {count}", hint=hint)
        return columns[self.column]


class Template:
    """
    A JSON document with places in its strings.

    Args:
        document: A document; `JsonPlace` may stand in it for a value.
        refuses_empty: Whether ``{}`` is an error, and ``{{}}`` is its text: where people type templates. Files have
            scripts, in which it is text.

    Attributes:
        columns: Those that it uses.
        is_constant: Whether it has no places.

    Raises:
        UsageError: A place names a column that does not exist.
    """

    def __init__(self, document: Any, header: Header, *, refuses_empty: bool = False) -> None:
        self.columns: set[int] = set()
        self._pattern = header.pattern_with_empty if refuses_empty else header.pattern
        self._fill = self._compile(document, header)
        self.is_constant = not self.columns
        self._constant = self._fill(()) if self.is_constant else None

    def fill(self, columns: Sequence[str]) -> Any:
        """
        Return the document for a line.

        Raises:
            UsageError: The line has no such column, or its value cannot stand there.
        """
        return self._constant if self.is_constant else self._fill(columns)

    def _compile(self, document: Any, header: Header) -> Callable[[Sequence[str]], Any]:
        if isinstance(document, str):
            return self._compile_text(document, header)
        if isinstance(document, JsonPlace):
            place = self._place(document.name, header)
            return lambda columns: _parse_value(place, columns)
        if isinstance(document, list):
            items = [self._compile(each, header) for each in document]
            return lambda columns: [fill(columns) for fill in items]
        if isinstance(document, dict):
            pairs = [(self._compile(name, header), self._compile(each, header)) for name, each in document.items()]
            return lambda columns: _fill_object(pairs, columns)
        return lambda _columns: document

    def _compile_text(self, text: str, header: Header) -> Callable[[Sequence[str]], str]:
        parts: list[str | Place] = []
        end = 0
        for found in self._pattern.finditer(text):
            left, name, right = found.groups()
            pairs = min(len(left), len(right))
            parts.append(text[end : found.start()] + left[pairs:])
            # One pair of braces makes a place; of more, the outermost makes it text.
            parts.append(self._place(name, header) if pairs == 1 else "{" * (pairs - 1) + name + "}" * (pairs - 1))
            parts.append(right[pairs:])
            end = found.end()
        parts.append(text[end:])
        if not any(isinstance(part, Place) for part in parts):
            constant = "".join(str(part) for part in parts)
            return lambda _columns: constant
        return lambda columns: "".join(part.read(columns) if isinstance(part, Place) else part for part in parts)

    def _place(self, name: str, header: Header) -> Place:
        place = Place(header.find(name), name)
        self.columns.add(place.column)
        return place


class JsonPlace(NamedTuple):
    """
    A place for a whole value of JSON, such as a number: ``--set P:={1}``.
    """

    name: str


def find_json_place(text: str, header: Header) -> JsonPlace | None:
    """
    Return the place that *text* is, or None if it is something else.
    """
    found = header.pattern.fullmatch(text.strip())
    return JsonPlace(found[2]) if found is not None and len(found[1]) == len(found[3]) == 1 else None


def _parse_value(place: Place, columns: Sequence[str]) -> Any:
    try:
        return strict_json.loads(place.read(columns))
    except strict_json.StrictJsonError as error:
        raise UsageError(f"{{{place.name}}} is not JSON: {error}", hint="write =, not :=, for a text") from None


def _fill_object(
    pairs: Sequence[tuple[Callable[[Sequence[str]], Any], Callable[[Sequence[str]], Any]]], columns: Sequence[str]
) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for fill_name, fill_value in pairs:
        name = fill_name(columns)
        if name in filled:
            raise UsageError(f"an object would have the key {name!r} twice")
        filled[name] = fill_value(columns)
    return filled
