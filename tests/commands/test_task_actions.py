"""
``tc task rerun``, ``cancel`` and ``complete`` check the state of a task, also with ``--noop``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http_server import Received, Response, error_response, json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

TASK = "AQAAAAAAQAWAAAAAAAAAAA"


@pytest.mark.parametrize("words", [[], ["-n"]], ids=["", "noop"])
@pytest.mark.parametrize(
    ("command", "state", "exit_code"),
    [
        (["rerun"], "completed", 1),
        (["rerun"], "running", 1),
        (["rerun", "--force"], "running", 0),
        (["complete"], "failed", 1),
        (["complete"], "running", 1),
        (["cancel"], "completed", 0),
    ],
    ids=str,
)
def test_the_state_is_checked(
    tc: CommandLine, http_server: ScriptedServer, command: list[str], state: str, exit_code: int, words: list[str]
) -> None:
    """
    What changes nothing is said in one line.
    """
    run = {"state": state} if state == "running" else {"state": state, "reasonResolved": state}
    status = {"taskId": TASK, "state": state, "runs": [run]}
    http_server.respond_with(json_response({"status": status, "metadata": {"name": "a"}}))
    result = tc("task", *command, *words, TASK, env=http_server.env)

    assert exit_code == result.exit_code
    assert state in result.stderr
    assert 1 == result.stderr.count("\n")


def test_errors_of_several_tasks_are_printed_once(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A line each, and one that counts them.
    """
    http_server.respond_with(json_response({"code": "E", "message": "Not allowed"}, 403))
    stderr = tc("task", "cancel", TASK, "BQAAAAAAQAWAAAAAAAAAAA", env=http_server.env).stderr

    assert 3 == stderr.count("\n")
    assert 2 == stderr.count("Not allowed")


def test_what_is_done_is_not_an_error(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    If the definitions of tasks cannot be read, only their names are missing. Without doing anything, that is an error.
    """

    def respond(request: Received) -> Response:
        if not request.target.endswith(("/cancel", "/status")):
            return error_response(403, "InsufficientScopes", "Not allowed")
        run = {"runId": 0, "state": "exception", "reasonResolved": "canceled"}
        task_id = request.target.split("/")[-2]
        return json_response({"status": {"taskId": task_id, "state": "exception", "runs": [run]}})

    http_server.respond_with(respond)
    ids = [TASK, "BQAAAAAAQAWAAAAAAAAAAA"]
    result = tc("task", "cancel", *ids, env=http_server.env)
    assert (0, "") == (result.exit_code, result.stderr)
    assert [f"{task_id} ? exception" for task_id in ids] == result.stdout.splitlines()

    refused = tc("task", "cancel", "-n", *ids, env=http_server.env)
    assert (4, "") == (refused.exit_code, refused.stdout)


def test_a_variable_without_a_value_is_noted(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    It is empty, as in the Go client.
    """
    http_server.respond_with(
        lambda request: json_response(
            {"status": {"taskId": request.target.rpartition("/")[2], "state": "pending", "runs": []}}
        )
    )
    argv = ["task", "run", "--provisioner", "a", "--worker-type", "b"]
    result = tc(*argv, "-e", "FOO", "-e", "BAR=", "image", "true", env=http_server.env)

    assert (0, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "FOO=VALUE" in result.stderr
