"""
A call as a line of JSON: ``{"id", "service", "method", "args", "query", "payload"}``, of which service and method are
required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import names, strict_json
from tccli.core.batch.lines import refuse_begun_document
from tccli.errors import TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tccli.core.batch.lines import Line

FIELDS = ("id", "service", "method", "args", "query", "payload")
EXAMPLE = '{"service": "queue", "method": "cancelTask", "args": ["…"]}'


class BatchCall(NamedTuple):
    """
    A call whose line was read. It is plain data: another process can make it.

    Attributes:
        number: Of its line, from 1.
        id: What its result is named by: a string or a number; None for the number of the line.
        service: In any spelling, as *method*.
        payload: A JSON document, or None without one.
    """

    number: int
    id: Any
    service: str
    method: str
    args: Sequence[str]
    query: Mapping[str, str]
    payload: Any

    @property
    def result_id(self) -> Any:
        """
        The id that its result has.
        """
        return choose_result_id(self.number, self.id)

    @property
    def label(self) -> str:
        """
        How messages name it.
        """
        return label_line(self.number, self.id)


class BadLine(NamedTuple):
    """
    A line that is not a call, and why.
    """

    number: int
    id: Any
    error: TcError


def choose_result_id(number: int, line_id: Any) -> Any:
    """
    Return the id that the result of a line has: that of the line, or its number if it has none.
    """
    return number if line_id is None else line_id


def label_line(number: int, line_id: Any) -> str:
    """
    Return how messages name a line: by its number, and by its id if it has one.
    """
    return f"line {number}" if line_id is None else f"line {number} ({strict_json.dump_exactly(line_id)})"


def parse_calls(lines: Iterable[Line]) -> Iterator[BatchCall | BadLine]:
    """
    Yield the call of each line. Empty lines are skipped.

    Raises:
        UsageError: The first line is an array, or a part of a document that has several lines.
    """
    is_first = True
    for line in lines:
        if isinstance(line.text, TcError):
            yield BadLine(line.number, None, line.text)
        elif line.text.strip():
            if is_first:
                _check_first_line(line.number, line.text)
                is_first = False
            yield parse_call(line.number, line.text)


def _check_first_line(number: int, text: str) -> None:
    refuse_begun_document(number, text, "-c")
    if text.lstrip().startswith("["):
        raise UsageError(
            f"line {number} is an array, not a call",
            hint=f"write one line for each call: jq -c '.[]'; such as {EXAMPLE}",
        )


def parse_call(number: int, text: str) -> BatchCall | BadLine:
    """
    Return the call in a line of JSON.
    """
    try:
        document = strict_json.loads(text)
    except strict_json.StrictJsonError as error:
        # There is only one line.
        reason = str(error).replace(" at line 1,", " at")
        hint = (
            "" if text.lstrip().startswith("{") else "for lines of arguments, name the method: tc batch SERVICE METHOD"
        )
        return BadLine(number, None, UsageError(f"line {number} is not JSON: {reason}", hint=hint))
    if not isinstance(document, dict):
        return BadLine(number, None, UsageError(f"line {number} is not a call", hint=f"write {EXAMPLE}"))
    line_id = document.get("id")
    if line_id is not None and (not isinstance(line_id, str | int | float) or isinstance(line_id, bool)):
        return BadLine(number, None, UsageError(f"line {number}: id is not a string or a number"))
    try:
        return BatchCall(number, line_id, *_parse_fields(document))
    except UsageError as error:
        error.message = f"{label_line(number, line_id)}: {error.message}"
        return BadLine(number, line_id, error)


def _parse_fields(document: dict[str, Any]) -> tuple[str, str, list[str], dict[str, str], Any]:
    for name in document:
        if name not in FIELDS:
            hint = names.suggestion(name, FIELDS) or f"a call has {', '.join(FIELDS)}"
            raise UsageError(f"no field {name!r}", hint=hint)
    service, method = document.get("service"), document.get("method")
    if isinstance(method, str) and service is None and "." in method:
        service, _, method = method.partition(".")
    for name, value in (("service", service), ("method", method)):
        if not isinstance(value, str) or not value:
            what = "is not a string" if name in document else "is missing"
            raise UsageError(f"{name} {what}", hint=f"write {EXAMPLE}")
    args, query = document.get("args"), document.get("query")
    if args is not None and not isinstance(args, list):
        raise UsageError("args is not an array", hint="the arguments of the path, in the order of the method")
    if query is not None and not isinstance(query, dict):
        raise UsageError("query is not an object")
    words = [_to_text(f"args[{place}]", value) for place, value in enumerate(args or [])]
    return (
        str(service),
        str(method),
        words,
        {name: _to_text(name, each) for name, each in (query or {}).items()},
        document.get("payload"),
    )


def _to_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise UsageError(f"{name} is not a string or a whole number")
