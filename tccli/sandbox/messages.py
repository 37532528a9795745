"""
A message on its way to the broker.
"""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """
    What a service publishes.

    Attributes:
        exchange: Its full name.
        copies: Further routing keys, one for each route of a task.
        body: JSON.
    """

    exchange: str
    routing_key: str
    copies: tuple[str, ...]
    body: bytes
