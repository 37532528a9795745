"""
What a deployment is made of, in one place.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.auth.accounts import Accounts
    from tccli.sandbox.clock import Clock
    from tccli.sandbox.events import Message
    from tccli.sandbox.storage.host import Storage
    from tccli.sandbox.store import Store

TABLES = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"


@dataclass(slots=True)
class State:
    """
    A deployment.

    Attributes:
        root_url: Where clients find it, without a trailing slash.
        checks_answers: Whether answers are held against their schemas, as the services do it.
        listen: Told of each message that the services publish, if anybody wants to know; may not block.
    """

    store: Store
    clock: Clock
    accounts: Accounts
    storage: Storage
    root_url: str = ""
    checks_answers: bool = False
    started: float = field(default_factory=time.monotonic)
    listen: Callable[[Message], object] | None = None

    def set_offset(self, offset: int) -> None:
        """
        Move the clock so many milliseconds away from the real time, and let it stay there.
        """
        self.store.insert("settings", {"name": "offset", "value": offset}, replace=True)
        self.clock.offset, self.clock.was_moved = offset, True

    def recall_offset(self) -> None:
        """
        Move the clock to where it was kept.
        """
        row = self.store.one("SELECT value FROM settings WHERE name = 'offset'")
        if row is not None:
            self.clock.offset, self.clock.was_moved = row["value"], True
