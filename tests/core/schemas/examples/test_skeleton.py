"""
Payloads that are made.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.core.payload import encode
from tccli.core.schemas.examples.generate import Randomness
from tccli.core.schemas.examples.skeleton import generate_payload
from tccli.core.schemas.fields import SLUGID
from tccli.core.schemas.validate import find_problems
from tccli.errors import UsageError
from tccli.references.method_docs import load_parameter_docs
from tests.examples.example_deployment import populate_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment
    from tests.transfer_env import TransferEnv

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
LUCK = Randomness(NOW, Random(1))
METHODS = {
    method.id: method
    for service in references.service_names()
    for method in references.service(service).methods.values()
    if method.input is not None
}

# Methods that need more than what the payload says, and what that is.
NEEDS = {
    "auth.githubRepoToken": "a GitHub app",
    "auth.testAuthenticate": "the credentials of a test client",
    "auth.updateClient": "the client",
    "auth.updateRole": "the role",
    "github.createComment": "the issue",
    "github.createStatus": "the app in the repository",
    "hooks.triggerHook": "the hook",
    "hooks.triggerHookWithToken": "the hook's token",
    "hooks.updateHook": "the hook",
    "object.finishUpload": "an upload",
    "object.startDownload": "the object",
    "queue.changeTaskGroupPriority": "the group",
    "queue.changeTaskPriority": "the task",
    "queue.claimTask": "the task",
    "queue.claimWork": "a task, or the time to wait for one",
    "queue.createArtifact": "a run of the task",
    "queue.finishArtifact": "the artifact",
    "queue.quarantineWorker": "the worker",
    "queue.reportException": "a run of the task",
    "worker-manager.createWorker": "the pool",
    "worker-manager.registerWorker": "the pool",
    "worker-manager.reportWorkerError": "the pool",
    "worker-manager.reregisterWorker": "the worker",
    "worker-manager.updateWorker": "the worker",
    "worker-manager.updateWorkerPool": "the pool",
}

# Of these, those whose payload or arguments must hold what only the deployment knows.
FILLED_IN: dict[str, Callable[[ExampleDeployment, dict[str, Any], list[str]], Any]] = {
    "hooks.triggerHookWithToken": lambda deployment, _payload, args: args.__setitem__(
        2, deployment.call("hooks.getTriggerToken", *args[:2])["token"]
    ),
    "queue.finishArtifact": lambda deployment, payload, _args: payload.update(
        uploadId=deployment.variables["UPLOAD_ID"]
    ),
    "worker-manager.registerWorker": lambda deployment, payload, _args: payload.update(
        workerIdentityProof={"staticSecret": deployment.variables["STATIC_SECRET"]}
    ),
    "worker-manager.reregisterWorker": lambda deployment, payload, _args: payload.update(
        secret=deployment.variables["WORKER_SECRET"]
    ),
}

# Of these, those that no sandbox of this kind can let succeed with an example's arguments.
REFUSED = {
    "auth.githubRepoToken": "a sandbox has no GitHub apps",
    "auth.testAuthenticate": "the root client is no test client",
    "object.finishUpload": "the object is there, and finished",
}

EVERY_METHOD = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
BOTH = pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])


def arguments(method: references.Method) -> list[str]:
    """
    Return an example of each path argument.
    """
    return [load_parameter_docs(method, name).example for name in method.args]


@EVERY_METHOD
@BOTH
def test_payloads_are_valid(method: references.Method, full: bool) -> None:
    """
    For any randomness.
    """
    assert method.input is not None
    for seed in range(3):
        made = generate_payload(method, Randomness(NOW, Random(seed)), full=full)

        assert [] == find_problems(method.reference, method.input, made)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in NEEDS])
@BOTH
def test_payloads_work_in_an_empty_deployment(transfer_env: TransferEnv, name: str, full: bool) -> None:
    """
    Unedited.
    """
    method = METHODS[name]
    made = generate_payload(method, Randomness(datetime.now(UTC), Random(1)), full=full)
    response = transfer_env.client.call(method, arguments(method), {}, encode(made))

    assert 200 <= response.status < 300


@pytest.mark.parametrize("name", [name for name in NEEDS if name not in REFUSED])
@BOTH
def test_payloads_work_with_what_they_refer_to(deployment: ExampleDeployment, name: str, full: bool) -> None:
    """
    Only ids that cannot be known are filled in.
    """
    method = METHODS[name]
    preparations = import_module(f"tests.examples.{method.service.replace('-', '_')}")
    preparations.PREPARE.get(method.name, lambda _deployment: None)(deployment)
    populate_task(deployment)
    made = generate_payload(method, Randomness(datetime.now(UTC), Random(1)), full=full)
    args = arguments(method)
    if name in FILLED_IN:
        FILLED_IN[name](deployment, made, args)
    response = deployment.transfer_env.client.call(method, args, {}, encode(made))

    assert 200 <= response.status < 300


def test_every_exception_is_a_method() -> None:
    """
    The list of what is filled in has no others.
    """
    assert not (NEEDS.keys() | FILLED_IN.keys() | REFUSED.keys()) - METHODS.keys()
    assert not (FILLED_IN.keys() | REFUSED.keys()) - NEEDS.keys()


@BOTH
def test_times_are_in_order(full: bool) -> None:
    """
    Created is before the deadline, and the deadline before the expiry.
    """
    made = generate_payload(METHODS["queue.createTask"], LUCK, full=full)

    assert "2030-01-31T12:00:00.000Z" == made["created"] < made["deadline"]
    assert not full or made["deadline"] < made["expires"]


def test_full_means_all_fields() -> None:
    """
    Optional ones included.
    """
    method = METHODS["queue.createTask"]
    assert method.input is not None
    made = generate_payload(method, LUCK, full=True)

    assert method.reference.schemas[method.input]["properties"].keys() == made.keys()


def test_slugids_are_new_and_valid() -> None:
    """
    None looks like an option.
    """
    method = METHODS["object.createUpload"]
    made = {generate_payload(method, Randomness(NOW, Random(seed)), full=False)["uploadId"] for seed in range(50)}

    assert 50 == len(made)
    assert all(re.fullmatch(SLUGID, slug) and slug[0].isalpha() for slug in made)


def test_the_same_randomness_gives_the_same_payload() -> None:
    """
    There is no other source of randomness.
    """
    made = [
        generate_payload(METHODS["worker-manager.createWorker"], Randomness(NOW, Random(5)), full=True)
        for _ in range(2)
    ]

    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        pytest.param("queue.ping", "queue.ping takes no payload", id="none"),
        pytest.param("queue.taskQueueCountsBatch", "the payload has no published schema", id="unknown"),
    ],
)
def test_methods_without_a_payload_are_errors(method: str, said: str) -> None:
    """
    In one line.
    """
    with pytest.raises(UsageError, match=said):
        generate_payload(references.method(*method.split(".")), LUCK, full=False)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"minimum": {}}, id="no schema"),
        pytest.param({"type": "string", "pattern": "(?!a)b"}, id="not understood"),
        pytest.param({"not": {}}, id="nothing fits"),
    ],
)
def test_schemas_without_an_example_are_errors(schema: dict[str, Any]) -> None:
    """
    A fetched reference may have any schema.
    """
    records = [
        {"service": "odd", "version": "v1", "release": "1", "exchanges": "", "summary": "Odd"},
        {"method": "set", "verb": "PUT", "route": "/set", "input": "set.json", "summary": "Set"},
        {"schema": "set.json", "body": schema},
    ]
    text = "\n".join(json.dumps(record, separators=(",", ":")) for record in records)
    odd = references.ReferenceSet([references.ServiceReference("odd", text.encode())])

    with pytest.raises(UsageError, match=r"cannot generate a payload from its schema.*tc schema odd set"):
        generate_payload(odd.method("odd", "set"), LUCK, full=False)
