"""
Publishing of messages as the references describe them, after the change that they report is committed.

Source: taskcluster libraries/pulse, src/publisher.js.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.schemas.validate import find_problems
from tccli.sandbox.http.errors import InternalError
from tccli.sandbox.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.references.exchanges import Exchange, RoutingKey
    from tccli.sandbox.state import State

MISSING_WORD = "_"
"""The word of a routing key for which a message has no value."""


def publish(
    state: State, event_id: str, keys: Mapping[str, object], payload: Mapping[str, Any], routes: Sequence[str] = ()
) -> None:
    """
    Publish a message when the current transaction is committed. Do nothing without a listener.

    Args:
        event_id: Such as ``queue.taskPending``.
        keys: The words of the routing key by name; others are ignored.
        routes: Of the task that the message is about.

    Raises:
        InternalError: The message does not match its schema, and the deployment checks that.
    """
    if not state.has_listeners:
        return
    exchange = find(event_id)
    if state.checks_responses and exchange.schema is not None:
        wrong = find_problems(references.service(exchange.service), exchange.schema, payload)
        if wrong:
            raise InternalError(f"{event_id} does not match its schema: " + "; ".join(map(str, wrong)))
    message = Message(
        exchange.exchange,
        routing_key(exchange, keys),
        tuple(f"route.{route}" for route in routes),
        json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
    )
    state.store.after_commit(lambda: _deliver(state, message))


def _deliver(state: State, message: Message) -> None:
    if state.on_message is not None:
        state.on_message(message)
    if message.exchange in state.bound_exchanges:
        # A later run of the periodic jobs fires the hooks, as the service does it after the call.
        state.messages.append(message)


def find(event_id: str) -> Exchange:
    """
    Return the exchange of an event such as ``queue.taskPending``.
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
    Return the routing key of a message; ``_`` stands for words that *keys* lacks, or whose value is None.
    """
    return ".".join(_word(key, keys.get(key.name)) for key in exchange.keys)


def _word(key: RoutingKey, value: object) -> str:
    if key.constant is not None:
        return key.constant
    return MISSING_WORD if value is None else str(value)
