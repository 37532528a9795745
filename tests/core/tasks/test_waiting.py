"""
Walks through a group again and again: what has changed, also when errors have ended walks in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import error_response, json_response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import Response, ScriptedServer

IDS = {name: f"{TASK_ID[:-2]}{name}A" for name in "ABCDE"}
OUTSIDE_ID = f"{TASK_ID[:-2]}XA"
ERROR = error_response(500, "InternalServerError", "some reason")

pytestmark = pytest.mark.usefixtures("quick_polls")


def page(token: str | None = None, **states: str) -> Response:
    """
    Return a page of tasks with these states, by the last letters of their ids, and the token of the next page. Those
    that are unscheduled depend on a task of another group.
    """
    tasks = []
    for letter, state in states.items():
        status = {"taskId": IDS[letter], "taskGroupId": TASK_ID, "state": state, "runs": [{"runId": 0, "state": state}]}
        task = {"metadata": {"name": f"task-{letter}"}, "dependencies": [OUTSIDE_ID]}
        tasks.append({"status": status, "task": task})
    document: dict[str, Any] = {"taskGroupId": TASK_ID, "tasks": tasks}
    return json_response({**document, **({"continuationToken": token} if token else {})})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["group", "wait", TASK_ID], "A completed, B failed, C completed, D completed"),
        (["group", "wait", TASK_ID, "--state", "running,failed"], "B failed, C completed"),
        (
            ["group", "watch", TASK_ID, "--name", "task-[!C]"],
            "A completed, A pending, B failed, B running, D completed, D pending, E pending",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_change_is_reported_once(
    tc: CommandLine, http_server: ScriptedServer, words: list[str], expected: str
) -> None:
    """
    Also one of the first page of a walk whose second page was an error. A task that is not listed any more has ended.
    """
    http_server.respond_with(
        page("1", A="pending", B="running", E="pending"),
        page(C="pending"),
        page("1", A="completed", B="running"),
        ERROR,
        page("1", A="completed", B="failed", D="pending"),
        ERROR,
        page("1", A="completed", B="failed", D="pending"),
        page(C="running"),
        page("1", A="completed", B="failed", D="completed"),
        page(C="completed"),
    )
    result = tc(*words, "--retries", "0", env=http_server.env)

    assert (1, 10) == (result.exit_code, len(http_server.requests)), result.stderr
    assert 2 == result.stderr.count("trying again\n")
    assert expected == ", ".join(sorted(line.split("task-")[1] for line in result.stdout.splitlines()))


def test_a_change_before_an_error_is_reported(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Also if all pages were read, and the tasks of other groups, on which some depend, cannot be looked up.
    """
    status = {"taskId": OUTSIDE_ID, "taskGroupId": OUTSIDE_ID, "state": "running", "runs": []}
    http_server.respond_with(
        page(A="running", B="unscheduled"),
        page(A="completed", B="unscheduled"),
        ERROR,
        page(A="completed", B="unscheduled"),
        json_response({"statuses": [{"taskId": OUTSIDE_ID, "status": status}]}),
        page(A="completed", B="completed"),
    )
    result = tc("group", "watch", TASK_ID, "--retries", "0", env=http_server.env)

    assert (0, 6) == (result.exit_code, len(http_server.requests)), result.stderr
    lines = [line.split("task-")[1] for line in result.stdout.splitlines()]
    assert lines == ["A running", "B unscheduled", "A completed", "B completed"]
