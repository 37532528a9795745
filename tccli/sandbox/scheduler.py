"""
Periodic jobs: they run about once a second, and before the next request after the clock was moved.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.state import State

TICK_SECONDS = 1.0
logger = logging.getLogger("uvicorn.error")


class Scheduler:
    """
    Runs the jobs that services registered with :meth:`~tccli.sandbox.registry.Service.periodic`.

    Attributes:
        lock: Held while jobs run. Take it before you close a state.
    """

    def __init__(self) -> None:
        self._last_offset = 0
        self._last_run = 0.0
        self.lock = threading.Lock()

    def is_due(self, state: State) -> bool:
        """
        Return whether a job may have work: a tick has passed, the clock was moved, or a message waits for hooks.
        """
        return (
            bool(state.messages)
            or state.clock.offset != self._last_offset
            or time.monotonic() - self._last_run >= TICK_SECONDS
        )

    async def run_due(self, get_state: Callable[[], State]) -> None:
        """
        Run all jobs, unless they run already. Jobs may await, so other requests can be handled in between.

        Args:
            get_state: Called with the lock, so that the state is not closed before the jobs end.
        """
        if not self.lock.acquire(blocking=False):
            return
        try:
            state = get_state()
            self._last_offset, self._last_run = state.clock.offset, time.monotonic()
            for job in state.registry.jobs:
                try:
                    result = job(state)
                    if inspect.isawaitable(result):
                        await result
                except Exception:
                    # Other jobs, and the request that waits for them, must not suffer from it.
                    logger.exception("cannot run %s", job.__name__)
        finally:
            self.lock.release()

    async def run_forever(self, get_state: Callable[[], State]) -> None:
        """
        Run all jobs at each tick, on the state that *get_state* returns then.
        """
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self.run_due(get_state)
