"""
A recorder of the messages that a sandbox publishes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.events import routing_key_pattern
from tccli.core.schemas.validate import find_problems
from tccli.sandbox import events

if TYPE_CHECKING:
    from tccli.sandbox.messages import Message

EXCHANGES = {exchange.exchange: exchange for exchange in events.exchanges()}


@dataclass
class MessageRecorder:
    """
    Records messages, and checks them against the references.
    """

    messages: list[Message] = field(default_factory=list)

    def record(self, message: Message) -> None:
        """
        Record a message.
        """
        exchange = EXCHANGES[message.exchange]
        pattern = re.escape(routing_key_pattern(exchange, {})).replace(r"\#", ".+").replace(r"\*", "[^.]+")
        assert re.fullmatch(pattern, message.routing_key), message
        assert exchange.schema is not None
        assert [] == find_problems(references.service(exchange.service), exchange.schema, json.loads(message.body))
        self.messages.append(message)

    def take(self) -> list[tuple[str, str]]:
        """
        Return event and routing key of each message since the last call.
        """
        return [(name, key) for name, key, _, _ in self.take_all()]

    def take_all(self) -> list[tuple[str, str, tuple[str, ...], Any]]:
        """
        Return event, routing key, copies and content of each message since the last call.
        """
        taken, self.messages = self.messages, []
        return [
            (EXCHANGES[message.exchange].name, message.routing_key, message.copies, json.loads(message.body))
            for message in taken
        ]
