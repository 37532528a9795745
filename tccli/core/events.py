"""
Routing-key patterns, to bind a queue to an exchange.

Pure.

Source: the ``…Events`` classes of the JavaScript client.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references.exchanges import Exchange, RoutingKey

MAX_PATTERN_LENGTH = 255
"""AMQP 0-9-1: a routing key is a short string."""


def routing_key_pattern(exchange: Exchange, keys: Mapping[str, str]) -> str:
    """
    Return a pattern for the messages with these keys.

    Args:
        keys: By the names in the reference, in any spelling. Other keys match anything.

    Raises:
        UsageError: The exchange has no such key, the key is constant, or it must be one word and has a dot.
    """
    known = [key.name for key in exchange.keys if key.constant is None]
    given: dict[str, str] = {}
    for name, value in keys.items():
        found = names.find(name, known)
        if found is None:
            hint = names.suggestion(name, known) or f"there are {', '.join(known)}"
            raise UsageError(f"{exchange.service}.{exchange.name} has no key {name!r}", hint=hint)
        if found in given:
            raise UsageError(f"the key {found} is given twice")
        given[found] = value
    return ".".join(_word(key, given.get(key.name)) for key in exchange.keys)


def check_pattern(exchange: Exchange, pattern: str) -> None:
    """
    Check a finished pattern.

    Raises:
        UsageError: It is not a routing-key pattern, or no message of the exchange can match it.
    """
    subject = f"{exchange.service}.{exchange.name}: the pattern {pattern!r}"
    words = pattern.split(".")
    if len(pattern) > MAX_PATTERN_LENGTH or not all(
        re.fullmatch(r"\*|#|[A-Za-z0-9_~!%:@/+|-]+", word) for word in words
    ):
        hint = f"write words, * and # joined by dots, at most {MAX_PATTERN_LENGTH} characters"
        raise UsageError(f"{subject} is not valid", hint=hint)
    widest = routing_key_pattern(exchange, {})
    count, least = len(words) - words.count("#"), len(exchange.keys) - widest.count("#")
    fits = ("#" in words and (count <= least or "#" in widest)) or count == least or (count > least and "#" in widest)
    for word, key in zip(words, exchange.keys, strict=False):
        if word == "#":
            break
        fits = fits and word in {"*", key.constant or word}
    if not fits:
        raise UsageError(f"{subject} matches no message", hint=f"all messages match {widest}")


def describe_keys(exchange: Exchange) -> list[dict[str, Any]]:
    """
    Return the words of the exchange's routing keys in order, as the references of services have them.
    """
    return [
        {
            "name": key.name,
            **({"constant": key.constant} if key.constant is not None else {}),
            "multipleWords": key.multiple_words,
        }
        for key in exchange.keys
    ]


def _word(key: RoutingKey, value: str | None) -> str:
    if key.constant is not None:
        return key.constant
    if not value:
        return "#" if key.multiple_words else "*"
    if not key.multiple_words and "." in value:
        raise UsageError(f"the key {key.name} is one word, and {value!r} has a dot")
    return value
