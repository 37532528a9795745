"""
``tc task status --max-age --exit-status`` and ``tc task list``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        ("done", ["--exit-status"], 0),
        ("done", ["--max-age", "10m"], 0),
        ("done", ["--max-age", "5m"], 1),
        ("done", ["--max-age", "5m", "--exit-status"], 1),
        ("red", ["--max-age", "10m"], 0),
        ("red", ["--exit-status", "--max-age", "10m"], 1),
        ("red", ["--exit-status", "--run", "0"], 1),
        ("runs", ["--exit-status"], 1),
        ("waits", ["--max-age", "0s"], 0),
        ("waits", ["--exit-status"], 1),
        ("done done", ["--exit-status"], 0),
        ("done red runs", ["--exit-status"], 1),
        ("done red", ["--max-age", "5m"], 1),
    ],
    ids=str,
)
def test_what_is_asked_of_a_task(
    tc: CommandLine, group_env: GroupEnv, names: str, options: list[str], code: int
) -> None:
    """
    The states are printed in any case; the age is that of the run by the deployment's clock.
    """
    group_env.add("done", "completed")
    group_env.add("red", "failed")
    group_env.add("runs", "running")
    group_env.add("waits")
    # Signatures are accepted for 15 minutes.
    group_env.sandbox.clock.offset += 450_000
    words = [f"{group_env.group_id}:{name}" for name in names.split()]
    result = tc("task", "status", *words, *options, env=group_env.environment)

    assert code == result.exit_code, result.stderr
    assert len(set(words)) == result.stdout.count("\n")
    assert (code != 0) == bool(result.stderr)


@pytest.mark.parametrize("option", ["--max-age=soon", "--max-age=-1d", "--max-age="])
def test_a_wrong_age_sends_nothing(tc: CommandLine, group_env: GroupEnv, option: str) -> None:
    """
    One line.
    """
    result = tc("task", "status", group_env.group_id, option, env=group_env.environment)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not group_env.sandbox.requests


def test_the_tasks_of_a_queue(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Pending ones, claimed ones, or both.
    """
    for name, state in (("a", "pending"), ("b", "running"), ("c", "pending"), ("d", "completed")):
        group_env.add(name, state)
    env = group_env.environment

    def names(*options: str) -> list[str]:
        result = tc("task", "list", "proj-x/ci", *options, env=env)
        assert 0 == result.exit_code, result.stderr
        return [f"{each['name']} {each['state']}" for each in json.loads(result.stdout)]

    assert ["a pending", "c pending", "b running"] == names()
    assert ["a pending", "c pending"] == names("--pending")
    assert ["b running"] == names("--claimed")
    assert ["a pending", "c pending", "b running"] == names("--pending", "--claimed")
    (found,) = json.loads(tc("task", "list", "proj-x/ci", "--claimed", env=env).stdout)
    assert {"workerId": "w", "taskGroupId": group_env.group_id, "runId": 0}.items() <= found.items()
    address = f"{group_env.sandbox.root_url}/provisioners/proj-x/worker-types/ci"
    assert 3 == tc("task", "list", address, "--format", "jsonl", env=env).stdout.count("\n")
    assert "[]\n" == tc("task", "list", "proj-x/nosuch", env=env).stdout
    group_env.sandbox.requests.clear()
    for word in ("", "proj-x", "proj-x/a/b", f"{group_env.sandbox.root_url}/tasks/{group_env.ids['a']}"):
        assert 2 == tc("task", "list", word, env=env).exit_code, word
    assert not group_env.sandbox.requests
