"""
The exchanges of a service, on which it publishes messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class RoutingKey(NamedTuple):
    """
    One word, or several, of an exchange's routing key.
    """

    name: str
    constant: str | None
    multiple_words: bool


class Exchange(NamedTuple):
    """
    One exchange on which a service publishes.

    Attributes:
        name: As the API spells it: ``taskDefined``.
        exchange: The full name at the broker.
        keys: In the order of the routing key.
        schema: Name of the message's schema, or None.
    """

    service: str
    name: str
    exchange: str
    keys: tuple[RoutingKey, ...]
    schema: str | None
    summary: str


def parse_exchange(head: Mapping[str, Any], record: Mapping[str, Any]) -> Exchange:
    """
    Return the exchange that a record of a reference describes; *head* is the reference's first record.
    """
    return Exchange(
        service=head["service"],
        name=record["exchange"],
        exchange=head["exchanges"] + record["topic"],
        keys=tuple(map(_parse_routing_key, record["keys"])),
        schema=record.get("schema"),
        summary=record["summary"],
    )


def _parse_routing_key(text: str) -> RoutingKey:
    # "=constant", "name", or "name#" for several words. All published references name the constant routingKeyKind.
    if text.startswith("="):
        return RoutingKey(name="routingKeyKind", constant=text[1:], multiple_words=False)
    return RoutingKey(name=text.rstrip("#"), constant=None, multiple_words=text.endswith("#"))
