"""
Answers from a file, for testing scripts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.ids import TASK_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.http_server import ScriptedServer

SECRET = '{"secret": {}, "expires": "2030-01-01T00:00:00Z"}'


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """
    A file of answers.
    """
    path = tmp_path / "answers.json"
    path.write_text(
        json.dumps(
            {
                "queue.task": {"a": "ü"},
                "queue.status": [{"n": 1}, {"status": 404, "body": {"code": "ResourceNotFound", "message": "gone"}}],
                "secrets.set": {},
                "auth.deleteRole": {"status": 204},
                "auth.role": {"status": "active", "body": 1},
                "object.download": {"status": 303, "headers": {"Location": "https://s/x"}},
                "queue.listTaskGroup": [{"tasks": [1], "continuationToken": "t"}, {"tasks": [2]}],
                "queue.ping": {"status": 500, "body": {"message": "no"}},
                "github.badge": {"status": 200, "body": "text"},
                "auth.ping": None,
                "hooks.ping": [],
            }
        ),
        "utf-8",
    )
    return path


def test_answers_without_a_network(tc: CommandLine, answers: Path) -> None:
    """
    By option or by variable; no root URL is needed.
    """
    assert {"a": "ü"} == json.loads(tc("--fake", str(answers), "queue", "task", TASK_ID).stdout)
    assert {"a": "ü"} == json.loads(tc("queue", "task", TASK_ID, env={"TC_FAKE": str(answers)}).stdout)


@pytest.mark.parametrize(
    ("argv", "code", "stdout"),
    [
        pytest.param(["auth", "deleteRole", "a"], 0, "", id="an empty answer"),
        pytest.param(
            ["auth", "role", "a"], 0, '{"status": "active", "body": 1}\n', id="a body with a status of its own"
        ),
        pytest.param(["object", "download", "a"], 0, "https://s/x\n", id="a redirect"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--paginate"], 0, '{"tasks":[1,2]}\n', id="pages"),
        pytest.param(["queue", "ping", "--delay-factor", "0"], 7, "", id="a failure"),
        pytest.param(["queue", "artifact", TASK_ID, "0", "b"], 3, "", id="no response"),
        pytest.param(["hooks", "ping"], 3, "", id="an empty list"),
        pytest.param(["secrets", "set", "a", "--data", "{}"], 2, "", id="a payload that does not match"),
        pytest.param(["secrets", "set", ".."], 2, "", id="an argument that cannot be sent"),
    ],
)
def test_checks_and_answers_as_always(tc: CommandLine, answers: Path, argv: list[str], code: int, stdout: str) -> None:
    """
    Arguments and payload are checked, statuses become exit codes.
    """
    result = tc(*argv, env={"TC_FAKE": str(answers)})

    assert (code, stdout) == (result.exit_code, result.stdout), result.stderr
    assert (1 if code else 0) == result.stderr.count("\n")


def test_a_missing_answer_names_the_method(tc: CommandLine, answers: Path) -> None:
    """
    And what to write.
    """
    result = tc("queue", "cancelTask", TASK_ID, env={"TC_FAKE": str(answers)})

    assert "queue.cancelTask: no response in" in result.stderr
    assert 'add "queue.cancelTask"' in result.stderr


def test_keeps_calls(tc: CommandLine, answers: Path, tmp_path: Path) -> None:
    """
    A JSON line each: method, arguments, query, payload.
    """
    calls = tmp_path / "calls.jsonl"
    env = {"TC_FAKE": str(answers), "TC_FAKE_CALLS": str(calls)}
    tc("queue", "listTaskGroup", TASK_ID, "--limit", "5", env=env)
    tc("secrets", "set", "a/b", stdin=SECRET, env=env)
    tc("queue", "cancelTask", TASK_ID, env=env)

    assert [
        {"method": "queue.listTaskGroup", "args": [TASK_ID], "query": {"limit": "5"}},
        {"method": "secrets.set", "args": ["a/b"], "query": {}, "payload": json.loads(SECRET)},
        {"method": "queue.cancelTask", "args": [TASK_ID], "query": {}},
    ] == [json.loads(line) for line in calls.read_text().splitlines()]


def test_calls_without_responses_send_nothing(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The variable with the responses may be missing by mistake.
    """
    without: dict[str, str] = {}
    for fake in (without, {"TC_FAKE": ""}):
        result = tc("--fake-calls", str(tmp_path / "calls"), "queue", "ping", env={**http_server.env, **fake})
        assert (3, 1) == (result.exit_code, result.stderr.count("\n"))

    assert not http_server.requests


def test_processes_that_share_calls_share_answers(tc: CommandLine, answers: Path, tmp_path: Path) -> None:
    """
    Each call of a script takes the next of a list, and past its end there is an error.
    """
    argv = ("--fake", str(answers), "--fake-calls", str(tmp_path / "calls.jsonl"), "queue", "status", TASK_ID)

    results = [tc(*argv) for _ in range(3)]

    assert [0, 5, 3] == [result.exit_code for result in results]
    assert "404 ResourceNotFound: gone" in results[1].stderr
    assert "all 2 responses" in results[2].stderr


