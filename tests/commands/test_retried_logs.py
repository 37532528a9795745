"""
The logs of a task that the queue retries: each command that follows them prints that of each run, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.test_log_endings import wait_for_runs
from tests.commands.test_task_run import wait_for_task

if TYPE_CHECKING:
    from subprocess import Popen

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv

LOG_NAME = "public/logs/live.log"


def retry(env: GroupEnv, name: str, run_id: int, reason: str = "worker-shutdown", *, log: bool = True) -> None:
    """
    Let a worker claim a run, write its log, and end so that the queue retries the task.
    """
    env.claim(name, run_id)
    if log:
        env.transfers.artifact(env.ids[name], LOG_NAME, b"log %d\n" % run_id, run_id=str(run_id))
    env.call("reportException", env.ids[name], str(run_id), payload={"reason": reason})


def complete(env: GroupEnv, name: str, run_id: int) -> None:
    """
    Let a worker claim a run, write its log and complete it.
    """
    env.claim(name, run_id)
    env.transfers.artifact(env.ids[name], LOG_NAME, b"log %d\n" % run_id, run_id=str(run_id))
    env.resolve(name, "completed", run_id)


def finish(process: Popen[bytes]) -> tuple[int, str, str]:
    """
    Return the exit code, stdout and stderr of a process that ends.
    """
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


def begin(start: Start, env: GroupEnv, command: str) -> tuple[Popen[bytes], int]:
    """
    Start a command that follows a task called ``t``, and return the process and the first run that it follows.
    """
    first = 0
    if command == "task run":
        words = ["task", "run", "--log", "--queue", "proj-x/ci", "--", "true"]
        process = start(*words, env=env.environment)
        env.ids["t"] = wait_for_task(env)
        return process, first
    if command == "task retrigger":
        env.add("old", "failed", log=b"old\n")
        env.sandbox.requests.clear()
        process = start("task", "retrigger", "--log", env.ids["old"], "--set", "retries:=5", env=env.environment)
        env.ids["t"] = wait_for_task(env)
        return process, first
    if command == "task rerun":
        env.add("t", "failed", log=b"old\n")
        process = start("task", "rerun", "--log", env.ids["t"], env=env.environment)
        wait_for_runs(env, env.ids["t"], 2)
        return process, 1
    env.add("t")
    if command == "group logs":
        process = start("group", "logs", env.group_id, "-f", "--prefix", "none", env=env.environment)
        env.wait_for_request("/list")
    elif command == "task wait":
        process = start("task", "wait", "--log", env.ids["t"], env=env.environment)
        env.wait_for_request("/tasks/status", "POST")
    else:
        process = start("task", "log", "--wait", env.ids["t"], env=env.environment)
        env.wait_for_request("/status")
    return process, first


@pytest.mark.parametrize("command", ["task run", "task retrigger", "task rerun", "task wait", "task log", "group logs"])
def test_no_run_is_left_out(start_quick: Start, group_env: GroupEnv, command: str) -> None:
    """
    However many runs began and ended between two polls; a line on stderr tells of each that was retried.
    """
    process, first = begin(start_quick, group_env, command)
    for run_id in (first, first + 1, first + 2):
        retry(group_env, "t", run_id, "intermittent-task")
    complete(group_env, "t", first + 3)
    code, out, err = finish(process)

    assert (0, "".join(f"log {first + n}\n" for n in range(4))) == (code, out), err
    retries = [line for line in err.splitlines() if "; next is run " in line]
    assert [f"next is run {first + n}" for n in (1, 2, 3)] == [line.rpartition("; ")[2] for line in retries], err
    assert all("intermittent-task" in line and "without a log" not in line for line in retries)


def test_a_log_that_is_complete_before_its_run_ends(start_quick: Start, group_env: GroupEnv) -> None:
    """
    The end of the run is waited for, since the queue may retry the task.
    """
    group_env.add("t")
    group_env.claim("t")
    group_env.transfers.artifact(group_env.ids["t"], LOG_NAME, b"log 0\n")
    process = start_quick("task", "log", group_env.ids["t"], env=group_env.environment)
    assert process.stdout is not None
    assert b"log 0\n" == process.stdout.readline()
    group_env.sandbox.requests.clear()
    group_env.wait_for_request("/status")
    group_env.call("reportException", group_env.ids["t"], "0", payload={"reason": "worker-shutdown"})
    complete(group_env, "t", 1)

    assert (0, "log 1\n") == finish(process)[:2]


@pytest.mark.parametrize("command", ["task run", "task log", "group logs"])
def test_runs_without_a_log(start_quick: Start, group_env: GroupEnv, command: str) -> None:
    """
    One line for each, also for the last one, which was never started.
    """
    process, _ = begin(start_quick, group_env, command)
    retry(group_env, "t", 0)
    retry(group_env, "t", 1, log=False)
    group_env.call("cancelTask", group_env.ids["t"])
    code, out, err = finish(process)

    assert (1 if command == "task run" else 0, "log 0\n") == (code, out), err
    told = [line for line in err.splitlines() if "run " in line and "of task" in line]
    assert 3 == len(told), err
    assert [False, True, True] == ["without a log" in line for line in told]
    assert "canceled" in told[-1]


def test_several_tasks_are_retried(start_quick: Start, group_env: GroupEnv) -> None:
    """
    The lines of a task stand in the order of its runs, whatever the others do; so do those of a new task.
    """
    group_env.add("a")
    group_env.add("b")
    group_env.add("gone", "exception")
    process = start_quick("group", "logs", group_env.group_id, "-f", env=group_env.environment)
    group_env.wait_for_request("/list")
    for run_id in range(2):
        retry(group_env, "a", run_id)
        retry(group_env, "b", run_id)
    group_env.add("new")
    retry(group_env, "new", 0)
    for name, run_id in {"a": 2, "b": 2, "new": 1}.items():
        complete(group_env, name, run_id)
    code, out, err = finish(process)

    assert 0 == code, err
    lines = [line.split(" | ") for line in out.splitlines()]
    for name, count in {"a": 3, "b": 3, "new": 2}.items():
        assert [f"log {n}" for n in range(count)] == [text for label, text in lines if label.strip() == name]
    assert 5 == err.count("; next is run "), err
    assert 1 == err.count("without a log: 1 exception")


def test_the_latest_run_is_the_first(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Those before it had ended when the command began.
    """
    group_env.add("t")
    retry(group_env, "t", 0)
    complete(group_env, "t", 1)
    for words in (["task", "log", "-f", group_env.ids["t"]], ["group", "logs", "-f", group_env.group_id]):
        result = tc(*words, env=group_env.environment)
        assert (0, 1, "") == (result.exit_code, result.stdout.count("log "), result.stderr), words
        assert "log 1" in result.stdout
