"""
A client of the queue with short methods for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import taskcluster

from tccli.sandbox.clock import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

API = "/api/queue/v1"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WORKER = {"workerGroup": "group", "workerId": "worker"}


@dataclass(frozen=True)
class QueueClient:
    """
    Calls the queue with plain requests.
    """

    sandbox: RunningSandbox
    send: Callable[..., HttpResponse]

    def timestamp(self, after: int = 0) -> str:
        """
        Return a timestamp *after* milliseconds from the sandbox's time.
        """
        return to_json(self.sandbox.clock.now() + after)

    def definition(self, **changes: Any) -> dict[str, Any]:
        """
        Return a small task definition, with a deadline in an hour.
        """
        metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
        times = {"created": self.timestamp(), "deadline": self.timestamp(HOUR), "expires": self.timestamp(DAY)}
        return {"taskQueueId": "proj/ci", **times, "payload": {}, "metadata": metadata, **changes}

    def create(self, task_id: str = "", **changes: Any) -> str:
        """
        Create a task, and return its id.
        """
        task_id = task_id or taskcluster.slugId()
        reply = self.send("PUT", f"{API}/task/{task_id}", self.definition(**changes))
        assert 200 == reply.status, reply.text
        return task_id

    def post(self, path: str, payload: Any = None, **options: Any) -> HttpResponse:
        """
        Send a payload, or nothing, to a path below the service's root.
        """
        return self.send("POST", API + path, payload, **options)

    def get(self, path: str, **options: Any) -> Any:
        """
        Return the JSON at a path below the service's root.
        """
        return self.send("GET", API + path, **options).json

    def claim(self, tasks: int = 1, queue: str = "proj%2Fci", **worker: str) -> list[dict[str, Any]]:
        """
        Claim tasks, and return the claims.
        """
        found: list[dict[str, Any]]
        found = self.post(f"/claim-work/{queue}", {**WORKER, **worker, "tasks": tasks}).json["tasks"]
        return found

    def status(self, task_id: str) -> dict[str, Any]:
        """
        Return a task's status.
        """
        found: dict[str, Any] = self.get(f"/task/{task_id}/status")["status"]
        return found

    def runs(self, task_id: str) -> list[tuple[str, str, str]]:
        """
        Return reasonCreated, state and reasonResolved of each run.
        """
        runs = self.status(task_id)["runs"]
        return [(run["reasonCreated"], run["state"], run.get("reasonResolved", "")) for run in runs]

    def pass_time(self, milliseconds: int) -> None:
        """
        Move the sandbox's clock.
        """
        self.sandbox.clock.offset += milliseconds