def test_calls_at_the_same_time_take_different_answers(start: Start, tmp_path: Path) -> None:
    """
    Each answer is handed out once, to processes that run side by side.
    """
    answers = [{"status": {"taskId": str(number)}} for number in range(12)]
    (tmp_path / "answers").write_text(json.dumps({"queue.status": answers}))
    argv = ("--fake", str(tmp_path / "answers"), "--fake-calls", str(tmp_path / "calls"), "queue", "status", TASK_ID)
    outputs = [process.communicate(timeout=60)[0] for process in [start(*argv) for _ in answers]]

    assert sorted(map(str, range(12))) == sorted(json.loads(output)["status"]["taskId"] for output in outputs)


@pytest.mark.parametrize("method", ["queue.createTsk", "queue.createtask", "queue create-task", "queue.*", "queue", ""])
def test_an_unknown_method_is_an_error_of_usage(tc: CommandLine, tmp_path: Path, method: str) -> None:
    """
    Which names the method, and similar ones; nothing was called.
    """
    (tmp_path / "answers").write_text(json.dumps({"queue.ping": {}, method: {}}))
    calls = tmp_path / "calls"
    result = tc("queue", "ping", "--fake", str(tmp_path / "answers"), "--fake-calls", str(calls))

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert repr(method) in result.stderr
    assert not calls.exists()
    assert ("queue.createTask" in result.stderr) == ("create" in method)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"queue.ping": {"status": 99}}', id="status"),
        pytest.param('{"queue.ping": {"status": 200, "headers": 5}}', id="headers"),
        pytest.param('{"queue.ping": [{}, {"status": 200, "headers": {"a": "b\\nc: d"}}]}', id="header"),
        pytest.param(None, id="missing"),
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param(b"\xff", id="not UTF-8"),
    ],
)
def test_an_error_in_a_file_of_responses_is_named(tc: CommandLine, tmp_path: Path, content: Any) -> None:
    """
    As an error of the configuration that names the file.
    """
    path = tmp_path / "answers.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = tc("queue", "ping", env={"TC_FAKE": str(path)})

    assert (3, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert str(path) in result.stderr


@pytest.mark.parametrize("calls", ["/nowhere/calls", "/"])
def test_calls_that_cannot_be_written_are_an_error(tc: CommandLine, answers: Path, calls: str) -> None:
    """
    Of this machine.
    """
    result = tc("queue", "task", TASK_ID, env={"TC_FAKE": str(answers), "TC_FAKE_CALLS": calls})

    assert (3, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")


def test_a_file_of_something_else_is_not_appended_to(tc: CommandLine, answers: Path, tmp_path: Path) -> None:
    """
    Whatever it is, it stays.
    """
    (tmp_path / "calls").write_text("my novel")
    result = tc("queue", "task", TASK_ID, env={"TC_FAKE": str(answers), "TC_FAKE_CALLS": str(tmp_path / "calls")})

    assert 3 == result.exit_code
    assert "my novel" == (tmp_path / "calls").read_text()


def test_other_commands_are_faked_too(tc: CommandLine, tmp_path: Path) -> None:
    """
    All that calls a method.
    """
    path = tmp_path / "answers.json"
    path.write_text('{"auth.version": {"version": "1"}}')

    assert {"version": "1"} == json.loads(tc("version", "--server", env={"TC_FAKE": str(path)}).stdout)


@pytest.mark.parametrize("line", ["[" * 100_000, "9" * 5000, "{}", "[]", "\xff"])
def test_a_damaged_file_of_calls_is_named(tc: CommandLine, answers: Path, line: str) -> None:
    """
    Whatever is in it, also for a parser that recurses.
    """
    calls = answers.with_name("calls.jsonl")
    calls.write_text(f"{line}\n", "latin-1")

    result = tc("--fake", str(answers), "--fake-calls", str(calls), "queue", "task", TASK_ID)

    assert 3 == result.exit_code
    assert str(calls) in result.stderr
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"queue.task": ' + "9" * 5000 + "}", "\xff", ""])
def test_a_file_of_responses_that_is_not_json_is_named(tc: CommandLine, tmp_path: Path, text: str) -> None:
    """
    In our own words.
    """
    path = tmp_path / "responses.json"
    path.write_text(text, "latin-1")

    result = tc("--fake", str(path), "queue", "task", TASK_ID)

    assert 3 == result.exit_code
    assert str(path) in result.stderr
    assert "not JSON" in result.stderr
    assert "codec" not in result.stderr
    assert "sys." not in result.stderr


def test_an_empty_variable_sends_nothing(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A script that is tested may have lost the name of the file.
    """
    for argv in (["queue", "ping"], ["api", "queue", "task", TASK_ID], ["references", "update"], ["whoami"]):
        result = tc(*argv, env={**http_server.env, "TC_FAKE": ""})
        assert (3, 1) == (result.exit_code, result.stderr.count("\n")), argv
        assert "TC_FAKE" in result.stderr
    assert 0 == tc("from-now", "1 hour", env={"TC_FAKE": ""}).exit_code
    assert not http_server.requests
