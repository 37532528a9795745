"""
``--log``: the logs of what was started, and then its outcome.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_task_log import add_waiting_task, run_waiting_task
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


@pytest.mark.parametrize(("state", "code"), [("completed", 0), ("failed", 1)])
def test_one_task(start_quick: Start, group_env: GroupEnv, tmp_path: Path, state: str, code: int) -> None:
    """
    Its log is printed as it is; all else is on stderr.
    """
    task_id = add_waiting_task(group_env)
    process = start_quick("task", "wait", task_id, "--log", env=group_env.environment)
    with run_waiting_task(group_env, tmp_path) as log:
        log.write(b"one\n")
        assert process.stdout is not None
        assert b"one\n" == process.stdout.readline()
        log.write(b"without end")
    group_env.resolve("build", state)
    out, err = process.communicate(timeout=60)

    assert (code, b"without end") == (process.returncode, out)
    assert f"{task_id} build {state}".encode() in err
    assert 1 + code == err.count(b"\n")


def test_what_was_rerun(start_quick: Start, group_env: GroupEnv) -> None:
    """
    The log of the new run, not of the one before.
    """
    task_id = group_env.add("build", "failed", log=b"old\n")
    process = start_quick("task", "rerun", task_id, "--log", env=group_env.environment)
    deadline = time.monotonic() + 60
    while len(group_env.call("status", task_id)["status"]["runs"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    group_env.claim("build", 1)
    group_env.transfers.artifact(task_id, "public/logs/live.log", b"new\n", run_id="1")
    group_env.resolve("build", "completed", 1)
    out, err = process.communicate(timeout=60)

    assert (0, b"new\n") == (process.returncode, out)
    assert f"{task_id} build completed".encode() in err


def test_a_file_gets_the_log_of_a_task_that_failed(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    The exit code tells the outcome.
    """
    task_id, path = group_env.add("build", "failed", log=b"why\n"), tmp_path / "log"
    result = tc("task", "wait", task_id, "--log", "-o", str(path), env=group_env.environment)

    assert (1, "", b"why\n") == (result.exit_code, result.stdout, path.read_bytes())


def test_several_tasks(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Lines begin with names; a log that is missing does not change the outcome.
    """
    ids = [group_env.add(name, "completed", log=f"{name}1\n{name}2\n".encode()) for name in ("a", "b")]
    ids.append(group_env.add("c", "completed"))
    result = tc("task", "wait", *ids, "--log", env=group_env.environment)

    assert 0 == result.exit_code, result.stderr
    assert ["a | a1", "a | a2", "b | b1", "b | b2"] == sorted(result.stdout.splitlines())
    assert 4 == result.stderr.count("\n")


@pytest.mark.parametrize(
    "argv", [["task", "wait"], ["task", "rerun"], ["task", "retrigger"], ["group", "rerun"]], ids=" ".join
)
def test_a_log_has_no_format(tc: CommandLine, group_env: GroupEnv, argv: list[str]) -> None:
    """
    Nothing is sent.
    """
    result = tc(*argv, TASK_ID, "--log", "--format", "json", env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not group_env.sandbox.requests
