"""
``tc task wait`` and ``tc group wait``: when they end, what they print, and their exit codes.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.ids import TASK_ID
from tests.transfer_env import slug

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


@pytest.mark.parametrize(
    ("options", "code", "ended"),
    [
        ([], 1, "always build lint sign test"),
        (["--for", "completed"], 1, "always build lint sign test"),
        (["--name", "always,lint"], 0, "always lint"),
        (["--name", "always,lint", "--for", "completed"], 0, "always lint"),
        (["--name", "build,lint", "--for", "resolved"], 0, "build lint"),
        (["--for", "resolved", "--timeout", "0.1s"], 124, "always build lint"),
        (["--kind", "sign"], 1, "sign"),
        (["--state", "!unscheduled", "--reason", "!failed"], 0, "always lint"),
        (["--name", "nosuch"], 1, ""),
        (["--name", "nosuch", "--for", "resolved"], 1, ""),
        (["--fail-fast"], 1, "always build lint sign test"),
    ],
    ids=str,
)
def test_a_settled_group(tc: CommandLine, group_env: GroupEnv, options: list[str], code: int, ended: str) -> None:
    """
    With a failure, tasks that depend on it never run; those that accept it have run.
    """
    group_env.add("build", "failed")
    group_env.add("lint", "completed")
    group_env.add("test", needs=["build", "lint"])
    group_env.add("sign", needs=["test"])
    group_env.add("always", needs=["build"], requires="all-resolved")
    group_env.claim("always")
    group_env.resolve("always", "completed")
    result = tc("group", "wait", group_env.group_id, *options, env=group_env.environment)

    assert code == result.exit_code, result.stderr
    assert ended == " ".join(sorted(line.split()[1] for line in result.stdout.splitlines()))
    assert (code != 0) == bool(result.stderr)
    assert result.stderr.count("\n") <= 1
    if not options:
        assert "1 failed (build), 2 can never run (test, sign)" in result.stderr.replace("sign, test", "test, sign")


def test_waits_for_what_moves(tc: CommandLine, start: Start, group_env: GroupEnv) -> None:
    """
    A line for each task as it ends, also for one that is rerun meanwhile; the group may appear later.
    """
    process = start("group", "wait", group_env.group_id, "--appear", "1m", env=group_env.environment)
    time.sleep(0.5)
    group_env.add("build", "running")
    group_env.add("test", needs=["build"])
    time.sleep(2.5)
    assert process.poll() is None
    group_env.resolve("build", "completed")
    group_env.claim("test")
    time.sleep(3)
    assert process.poll() is None
    group_env.resolve("test", "completed")
    out, err = process.communicate(timeout=60)

    assert (0, b"") == (process.returncode, err)
    # On a busy machine both may end between two polls.
    assert {f"{group_env.ids[name]} {name} completed" for name in ("build", "test")} == set(out.decode().splitlines())
    assert 0 == tc("group", "wait", group_env.group_id, env=group_env.environment).exit_code


def test_dependencies_outside_of_the_group(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A task waits for one of another group, which has failed, or which runs.
    """
    failed = group_env.add("elsewhere", "failed", taskGroupId=slug())
    running = group_env.add("other", "running", taskGroupId=slug())
    group_env.add("a", needs=[failed])
    group_env.add("b", needs=[running])
    line = ["group", "wait", group_env.group_id, "--timeout", "0.1s"]

    assert 124 == tc(*line, env=group_env.environment).exit_code
    blocked = tc(*line, "--name", "a", env=group_env.environment)
    assert 1 == blocked.exit_code
    assert "1 can never run (a)" in blocked.stderr


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        ("done", [], 0),
        ("done done", [], 0),
        ("red", [], 1),
        ("cancelled", [], 1),
        ("after-red", [], 1),
        ("after-after-red", [], 1),
        ("red after-after-red", ["--for", "resolved", "--timeout", "0.1s"], 124),
        ("red done cancelled", ["--for", "resolved"], 0),
        ("red done runs", ["--for", "running"], 0),
        ("waits", ["--for", "running", "--timeout", "0.1s"], 124),
        ("after-red", ["--for", "running"], 1),
        ("cancelled", ["--for", "running"], 1),
        ("runs", ["--timeout", "0.1s"], 124),
        ("runs red", [], 1),
        ("done runs", ["--timeout", "0.1s"], 124),
    ],
    ids=str,
)
def test_tasks(tc: CommandLine, group_env: GroupEnv, names: str, options: list[str], code: int) -> None:
    """
    Tasks by their labels. What they depend on is looked at as far as necessary.
    """
    for name, state in (("done", "completed"), ("red", "failed"), ("cancelled", "exception")):
        group_env.add(name, state)
    group_env.add("runs", "running")
    group_env.add("waits")
    group_env.add("after-red", needs=["red"])
    group_env.add("after-after-red", needs=["after-red", "runs"])
    words = [f"{group_env.group_id}:{name}" for name in names.split()]
    result = tc("task", "wait", *words, *options, env=group_env.environment)

    assert code == result.exit_code, result.stderr
    assert (code != 0) == bool(result.stderr)


def test_objects_and_streams(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A format gives objects, ids can come from stdin, and what does not exist is 5.
    """
    task_id = group_env.add("done", "completed")
    result = tc("task", "wait", "-", "--format", "json", stdin=f"{task_id} done running\n", env=group_env.environment)
    (found,) = json.loads(result.stdout)
    assert {"taskId": task_id, "name": "done", "state": "completed", "reason": "completed"}.items() <= found.items()
    assert 5 == tc("task", "wait", TASK_ID, env=group_env.environment).exit_code
    assert 5 == tc("group", "wait", TASK_ID, env=group_env.environment).exit_code


@pytest.mark.parametrize(
    "options",
    [
        ["--timeout", "soon"],
        ["--timeout", "-1s"],
        ["--for", "failed"],
        ["--name", ""],
        ["--state", "fialed"],
        ["--limit", "1"],
        ["--appear", "x"],
    ],
    ids=str,
)
def test_wrong_options_send_nothing(tc: CommandLine, group_env: GroupEnv, options: list[str]) -> None:
    """
    One line, and exit code 2.
    """
    result = tc("group", "wait", TASK_ID, *options, env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not group_env.sandbox.requests
