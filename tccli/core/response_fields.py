"""
Fields of JSON responses, checked as they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.core.http.urls import show_url, split_url
from tccli.core.responses import JSON_TYPES
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T", str, dict[str, Any], list[Any])


def read_field(what: str, document: Any, name: str, kind: type[T]) -> T:
    """
    Return the field *name* of an object in a response.

    Args:
        what: Names the response in the message.
        name: With the path to the object, as in ``putUrl.headers``; only the last part is looked up.

    Raises:
        BrokenAnswerError: *document* is not an object, or the field is missing or of another type.
    """
    key = name.rpartition(".")[2]
    value = document.get(key) if isinstance(document, Mapping) else None
    if isinstance(value, kind):
        return value
    found = "is missing" if not isinstance(document, Mapping) or key not in document else f"is {_json_type(value)}"
    raise BrokenAnswerError(f"{what}: the response is malformed: {name} {found}; expected {JSON_TYPES[kind]}")


def read_url(what: str, document: Any, name: str) -> str:
    """
    Return a field with a URL that can be requested.

    Raises:
        BrokenAnswerError: As `read_field`, also for any other URL.
    """
    url = read_field(what, document, name, str)
    try:
        split_url(url)
    except ValueError as error:
        raise BrokenAnswerError(f"{what}: the response is malformed: {name} is {show_url(url)}: {error}") from None
    return url


def read_headers(what: str, document: Any, name: str) -> dict[str, str]:
    """
    Return a field with HTTP headers.

    Raises:
        BrokenAnswerError: As `read_field`, also for a value that is not a string.
    """
    headers = read_field(what, document, name, dict)
    return {key: read_field(what, headers, f"{name}.{key}".replace("\n", " "), str) for key in headers}


@contextmanager
def blame_response(what: str) -> Iterator[None]:
    """
    Raise the errors of a request with a name that a response chose as errors of the response.

    Raises:
        BrokenAnswerError: Instead of `UsageError`.
    """
    try:
        yield
    except UsageError as error:
        raise BrokenAnswerError(f"{what}: the response is malformed: {error}") from None


def _json_type(value: Any) -> str:
    return JSON_TYPES.get(type(value), "a number")
