"""
The worker: polls for tasks, claims them, and runs them in threads.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from tccli.core.http.transport import HttpTransport
from tccli.errors import TcError
from tccli.sandbox.worker.client import Client, parse_json
from tccli.sandbox.worker.run import Run

if TYPE_CHECKING:
    from types import TracebackType

    from tccli.sandbox.server import Server

NAMES = {"workerGroup": "sandbox", "workerId": "sandbox-worker"}
POLL_INTERVAL_SECONDS = 0.1
REQUEST_TIMEOUT_SECONDS = 60.0
SHUTDOWN_TIMEOUT_SECONDS = 10.0
"""For each run when the sandbox ends."""


class Worker:
    """
    Runs the tasks of a sandbox while the context is open; at its end, running tasks are reported as worker-shutdown.

    Args:
        queue: The task queue to claim from; empty means all.
    """

    def __init__(self, server: Server, queue: str = "") -> None:
        # No environment: requests to the sandbox use no proxy.
        self._transport = HttpTransport(REQUEST_TIMEOUT_SECONDS, {})
        self._client = Client(server.root_url, server.storage.clock, server.credentials, self._transport)
        self._queue = queue
        self._is_stopping = threading.Event()
        self._slots = threading.Semaphore(max(2, os.cpu_count() or 1))
        self._runs: set[threading.Thread] = set()
        self._thread = threading.Thread(target=self._poll, name="worker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_stopping.set()
        self._thread.join(SHUTDOWN_TIMEOUT_SECONDS)
        for run in list(self._runs):
            run.join(SHUTDOWN_TIMEOUT_SECONDS)
        self._transport.close()

    def _poll(self) -> None:
        while not self._is_stopping.wait(POLL_INTERVAL_SECONDS):
            with suppress(TcError, ValueError, KeyError):
                for queue in self._queues_with_work():
                    self._claim(queue)

    def _queues_with_work(self) -> list[str]:
        found: list[str] = parse_json(self._client.call("GET", "/sandbox/queues"))["queues"]
        return [queue for queue in found if self._queue in {"", queue}]

    def _claim(self, queue: str) -> None:
        if self._is_stopping.is_set() or not self._slots.acquire(blocking=False):
            return
        is_started = False
        try:
            response = self._client.call(
                "POST", f"/api/queue/v1/claim-work/{quote(queue, safe='')}", {**NAMES, "tasks": 1}
            )
            claims = parse_json(response)["tasks"] if response.status == 200 else []
            if claims:
                self._start(claims[0])
                is_started = True
        finally:
            if not is_started:
                self._slots.release()

    def _start(self, claim: Any) -> None:
        run = Run(claim, self._client, self._is_stopping.is_set)

        def perform() -> None:
            try:
                run.perform()
            finally:
                self._slots.release()
                self._runs.discard(threading.current_thread())

        thread = threading.Thread(target=perform, name=f"run of {claim['status']['taskId']}", daemon=True)
        self._runs.add(thread)
        thread.start()
