"""
Time passes: what is due is done once a second, and before anything else when the clock was moved.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import TYPE_CHECKING

from tccli.sandbox import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.state import State

PACE = 1.0
"""Seconds between two looks at what is due."""


class Passing:
    """
    Keeps a deployment up with its clock.

    Attributes:
        lock: Held while things are done: the deployment may not be taken away then.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._looked = 0.0
        self.lock = threading.Lock()

    def is_due(self, state: State) -> bool:
        """
        Say whether something may have come due since the last look.
        """
        return state.clock.offset != self._offset or time.monotonic() - self._looked >= PACE

    async def catch_up(self, state: State) -> None:
        """
        Do what is due. Steps may call the services, which lets other requests in between.
        """
        if not self.lock.acquire(blocking=False):
            return
        self._offset, self._looked = state.clock.offset, time.monotonic()
        try:
            for step in registry.steps():
                done = step(state)
                if inspect.isawaitable(done):
                    await done
        finally:
            self.lock.release()

    async def keep_pace(self, current: Callable[[], State]) -> None:
        """
        Do what is due, for ever, in what *current* returns.
        """
        while True:
            await asyncio.sleep(PACE)
            await self.catch_up(current())
