"""
What tasks go through: run by the sandbox's worker, cancelled, rerun, retried after a worker's end, and expired.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tccli.sandbox.worker.worker import Worker
from tests.transfer_env import slug, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.server import Server
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


@pytest.fixture
def worked_group(group_env: GroupEnv, sandbox_server: Server) -> Iterator[GroupEnv]:
    """
    A group whose tasks a worker runs.
    """
    with Worker(sandbox_server):
        yield group_env


def payload(script: str, seconds: int = 60) -> dict[str, Any]:
    """
    Return the payload of a task that runs a shell script.
    """
    return {"command": [["sh", "-c", script]], "maxRunTime": seconds}


@pytest.mark.usefixtures("quick_polls")
def test_a_group_that_a_worker_runs(tc: CommandLine, worked_group: GroupEnv) -> None:
    """
    One completes, one fails, one takes too long, one never runs because of that, and one runs whatever the others did.
    """
    env = worked_group.environment
    worked_group.add("build", payload=payload("echo built"))
    worked_group.add("red", needs=["build"], payload=payload("echo error: no such widget; exit 1"))
    worked_group.add("slow", payload=payload("sleep 60", 1))
    worked_group.add("ship", needs=["red"])
    worked_group.add("cleanup", needs=["red"], requires="all-resolved", payload=payload("echo clean"))
    waited = tc("group", "wait", worked_group.group_id, env=env)

    assert 1 == waited.exit_code
    ended = {line.split()[1]: line.split()[2] for line in waited.stdout.splitlines()}
    states = {"build": "completed", "red": "failed", "slow": "failed", "cleanup": "completed", "ship": "unscheduled"}
    assert states == ended
    assert "1 can never run (ship)" in waited.stderr
    failures = json.loads(tc("group", "failures", worked_group.group_id, "--format", "json", env=env).stdout)
    lines = {each["tasks"][0]["name"]: each["line"] for each in failures}
    assert "error: no such widget" == lines["red"]
    assert "run time" in lines["slow"].lower().replace("runtime", "run time")
    log = tc("task", "log", worked_group.ids["red"], "--own", "--exit-status", env=env)
    assert (1, True) == (log.exit_code, "error: no such widget\n" in log.stdout)
    assert "ship" not in tc("group", "logs", worked_group.group_id, "--state", "failed", env=env).stdout

    again = tc("group", "rerun", worked_group.group_id, "--name", "red", "-f", "--wait", env=env)
    assert (1, 1) == (again.exit_code, again.stdout.count(" red failed\n"))
    assert "2" == tc(
        "group", "list", worked_group.group_id, "--name", "red", "--jq", ".[].runs", "--format", "raw", env=env
    ).stdout.strip("\n[]")


def test_a_task_is_cancelled_while_it_runs(start_quick: Start, tc: CommandLine, worked_group: GroupEnv) -> None:
    """
    Whoever follows its log or waits for it sees the end; what depends on it can never run.
    """
    env = worked_group.environment
    task_id = worked_group.add("long", payload=payload("echo begun; sleep 60"))
    worked_group.add("after", needs=["long"])
    log = start_quick("task", "log", task_id, "--wait", "--own", "--exit-status", env=env)
    waits = start_quick("group", "wait", worked_group.group_id, env=env)
    assert log.stdout is not None
    assert b"begun\n" == log.stdout.readline()
    assert 0 == tc("task", "cancel", task_id, env=env).exit_code
    out, err = waits.communicate(timeout=60)
    _, lost = log.communicate(timeout=60)
    assert (1, 1) == (waits.returncode, log.returncode), lost
    assert b"ended as canceled" in lost
    assert {f"{task_id} long exception", f"{worked_group.ids['after']} after unscheduled"} == set(
        out.decode().splitlines()
    )
    assert b"1 ended as exception 'canceled' (long), 1 can never run (after)" in err
    why = tc("task", "why", worked_group.ids["after"], env=env).stdout
    assert "long is rerun, which is exception (canceled)" in why


def test_a_task_is_retried_after_the_end_of_its_worker(start_quick: Start, group_env: GroupEnv) -> None:
    """
    It has not ended, so a wait goes on to the end of the next run, and what depends on it can still run.
    """
    task_id = group_env.add("build", "running")
    group_env.add("test", needs=["build"])
    process = start_quick("group", "wait", group_env.group_id, "--fail-fast", env=group_env.environment)
    watch = start_quick("group", "watch", group_env.group_id, env=group_env.environment)
    assert watch.stdout is not None
    seen = {watch.stdout.readline() for _ in range(2)}
    group_env.call("reportException", task_id, "0", payload={"reason": "worker-shutdown"})
    seen |= {watch.stdout.readline()}
    for name, run_id in (("build", 1), ("test", 0)):
        group_env.claim(name, run_id)
        group_env.resolve(name, "completed", run_id)
    out, _ = process.communicate(timeout=60)
    watch.communicate(timeout=60)

    assert f"{task_id} build pending\n".encode() in seen
    assert (0, 0) == (process.returncode, watch.returncode)
    assert ["build completed", "test completed"] == sorted(line[23:] for line in out.decode().splitlines())


@pytest.mark.parametrize("claims", [True, False])
def test_tasks_expire(tc: CommandLine, group_env: GroupEnv, *, claims: bool) -> None:
    """
    Their deadlines end them, and after their expiry they do not exist.
    """
    env = group_env.environment
    other = group_env.add("other", "completed" if claims else "pending", taskGroupId=slug())
    tc("sandbox", "clock", "+12h", env=env)
    if not claims:
        assert "deadline-exceeded" in tc("task", "why", other, env=env).stdout
    tc("sandbox", "clock", "+24h", env=env)
    wait_until(lambda: tc("task", "status", other, env=env).exit_code != 0, pause=0.1)
    for command in (["task", "wait", other], ["task", "why", other], ["task", "log", other], ["task", "rerun", other]):
        result = tc(*command, env=env)
        assert (5, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), command
    group = tc("group", "wait", group_env.group_id, env=env)
    assert (5, 1) == (group.exit_code, group.stderr.count("\n"))
