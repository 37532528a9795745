"""
A deployment with everything that the examples in help texts name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.payload import encode
from tccli.core.responses import parse_document
from tccli.errors import NotFoundError
from tests.transfer_env import TransferEnv, later

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.sandbox.state import State
    from tests.conftest import RunningSandbox

TASK = "fN1SbArXTPSVFNUvaOlinQ"
QUEUE = "proj-example/linux"
WORKER = {"workerGroup": "us-east1", "workerId": "i-0a1b2c3d"}
ARTIFACT = "public/build/target.tar.gz"
OBJECT = "example/target.tar.gz"
SECRET = "project/example/token"
HOOK = ("project-example", "nightly")
CLIENT = "project/example/ci"
ROLE = "project:example"
INDEX_PATH = "example.v1.nightly"
STATIC_SECRET = "s" * 44
METADATA = {
    "name": "Example",
    "description": "A task to look at.",
    "owner": "ci@example.com",
    "source": "https://example.com/ci",
}


@dataclass
class ExampleDeployment:
    """
    A sandbox to populate.

    Attributes:
        depot: The sandbox, and a client with all scopes.
        state: For what no method creates.
        directory: The working directory of an example.
        variables: Further variables in the environment of an example.
    """

    transfer_env: TransferEnv
    state: State
    directory: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def sandbox(self) -> RunningSandbox:
        """
        The deployment.
        """
        return self.transfer_env.sandbox

    def call(self, method: str, *args: str, payload: Any = None, **query: str) -> Any:
        """
        Call ``service.method`` as the root client, and return the response, or None if the method has none.
        """
        known = references.method(*method.split("."))
        client = self.transfer_env.client
        call = client.prepare(known, args, query, None if payload is None else encode(payload))
        response = client.send(call)
        return None if known.output is None else parse_document(known, call.url, response)

    def create_task(self, **changes: Any) -> None:
        """
        Create the task, pending unless *changes* have another effect.
        """
        definition = {
            "taskQueueId": QUEUE,
            "taskGroupId": TASK,
            "schedulerId": "example",
            "created": later(),
            "deadline": later(hours=1),
            "expires": later(days=30),
            "payload": {"command": ["true"], "maxRunTime": 600},
            "metadata": METADATA,
            **changes,
        }
        self.call("queue.createTask", TASK, payload=definition)

    def claim_task(self) -> Any:
        """
        Create the task if it does not exist, claim its first run, and return the claim.
        """
        if not self.has_task():
            self.create_task()
        return self.call("queue.claimTask", TASK, "0", payload=WORKER)

    def has_task(self) -> bool:
        """
        Return whether the task exists.
        """
        try:
            self.call("queue.status", TASK)
        except NotFoundError:
            return False
        return True

    def complete_task(self) -> None:
        """
        Create the task, with an artifact, and complete it.
        """
        self.claim_task()
        self.transfer_env.artifact(TASK, ARTIFACT, b"a build\n" * 100)
        self.transfer_env.artifact(TASK, "private/report.html", b"a report\n")
        self.call("queue.reportCompleted", TASK, "0")


def populate(deployment: ExampleDeployment) -> None:
    """
    Create everything that does not depend on the task.
    """
    call = deployment.call
    until = later(days=365)
    call(
        "auth.createClient", CLIENT, payload={"expires": until, "description": "CI of the example.", "scopes": ["a:b"]}
    )
    call("auth.createRole", ROLE, payload={"description": "What the example may do.", "scopes": ["secrets:get:x"]})
    call("secrets.set", SECRET, payload={"secret": {"token": "a-token"}, "expires": until})
    task = {
        "taskQueueId": QUEUE,
        "created": {"$fromNow": "0 seconds"},
        "deadline": {"$fromNow": "1 hour"},
        "expires": {"$fromNow": "1 day"},
        "payload": {},
        "metadata": METADATA,
    }
    hook_metadata = {
        "name": "Nightly",
        "description": "Runs at night.",
        "owner": "ci@example.com",
        "emailOnError": False,
    }
    call("auth.createRole", f"hook-id:{'/'.join(HOOK)}", payload={"description": "The hook.", "scopes": ["queue:*"]})
    anything = {"type": "object", "additionalProperties": True}
    call("hooks.createHook", *HOOK, payload={"metadata": hook_metadata, "task": task, "triggerSchema": anything})
    pool = {
        "providerId": "static",
        "description": "Linux machines.",
        "owner": "ci@example.com",
        "emailOnError": False,
        "config": {},
    }
    call("worker-manager.createWorkerPool", QUEUE, payload=pool)
    worker = {"expires": until, "providerInfo": {"staticSecret": STATIC_SECRET}}
    call("worker-manager.createWorker", QUEUE, WORKER["workerGroup"], WORKER["workerId"], payload=worker)
    deployment.transfer_env.put_object(OBJECT, b"an object\n" * 100)


def populate_task(deployment: ExampleDeployment) -> None:
    """
    Create and complete the task, unless it exists, and index it.
    """
    if not deployment.has_task():
        deployment.complete_task()
    entry = {"taskId": TASK, "rank": 1, "data": {}, "expires": later(days=30)}
    deployment.call("index.insertTask", INDEX_PATH, payload=entry)
