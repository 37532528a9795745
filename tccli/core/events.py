"""
What to bind a queue to: an exchange, and a routing-key pattern.

Pure.

Source: the ``…Events`` classes of the JavaScript client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Exchange, RoutingKey


def routing_key_pattern(exchange: Exchange, keys: Mapping[str, str]) -> str:
    """
    Return the pattern that the messages with these keys match.

    Args:
        keys: By the reference's names, in any spelling. What is not given may be anything.

    Raises:
        UsageError: A key is not one of the exchange's, is constant, or has a dot where one word is expected.
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


def _word(key: RoutingKey, value: str | None) -> str:
    if key.constant is not None:
        return key.constant
    if not value:
        return "#" if key.multiple_words else "*"
    if not key.multiple_words and "." in value:
        raise UsageError(f"the key {key.name} is one word, and {value!r} has a dot")
    return value
