"""
Responses with other tasks than those that were asked for: nothing is done to these, and their ids are not printed.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import json_response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import Received, Response, ScriptedServer

GROUP_ID = "Kxk0yBGxQLOX4Vq3Yx3wAg"
OTHER_ID = "bN1SbArXTPSVFNUvaOlinQ"
FAILED = {"runId": 0, "state": "failed", "reasonResolved": "failed"}


def status_of(task_id: str = TASK_ID, **others: Any) -> dict[str, Any]:
    """
    Return the status of a failed task.
    """
    return {"taskId": task_id, "taskGroupId": GROUP_ID, "state": "failed", "runs": [FAILED], **others}


def page_of(*statuses: dict[str, Any], **others: Any) -> dict[str, Any]:
    """
    Return a page of a group's listing.
    """
    tasks = [{"status": status, "task": {"metadata": {"name": "n"}}} for status in statuses]
    return {"taskGroupId": GROUP_ID, "tasks": tasks, **others}


@pytest.mark.parametrize(
    "status",
    [
        status_of("$(touch x)"),
        status_of(f"{TASK_ID}\n"),
        status_of("../../secrets/v1"),
        status_of(""),
        status_of(taskGroupId=OTHER_ID),
    ],
    ids=lambda status: ascii(status["taskId"]),
)
@pytest.mark.parametrize(
    "words",
    [
        ["rerun", "--failed", "-f"],
        ["cancel", "-f"],
        ["failures", "--jq", ".[].rerun"],
        ["failures", "--format", "markdown"],
        ["list"],
        ["wait"],
        ["logs", "--state", "failed"],
        ["artifacts"],
    ],
    ids=lambda words: words[0],
)
def test_a_group_has_a_task_that_cannot_be_one_of_its_own(
    tc: CommandLine, http_server: ScriptedServer, words: list[str], status: dict[str, Any]
) -> None:
    """
    The response is malformed; no request but that for the listing is sent.
    """
    http_server.respond_with(json_response(page_of(status)))
    result = tc("group", *words, GROUP_ID, env=http_server.env)

    assert (9, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert all("/task-group/" in request.target for request in http_server.requests)
    assert "touch" not in result.stdout


@pytest.mark.parametrize("words", [["status"], ["rerun"], ["rerun", OTHER_ID], ["cancel"], ["wait"], ["log"], ["why"]])
def test_a_status_of_another_task(tc: CommandLine, http_server: ScriptedServer, words: list[str]) -> None:
    """
    A response that is not of the task that was asked for is malformed.
    """
    other = status_of("cN1SbArXTPSVFNUvaOlinQ")
    entry = {"taskId": other["taskId"], "status": other, "task": {"metadata": {"name": "n"}}}
    document = {"status": other, "statuses": [entry], "tasks": [entry], "metadata": {"name": "n"}}
    http_server.respond_with(json_response(document))
    result = tc("task", words[0], TASK_ID, *words[1:], env=http_server.env)

    assert (9, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert not [request for request in http_server.requests if request.target.endswith("/rerun")]


def test_a_response_of_another_group(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The response is malformed.
    """
    http_server.respond_with(json_response({**page_of(), "taskGroupId": OTHER_ID}))
    result = tc("group", "seal", GROUP_ID, env=http_server.env)

    assert (9, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr


def test_a_task_that_is_listed_twice_is_rerun_once(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A task that was created while the pages were read may be on two of them.
    """

    def respond(request: Received) -> Response:
        if request.verb == "POST":
            return json_response({"status": status_of(state="pending")})
        is_first = "continuationToken" not in request.target
        return json_response(page_of(status_of(), status_of(), **({"continuationToken": "x"} if is_first else {})))

    http_server.respond_with(respond)
    result = tc("group", "rerun", "--failed", "-f", GROUP_ID, env=http_server.env)

    assert result.exit_code == 0, result.stderr
    assert [request.verb for request in http_server.requests] == ["GET", "GET", "POST"]
    assert result.stdout.count(TASK_ID) == 1


def test_a_listing_whose_pages_repeat_ends(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Each page leads to another one, with the same task.
    """
    tokens = count()
    http_server.respond_with(lambda _: json_response(page_of(status_of(), continuationToken=f"t{next(tokens)}")))
    result = tc("group", "rerun", "--failed", "-f", GROUP_ID, env=http_server.env)

    assert (9, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert {request.verb for request in http_server.requests} == {"GET"}


@pytest.mark.parametrize(
    "definition",
    [[], None, {}, {"metadata": []}, {"metadata": {}}, {"metadata": {"name": "n"}, "dependencies": [1, None, "x"]}],
    ids=str,
)
def test_a_malformed_definition_explains_nothing(tc: CommandLine, http_server: ScriptedServer, definition: Any) -> None:
    """
    A task without a log may be one that can never run: where that cannot be seen, the log is missing all the same.
    """

    def respond(request: Received) -> Response:
        if request.target.endswith("/status"):
            status = status_of(state="unscheduled", runs=[])
            return json_response({"status": status} if request.verb == "GET" else {"statuses": []})
        return json_response(definition)

    http_server.respond_with(respond)
    result = tc("task", "log", TASK_ID, env=http_server.env)
    assert (5, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
