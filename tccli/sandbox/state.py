"""
Everything that a deployment consists of, in one object.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.auth.accounts import Accounts
    from tccli.sandbox.clock import Clock
    from tccli.sandbox.messages import Message
    from tccli.sandbox.registry import Registry
    from tccli.sandbox.storage.host import Storage
    from tccli.sandbox.store import Store

TABLES = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"


@dataclass(slots=True)
class State:
    """
    A deployment.

    Attributes:
        root_url: Without a trailing slash.
        checks_responses: Whether responses and messages are validated against their schemas.
        on_message: Called with each published message; must not block.
        providers: The types of the worker manager's providers, by name.
        websocktunnel_secret: Signs tokens for websocktunnel; empty if there is none.
        bound_exchanges: The exchanges whose messages fire hooks.
        messages: From those exchanges, not yet delivered to the hooks.
    """

    registry: Registry
    store: Store
    clock: Clock
    accounts: Accounts
    storage: Storage
    root_url: str = ""
    checks_responses: bool = False
    started: float = field(default_factory=time.monotonic)
    on_message: Callable[[Message], object] | None = None
    providers: dict[str, str] = field(default_factory=lambda: {"static": "static"})
    websocktunnel_secret: str = ""
    bound_exchanges: frozenset[str] = frozenset()
    messages: deque[Message] = field(default_factory=deque)

    @property
    def has_listeners(self) -> bool:
        """
        Whether any message is of use to a broker or to a hook.
        """
        return self.on_message is not None or bool(self.bound_exchanges)

    def set_offset(self, offset: int) -> None:
        """
        Move the clock to *offset* milliseconds from the real time, and store the offset.
        """
        self.store.insert("settings", {"name": "offset", "value": offset}, replace=True)
        self.clock.offset, self.clock.is_moved = offset, True

    def restore_offset(self) -> None:
        """
        Move the clock to the stored offset, if there is one.
        """
        row = self.store.one("SELECT value FROM settings WHERE name = 'offset'")
        if row is not None:
            self.clock.offset, self.clock.is_moved = row["value"], True
