"""
Fixtures of tests for tasks and groups: a group in a sandbox, with tasks in any state, and their logs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.core.payload import encode
from tests.transfer_env import TransferEnv, later, slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import RunningSandbox

MAX_REQUEST_SECONDS = 60
WORKER = {"workerGroup": "g", "workerId": "w"}


@dataclass(frozen=True)
class GroupEnv:
    """
    A group of tasks.

    Attributes:
        group_id: Exists when it has a task.
        ids: Of its tasks, by name.
    """

    transfers: TransferEnv
    group_id: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def sandbox(self) -> RunningSandbox:
        """
        The deployment.
        """
        return self.transfers.sandbox

    @property
    def environment(self) -> dict[str, str]:
        """
        The variables of its root client.
        """
        return self.sandbox.environment

    def call(self, method: str, *args: str, payload: Any = None) -> Any:
        """
        Call a method of the queue with all scopes.
        """
        body = None if payload is None else encode(payload)
        return self.transfers.client.call_json(references.method("queue", method), args, payload=body)

    def add(
        self,
        name: str,
        state: str = "pending",
        needs: Sequence[str] = (),
        *,
        log: bytes | None = None,
        **definition: Any,
    ) -> str:
        """
        Create a task, bring it into a state, and return its id.

        Args:
            state: ``unscheduled`` only with *needs*; ``exception`` is cancelled.
            needs: Names of tasks that it depends on, or ids.
            log: The text of its log; it must have been claimed.
            definition: What else its definition has.
        """
        task_id = self.ids[name] = slug()
        content = {
            "taskQueueId": "proj-x/ci",
            "taskGroupId": self.group_id,
            "schedulerId": "s",
            "created": later(),
            "deadline": later(hours=6),
            "expires": later(days=1),
            "dependencies": [self.ids.get(each, each) for each in needs],
            "payload": {},
            "metadata": {"name": name, "description": "d", "owner": "o@example.com", "source": "https://x.y/z"},
            "tags": {"kind": name.partition("-")[0]},
            **definition,
        }
        self.call("createTask", task_id, payload=content)
        if state in {"running", "completed", "failed"}:
            self.claim(name)
            if log is not None:
                self.write_log(name, log)
            if state != "running":
                self.resolve(name, state)
        elif state == "exception":
            self.call("cancelTask", task_id)
        return task_id

    def claim(self, name: str, run_id: int = 0) -> None:
        """
        Start a run of a task.
        """
        self.call("claimTask", self.ids[name], str(run_id), payload=WORKER)

    def resolve(self, name: str, state: str, run_id: int = 0) -> None:
        """
        End a run of a task as ``completed`` or ``failed``.
        """
        self.call(f"report{state.capitalize()}", self.ids[name], str(run_id))

    def wait_for_request(self, path: str, verb: str = "", count: int = 1) -> str:
        """
        Return the target of the first request to a path that contains this, when it has arrived.

        Args:
            verb: Of the request; any if empty.
            count: Wait until there are that many; those before the last one have then got their responses, if they are
                sent one after the other.
        """
        end = time.monotonic() + MAX_REQUEST_SECONDS
        while True:
            requests = self.sandbox.requests.copy()
            found = [target for sent, target in requests if path in target and verb in {"", sent}]
            if len(found) >= count:
                return found[0]
            assert time.monotonic() < end, self.sandbox.requests
            time.sleep(0.02)

    def write_log(self, name: str, log: bytes, artifact: str = "public/logs/live.log") -> None:
        """
        Create the log of a task that runs.
        """
        self.transfers.artifact(self.ids[name], artifact, log)


@pytest.fixture
def group_env(transfer_env: TransferEnv) -> GroupEnv:
    """
    A group without tasks in a fresh sandbox.
    """
    return GroupEnv(transfer_env, slug())
