"""
Routing-key patterns, to bind a queue to an exchange.

Pure.

Source: the ``…Events`` classes of the JavaScript client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references.exchanges import Exchange, RoutingKey


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


def _word(key: RoutingKey, value: str | None) -> str:
    if key.constant is not None:
        return key.constant
    if not value:
        return "#" if key.multiple_words else "*"
    if not key.multiple_words and "." in value:
        raise UsageError(f"the key {key.name} is one word, and {value!r} has a dot")
    return value
