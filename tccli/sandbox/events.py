"""
What the services publish: messages made as the references say, and handed over once the state is there for good.

Source: taskcluster libraries/pulse, src/publisher.js.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.core.schemas.validate import find_problems
from tccli.sandbox.http.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.references import Exchange, RoutingKey
    from tccli.sandbox.state import State

MISSING = "_"
"""Stands in a routing key for what a message does not have."""


class Message(NamedTuple):
    """
    A message on its way to the broker.

    Attributes:
        exchange: Its full name.
        routing_key: Where the exchange sends it.
        copies: Other routing keys that lead to it.
        body: JSON.
    """

    exchange: str
    routing_key: str
    copies: tuple[str, ...]
    body: bytes


def publish(
    state: State, event_id: str, keys: Mapping[str, object], payload: Mapping[str, Any], routes: Sequence[str] = ()
) -> None:
    """
    Publish a message when the changes so far are committed; nothing at all if nobody listens.

    Args:
        state: The deployment.
        event_id: Such as ``queue.taskPending``.
        keys: What the routing key is made of, by name; others may be among them.
        payload: The message.
        routes: Of the task that the message is about.

    Raises:
        InternalError: The message does not fit its schema, and answers are checked.
    """
    listen = state.listen
    if listen is None:
        return
    exchange = find(event_id)
    if state.checks_answers and exchange.schema is not None:
        wrong = find_problems(exchange.reference, exchange.schema, payload)
        if wrong:
            raise InternalError(f"{event_id} does not fit its schema: " + "; ".join(map(str, wrong)))
    message = Message(
        exchange.exchange,
        routing_key(exchange, keys),
        tuple(f"route.{route}" for route in routes),
        json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
    )
    state.store.after_commit(lambda: listen(message))


def find(event_id: str) -> Exchange:
    """
    Return an exchange by its service and name.
    """
    service, _, name = event_id.partition(".")
    return references.service(service).exchanges[name]


def exchanges() -> Iterator[Exchange]:
    """
    Return all exchanges of all services.
    """
    for name in references.service_names():
        yield from references.service(name).exchanges.values()


def routing_key(exchange: Exchange, keys: Mapping[str, object]) -> str:
    """
    Return the routing key of a message; what is not among *keys*, or is None, is ``_`` there.
    """
    return ".".join(_word(key, keys.get(key.name)) for key in exchange.keys)


def _word(key: RoutingKey, value: object) -> str:
    if key.constant is not None:
        return key.constant
    return MISSING if value is None else str(value)
