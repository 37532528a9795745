"""
JSON that somebody else wrote: bounded, unambiguous, and such that it can be written again.
"""

from __future__ import annotations

import json
import math
from typing import Any

LARGEST = 32 * 1024 * 1024
"""Bytes: the whole of a deployment's documents is a megabyte."""
DEEPEST = 60
"""Levels: the documents of the services have 17."""
LONGEST_SHOWN = 60


class MalformedError(ValueError):
    """
    What is wrong with a published document, and where.
    """


def parse(text: bytes) -> Any:
    """
    Return the document in *text*.

    Raises:
        MalformedError: It is not JSON, has a key twice, is nested too deeply, or holds what JSON in UTF-8 cannot.
    """
    if len(text) > LARGEST:
        raise MalformedError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        document = json.loads(text.decode(), parse_constant=_no_constant, object_pairs_hook=_no_key_twice)
    except RecursionError:
        raise MalformedError("it is nested too deeply") from None
    except ValueError as error:
        raise MalformedError(str(error) if isinstance(error, MalformedError) else f"it is not JSON ({error})") from None
    _check_values(document)
    return document


def shown(value: Any) -> str:
    """
    Return a value as it may stand in a message: short, and nothing in it steers a terminal.
    """
    text = json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _check_values(document: Any) -> None:
    """
    Check what holds for every document: bounded, and nothing that cannot be written as JSON in UTF-8.
    """
    waiting = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise MalformedError(f"it is nested more than {DEEPEST} levels deep")
        if isinstance(value, dict):
            waiting += ((each, depth + 1) for pair in value.items() for each in pair)
        elif isinstance(value, list):
            waiting += ((each, depth + 1) for each in value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise MalformedError("it holds a number that is too large")
        elif isinstance(value, str) and not _is_utf8(value):
            raise MalformedError(f"it holds half a character in {shown(value)}")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(constant: str) -> Any:
    raise MalformedError(f"it is not JSON ({constant} is no number there)")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise MalformedError(f"it has the key {shown(twice)} twice in one object")
    return found
