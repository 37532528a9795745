"""
``tc task run``: with and without an image, waiting for it, and cancelling it at Ctrl-C.
"""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.transfer_env import later, slug, wait_until

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


@pytest.mark.parametrize(
    ("words", "payload"),
    [
        (["--queue", "proj-x/ci", "ubuntu", "true"], {"image": "ubuntu", "command": ["true"]}),
        (["--queue", "proj-x/ci", "ubuntu", "--", "a", "-b"], {"image": "ubuntu", "command": ["a", "-b"]}),
        (["--queue", "proj-x/ci", "--", "true"], {"command": [["true"]]}),
        (["--queue=proj-x/ci", "-e", "A=1", "--", "sh", "-c", "x --", "--"], {"command": [["sh", "-c", "x --", "--"]]}),
        (
            ["--provisioner", "proj-x", "--worker-type", "ci", "--", "ubuntu", "true"],
            {"image": "ubuntu", "command": ["true"]},
        ),
    ],
    ids=str,
)
def test_what_runs(tc: CommandLine, group_env: GroupEnv, words: list[str], payload: dict[str, Any]) -> None:
    """
    Without an image, the payload is that of generic-worker.
    """
    result = tc("task", "run", *words, env=group_env.environment)
    assert (0, "") == (result.exit_code, result.stderr)
    definition = group_env.call("task", result.stdout.split()[1])
    assert "proj-x/ci" == definition["taskQueueId"]
    env = {"A": "1"} if "A=1" in words else {}
    assert payload | {"env": env, "maxRunTime": 7200} == definition["payload"]


