"""
What a deployment is made of, in one place.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tccli.sandbox.accounts import Accounts
    from tccli.sandbox.clock import Clock
    from tccli.sandbox.storage.host import Storage
    from tccli.sandbox.store import Store


@dataclass(slots=True)
class State:
    """
    A deployment.

    Attributes:
        root_url: Where clients find it, without a trailing slash.
        checks_answers: Whether answers are held against their schemas, as the services do it.
    """

    store: Store
    clock: Clock
    accounts: Accounts
    storage: Storage
    root_url: str = ""
    checks_answers: bool = False
    started: float = field(default_factory=time.monotonic)
