"""
Values that only a deployment knows.
"""

from __future__ import annotations

import pytest

from tccli.core.completion.values import CompletionRequest, list_values
from tccli.docgen.completion import kinds
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

ON_THIS_MACHINE = {"file", "folder", "@file", "command", "profile"}
OF_THE_SURFACE = {"service", "method", "exchange", "topic", "argument"}
ASKED_FOR = [
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
    Return the values of a kind, when the task was the last of interest.
    """
    question = CompletionRequest(kind, words, prefix, recent_tasks=(TASK,)).without_prefix()
    return [value.text for value in list_values(deployment.transfer_env.client, question)]


@pytest.mark.parametrize(("kind", "words", "prefix", "expected"), ASKED_FOR)
def test_a_deployment_is_asked(
    deployment: ExampleDeployment, kind: str, words: tuple[str, ...], prefix: str, expected: str
) -> None:
    """
    What it has of a kind is among the answers, and nothing twice.
    """
    populate_task(deployment)
    found = ask(deployment, kind, words, prefix)

    assert expected in found
    assert len(found) == len(set(found))


def test_every_kind_can_be_asked_for() -> None:
    """
    Those that the surface's places and options have are those above.
    """
    declared = {
        part
        for texts in (kinds.PARAMETERS.values(), kinds.WORDS.values(), kinds.OPTIONS.values(), *kinds.PLACES.values())
        for text in texts
        for part in text.split("|")
        if part and not part.startswith("=")
    }

    assert {str(case.values[0]) for case in ASKED_FOR} == declared - ON_THIS_MACHINE - OF_THE_SURFACE


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
def test_nothing_is_asked_without_what_it_depends_on(
    deployment: ExampleDeployment, kind: str, words: tuple[str, ...]
) -> None:
    """
    There is no answer, and no request.
    """
    before = len(deployment.sandbox.requests)

    assert [] == ask(deployment, kind, words)
    assert before == len(deployment.sandbox.requests)


def test_errors_are_errors(deployment: ExampleDeployment) -> None:
    """
    Who asks decides what becomes of them.
    """
    with pytest.raises(TcError):
        ask(deployment, "run", (TASK,))
