"""
Completion values of a deployment.
"""

from __future__ import annotations

import pytest

from tccli.cli.completion import kinds
from tccli.core.completion.values import CompletionRequest, list_values
from tccli.errors import TcError
from tests.examples.example_deployment import (
    ARTIFACT,
    CLIENT,
    INDEX_PATH,
    QUEUE,
    ROLE,
    SECRET,
    TASK,
    ExampleDeployment,
    populate_task,
)

LOCAL_KINDS = {"file", "folder", "@file", "command", "profile"}
SURFACE_KINDS = {"service", "method", "exchange", "topic", "argument"}
REQUESTS = [
    pytest.param("artifact", (TASK,), "", ARTIFACT, id="artifact of the latest run"),
    pytest.param("artifact", (TASK, "0"), "", ARTIFACT, id="artifact of a run"),
    pytest.param("artifact", (f"https://host/tasks/{TASK}/runs/0",), "", ARTIFACT, id="artifact by an address"),
    pytest.param("client", (), "", CLIENT, id="client"),
    pytest.param("hook", ("project-example",), "", "nightly", id="hook"),
    pytest.param("hook-group", (), "", "project-example", id="hook group"),
    pytest.param("index-path", (), "", "example.", id="first level of the index"),
    pytest.param("index-path", (), "example.v1.n", INDEX_PATH, id="last level of the index"),
    pytest.param("indexed-artifact", (INDEX_PATH,), "", ARTIFACT, id="artifact of an indexed task"),
    pytest.param("namespace", (), "", "example", id="namespace"),
    pytest.param("namespace", (), "example.", "example.v1.", id="namespace below"),
    pytest.param("provisioner", (), "", "proj-example", id="provisioner"),
    pytest.param("role", (), "", ROLE, id="role"),
    pytest.param("run", (TASK,), "", "0", id="run"),
    pytest.param("secret", (), "", SECRET, id="secret"),
    pytest.param("task", (), "", TASK, id="task"),
    pytest.param("task-group", (), "", TASK, id="task group"),
    pytest.param("task-queue", (), "", QUEUE, id="task queue"),
    pytest.param("worker", ("proj-example", "linux", "us-east1"), "", "i-0a1b2c3d", id="worker"),
    pytest.param("worker", (QUEUE, "us-east1"), "", "i-0a1b2c3d", id="worker of a pool"),
    pytest.param("worker-group", (QUEUE,), "", "us-east1", id="worker group"),
    pytest.param("worker-pool", (), "", QUEUE, id="worker pool"),
    pytest.param("worker-type", ("proj-example",), "", "linux", id="worker type"),
]


def ask(deployment: ExampleDeployment, kind: str, words: tuple[str, ...] = (), prefix: str = "") -> list[str]:
    """
    Return the values of a kind; a task was recorded before.
    """
    question = CompletionRequest(kind, words, prefix, recent_tasks=(TASK,)).without_prefix()
    return [value.text for value in list_values(deployment.transfer_env.client, question)]


@pytest.mark.parametrize(("kind", "words", "prefix", "expected"), REQUESTS)
def test_values_of_a_deployment(
    deployment: ExampleDeployment, kind: str, words: tuple[str, ...], prefix: str, expected: str
) -> None:
    """
    The expected one is among them, and none is duplicated.
    """
    populate_task(deployment)
    found = ask(deployment, kind, words, prefix)

    assert expected in found
    assert len(found) == len(set(found))


def test_every_kind_is_tested() -> None:
    """
    The kinds that options and arguments declare are those above.
    """
    declared = {
        part
        for texts in (kinds.PARAMETERS.values(), kinds.WORDS.values(), kinds.OPTIONS.values(), *kinds.PLACES.values())
        for text in texts
        for part in text.split("|")
        if part and not part.startswith("=")
    }

    assert {str(case.values[0]) for case in REQUESTS} == declared - LOCAL_KINDS - SURFACE_KINDS


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param("artifact", (), id="no task"),
        pytest.param("artifact", ("not a task",), id="something else"),
        pytest.param("artifact", (TASK, "public/x"), id="an artifact is there already"),
        pytest.param("hook", (), id="no group"),
        pytest.param("indexed-artifact", (), id="no path"),
        pytest.param("worker-type", (), id="no provisioner"),
        pytest.param("nonsense", (), id="no such kind"),
    ],
)
def test_no_request_without_the_preceding_words(
    deployment: ExampleDeployment, kind: str, words: tuple[str, ...]
) -> None:
    """
    There are no values, and nothing is sent.
    """
    before = len(deployment.sandbox.requests)

    assert [] == ask(deployment, kind, words)
    assert before == len(deployment.sandbox.requests)


def test_errors_are_raised(deployment: ExampleDeployment) -> None:
    """
    The caller ignores them.
    """
    with pytest.raises(TcError):
        ask(deployment, "run", (TASK,))
