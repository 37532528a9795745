"""
Strict JSON parsing: everything that two parsers may read differently is an error.

Source: RFC 8259 for the syntax; RFC 7493 (I-JSON), section 2, for unique keys, Unicode strings and numbers.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any

MAX_INTEGER_DIGITS = 4000
"""Python converts no more than 4300."""
MAX_DEPTH = 100
"""Nested arrays and objects. Schemas of the services have 17; functions that walk a document may recurse."""
TOO_MANY_DIGITS = "a number has more than 4300 digits"
"""Python does not convert such integers."""


NEGATIVE_ZERO = r"-0(?![.0-9])(?:(?<=[:,\[\s]-0)|(?<=\A-0))"
"""As a number; many ids have it, too."""


class StrictJsonError(ValueError):
    """
    The text is not strict JSON; the message tells why and where, and fits behind a colon.
    """


class ExactNumber:
    """
    A number of JSON whose text a Python number would change, such as ``1.10``, ``1e400`` or 5000 digits.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactNumber) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def dump_exactly(value: Any, line: str = "", separators: tuple[str, str] = (",", ":")) -> str:
    """
    Return a document as JSON, each `ExactNumber` as its text.

    Args:
        line: What begins a line: a line feed and the indentation; empty for one line.
        separators: After an item and after a key.
    """
    if isinstance(value, ExactNumber):
        return value.text
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    comma, colon = separators
    inner = f"{line}  " if line else ""
    if isinstance(value, list):
        parts = [dump_exactly(item, inner, separators) for item in value]
        begin, end = "[]"
    else:
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}{colon}{dump_exactly(item, inner, separators)}"
            for name, item in value.items()
        ]
        begin, end = "{}"
    return f"{begin}{inner}{f'{comma}{inner}'.join(parts)}{line}{end}"


def loads(text: str | bytes, *, as_javascript: bool = False, unchanged: bool = False) -> Any:
    """
    Return the document in *text*.

    Args:
        text: Bytes are UTF-8, with or without a byte order mark.
        as_javascript: Accept what ``JSON.parse`` accepts: of duplicate keys the last one counts, strings may have lone
            surrogates, and a number that is too large is infinite. All numbers have the precision of doubles, and
            whole ones are integers: ``1.0`` is 1.
        unchanged: Accept the same, for a document that is passed on: a number whose text a Python number would change
            is an `ExactNumber`.

    Raises:
        StrictJsonError: *text* is not UTF-8, is not JSON, or is nested too deeply; it has a key twice in an object, a
            lone surrogate in a string, or a number that is too large.
    """
    decoded = text if isinstance(text, str) else _decode(text)
    try:
        document = _parse(decoded, as_javascript=as_javascript, unchanged=unchanged)
    except json.JSONDecodeError as error:
        raise StrictJsonError(_locate(error)) from None
    except RecursionError:
        raise StrictJsonError(f"nested more than {MAX_DEPTH} levels deep") from None
    except StrictJsonError:
        raise
    except ValueError:
        raise StrictJsonError(TOO_MANY_DIGITS) from None
    # Without that many brackets there is no need to look.
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH and _depth(document) > MAX_DEPTH:
        raise StrictJsonError(f"nested more than {MAX_DEPTH} levels deep")
    # Decoded text has no surrogates: only an escape can bring one.
    if not as_javascript and not unchanged and "\\ud" in decoded.lower():
        _reject_lone_surrogates(document)
    return document


def _parse(text: str, *, as_javascript: bool, unchanged: bool) -> Any:
    # A function for each integer makes parsing slow, and few documents have such ones.
    has_exact_integers = unchanged and "-0" in text and re.search(NEGATIVE_ZERO, text) is not None
    decoder = _make_decoder(as_javascript=as_javascript, unchanged=unchanged, has_exact_integers=has_exact_integers)
    try:
        return decoder.decode(text)
    except (json.JSONDecodeError, StrictJsonError):
        raise
    except ValueError:
        # An integer that Python does not convert; to search for one takes longer than to parse.
        if not unchanged:
            raise
        return _make_decoder(as_javascript=False, unchanged=True, has_exact_integers=True).decode(text)


@cache
def _make_decoder(*, as_javascript: bool, unchanged: bool, has_exact_integers: bool) -> json.JSONDecoder:
    # To make one takes longer than to parse a short text.
    if as_javascript:
        return json.JSONDecoder(parse_constant=_reject_constant, parse_float=_parse_double, parse_int=_parse_double)
    if unchanged:
        parse_int = _parse_exact_int if has_exact_integers else None
        return json.JSONDecoder(parse_constant=_reject_constant, parse_float=_parse_exact_float, parse_int=parse_int)
    return json.JSONDecoder(
        parse_constant=_reject_constant, parse_float=_parse_finite, object_pairs_hook=_reject_duplicate_keys
    )


def loads_leniently(text: str | bytes) -> Any:
    """
    Return the document that Python's own parser reads, for what tc wrote itself and others may have changed.

    Raises:
        StrictJsonError: There is none, for whatever reason.
    """
    try:
        return json.loads(text if isinstance(text, str) else _decode(text))
    except json.JSONDecodeError as error:
        raise StrictJsonError(_locate(error)) from None
    except RecursionError:
        raise StrictJsonError("nested too deep") from None
    except StrictJsonError:
        raise
    except ValueError:
        raise StrictJsonError(TOO_MANY_DIGITS) from None


def _locate(error: json.JSONDecodeError) -> str:
    return f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"


def _decode(text: bytes) -> str:
    try:
        return text.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"not UTF-8: byte {text[error.start]:#04x} at offset {error.start}") from None


def _reject_constant(name: str) -> Any:
    raise StrictJsonError(f"{name} is not a JSON value")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise StrictJsonError(f"the number {text[:20]} is too large")
    return number


def _parse_double(text: str) -> float:
    number = float(text)
    # From 1e21, JavaScript writes an exponent; below, zeros after the digits that identify the double.
    if abs(number) < 1e21 and number.is_integer():
        # Few documents need it, and every call would import it.
        from decimal import Decimal

        return int(Decimal(repr(number)))
    return number


def _parse_exact_float(text: str) -> float | ExactNumber:
    number = float(text)
    return number if repr(number) == text else ExactNumber(text)


def _parse_exact_int(text: str) -> int | ExactNumber:
    return ExactNumber(text) if text == "-0" or len(text) > MAX_INTEGER_DIGITS else int(text)


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for key in keys if keys.count(key) > 1)
        raise StrictJsonError(f"duplicate key {json.dumps(duplicate)}")
    return document


def _reject_lone_surrogates(document: Any) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise StrictJsonError("a string has a lone surrogate (\\ud800 to \\udfff)") from None


def _depth(document: Any) -> int:
    depth = 0
    # Of what the parser makes; isinstance takes twice as long.
    level = [document] if type(document) in {dict, list} else []
    while level:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
    return depth