def test_group_and_values(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    In a group, the task has its scheduler; other values can be set, and are checked before anything is sent.
    """
    group_env.add("first", schedulerId="other")
    env, group_id = group_env.environment, group_env.group_id
    words = ["task", "run", "--queue", "proj-x/ci", "--set", "payload.maxRunTime:=60", "--set", ""]
    deadline = later(hours=2)
    words[-1] = f"deadline={deadline}"
    result = tc(*words, "--group", group_id, "--", "true", env=env)
    assert 0 == result.exit_code, result.stderr
    definition = group_env.call("task", result.stdout.split()[1])
    assert (group_id, "other") == (definition["taskGroupId"], definition["schedulerId"])
    assert (60, deadline) == (definition["payload"]["maxRunTime"], definition["deadline"])
    group_env.sandbox.requests.clear()
    assert 2 == tc(*words[:4], "--set", "retries:=x", "--", "true", env=env).exit_code
    assert 2 == tc(*words[:4], "--set", "retries=many", "--", "true", env=env).exit_code
    assert not group_env.sandbox.requests
    # A new group is created by its first task.
    new_id = slug()
    for _ in range(2):
        assert 0 == tc(*words[:4], "--group", new_id, "--", "true", env=env).exit_code
    assert 2 == tc("group", "list", new_id, env=env).stdout.count("\n")


@pytest.mark.parametrize(
    "words",
    [
        ["ubuntu", "true"],
        ["--queue", "proj-x", "ubuntu", "true"],
        ["--queue", "", "ubuntu", "true"],
        ["--queue", "a/b", "--provisioner", "a", "ubuntu", "true"],
        ["--provisioner", "a", "ubuntu", "true"],
        ["--queue", "a/b", "ubuntu"],
        ["--queue", "a/b", "--"],
        ["--queue", "a/b", "--cancel-on-interrupt", "ubuntu", "true"],
        ["--queue", "a/b", "-e", "=1", "ubuntu", "true"],
    ],
    ids=str,
)
def test_wrong_words_send_nothing(tc: CommandLine, group_env: GroupEnv, words: list[str]) -> None:
    """
    One line.
    """
    result = tc("task", "run", *words, env=group_env.environment)
    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert not group_env.sandbox.requests


def wait_for_task(env: GroupEnv) -> str:
    """
    Return the id of the task that a process creates, when the process waits for it.
    """
    env.ids["run"] = env.wait_for_request("/task/", "PUT").rpartition("/")[2]
    env.wait_for_request("/tasks/status", "POST")
    return env.ids["run"]


@pytest.mark.parametrize(("state", "code"), [("completed", 0), ("failed", 1)])
def test_run_and_wait(start_quick: Start, group_env: GroupEnv, state: str, code: int) -> None:
    """
    The exit code is the task's outcome.
    """
    process = start_quick("task", "run", "--queue", "proj-x/ci", "--wait", "--", "true", env=group_env.environment)
    task_id = wait_for_task(group_env)
    group_env.claim("run")
    group_env.resolve("run", state)
    out, err = (stream.decode() for stream in process.communicate(timeout=60))

    assert code == process.returncode, err
    assert f"{task_id} tc task run {state}\n" == out
    assert f"tc: Task {task_id} created" == err.splitlines()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("cancels", [True, False])
def test_an_interruption(start: Start, group_env: GroupEnv, number: signal.Signals, *, cancels: bool) -> None:
    """
    It leaves the task alone, and prints the command that cancels it; or it cancels it.
    """
    options = ["--cancel-on-interrupt"] if cancels else []
    process = start("task", "run", "--queue", "proj-x/ci", "--wait", *options, "ubuntu", "x", env=group_env.environment)
    task_id = wait_for_task(group_env)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert ("exception" if cancels else "pending") == group_env.call("status", task_id)["status"]["state"]
    assert (f"task {task_id}: exception" if cancels else f"tc task cancel {task_id}") in err.decode()


def test_objects(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Of what was created, and with --wait of how it ended.
    """
    result = tc("task", "run", "--queue", "a/b", "--format", "json", "--", "true", env=group_env.environment)
    assert "pending" == json.loads(result.stdout)["state"]


@pytest.mark.parametrize(("state", "code"), [("completed", 0), ("failed", 1)])
@pytest.mark.parametrize("command", ["run", "retrigger", "rerun"])
def test_the_log_is_followed(start_quick: Start, group_env: GroupEnv, command: str, state: str, code: int) -> None:
    """
    It is all that is on stdout, and the exit code is the task's outcome.
    """
    run_id = 0
    words = ["--queue", "proj-x/ci", "--", "true"]
    if command != "run":
        words = [group_env.add("run", "failed")]
        run_id = 1 if command == "rerun" else 0
    group_env.sandbox.requests.clear()
    process = start_quick("task", command, "--log", *words, env=group_env.environment)
    if command == "rerun":
        wait_until(lambda: group_env.call("status", words[0])["status"]["state"] != "failed", process, pause=0.05)
    else:
        wait_for_task(group_env)
    group_env.claim("run", run_id)
    group_env.transfers.artifact(group_env.ids["run"], "public/logs/live.log", b"a\nb\n", run_id=str(run_id))
    group_env.resolve("run", state, run_id)
    out, err = (stream.decode() for stream in process.communicate(timeout=60))

    assert (code, "a\nb\n") == (process.returncode, out), err
    assert group_env.ids["run"] in err


@pytest.mark.parametrize(
    "line",
    [
        ["run", "--queue", "a/b", "--log", "--format", "json", "--", "true"],
        ["retrigger", "TASK", "--log", "--times", "2", "--jq", "."],
        ["rerun", "TASK", "OTHER", "--log", "--format", "table"],
    ],
    ids=str,
)
def test_a_log_has_no_format(tc: CommandLine, group_env: GroupEnv, line: list[str]) -> None:
    """
    It is refused before anything is started.
    """
    ids = {"TASK": group_env.add("a", "failed"), "OTHER": group_env.add("b", "failed")}
    group_env.sandbox.requests.clear()
    result = tc("task", *(ids.get(word, word) for word in line), env=group_env.environment)

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert not group_env.sandbox.requests
