"""
The worker itself: looks for tasks, claims them, and has them run side by side.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from tccli.sandbox.worker.api import Api
from tccli.sandbox.worker.run import Run

if TYPE_CHECKING:
    from types import TracebackType

    from tccli.sandbox.server import Server

QUEUE = re.compile(r"[\w-]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?", re.ASCII)
NAMES = {"workerGroup": "sandbox", "workerId": "sandbox-worker"}
PAUSE = 0.1
"""Seconds between two looks for work."""
FAREWELL = 10.0
"""Seconds that runs have to end when the sandbox does."""


class Worker:
    """
    Runs the tasks of a sandbox for as long as the context lasts; those that still run then are reported as such.

    Args:
        server: The sandbox.
        queue: Whose tasks; those of all queues if empty.
    """

    def __init__(self, server: Server, queue: str = "") -> None:
        self._clock = server.storage.clock
        self._api = Api(server.root_url, self._clock, server.credentials)
        self._queue = queue
        self._is_stopping = threading.Event()
        self._slots = threading.Semaphore(max(2, os.cpu_count() or 1))
        self._runs: set[threading.Thread] = set()
        self._thread = threading.Thread(target=self._look, name="worker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_stopping.set()
        self._thread.join(FAREWELL)
        for run in list(self._runs):
            run.join(FAREWELL)

    def _look(self) -> None:
        while not self._is_stopping.wait(PAUSE):
            with suppress(OSError, ValueError, KeyError):
                for queue in self._queues():
                    self._claim(queue)

    def _queues(self) -> list[str]:
        """
        Return the queues in which there is something for us.
        """
        found: list[str] = self._api.call("GET", "/sandbox/queues").json["queues"]
        return [queue for queue in found if self._queue in {"", queue}]

    def _claim(self, queue: str) -> None:
        """
        Take a task, if there is a place for it.
        """
        if self._is_stopping.is_set() or not self._slots.acquire(blocking=False):
            return
        has_begun = False
        try:
            reply = self._api.call("POST", f"/api/queue/v1/claim-work/{quote(queue, safe='')}", {**NAMES, "tasks": 1})
            if reply.status == 200 and reply.json["tasks"]:
                self._begin(reply.json["tasks"][0])
                has_begun = True
        finally:
            if not has_begun:
                self._slots.release()

    def _begin(self, claim: Any) -> None:
        run = Run(claim, self._api.root_url, self._clock, self._is_stopping.is_set)

        def perform() -> None:
            try:
                run.perform()
            finally:
                self._slots.release()
                self._runs.discard(threading.current_thread())

        thread = threading.Thread(target=perform, name=f"run of {claim['status']['taskId']}", daemon=True)
        self._runs.add(thread)
        thread.start()


def check_queue(name: str) -> str:
    """
    Return the name of a task queue.

    Raises:
        ValueError: It is none.
    """
    if not QUEUE.fullmatch(name):
        raise ValueError(f"{name!r} is no task queue, PROVISIONER/TYPE; write -- before a command that follows")
    return name
