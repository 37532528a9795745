"""
``tc task why``: the causes of each state, what is hidden by scopes, and the next command.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.test_watch import run_on_terminal
from tests.ids import TASK_ID
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv

AGE = re.compile(r"\d+ s(?= ago)")
POOL = {"providerId": "static", "description": "d", "owner": "o@example.com", "emailOnError": False, "config": {}}


def explain(tc: CommandLine, env: GroupEnv, task_id: str, **variables: str) -> tuple[str, str, dict[str, Any]]:
    """
    Return the sentences, the next commands, and the causes with their texts.
    """
    given = {**env.environment, **variables}
    result = tc("task", "why", task_id, env=given)
    assert (0, "") == (result.exit_code, result.stderr)
    sentences, _, following = result.stdout.removesuffix("\n").partition("\nnext:\n")
    # Each line is a command that can be copied, in JSON as well.
    assert all(line.startswith("    tc ") and ";" not in line for line in following.splitlines()), following
    document = json.loads(tc("task", "why", task_id, "--format", "json", env=given).stdout)
    assert {"taskId", "name", "state", "causes"} == set(document)
    commands = [command for cause in document["causes"] for command in cause.get("next", "").splitlines()]
    assert list(dict.fromkeys(commands)) == [line.strip() for line in following.splitlines()]
    return sentences, following, {cause["kind"]: cause["text"] for cause in document["causes"]}


def test_pending_without_a_pool(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Its place by priority and age, and pools with names like that of the queue; in a handful of requests.
    """
    tc("worker-manager", "createWorkerPool", "proj-x/linux", stdin=json.dumps(POOL), env=group_env.environment)
    group_env.add("first", taskQueueId="proj-x/mac")
    task_id = group_env.add("second", taskQueueId="proj-x/mac")
    group_env.add("third", taskQueueId="proj-x/mac", priority="high")
    sent = len(group_env.sandbox.requests)
    result = tc("task", "why", task_id, env=group_env.environment)
    assert len(group_env.sandbox.requests) - sent <= 6
    sentences, following, causes = explain(tc, group_env, task_id)

    assert result.stdout.startswith("second: pending for ")
    assert "on proj-x/mac, 3rd of 3 in its queue" in causes["pending"]
    assert {"no-pool", "never-taken", "similar-pools", "deadline"} < set(causes)
    assert "proj-x/linux" in causes["similar-pools"]
    assert "Deadline in " in sentences
    assert f"tc task cancel {task_id}" in following


def test_pending_in_a_pool(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A pool without workers, then one whose only worker is quarantined.
    """
    env = group_env.environment
    tc("worker-manager", "createWorkerPool", "proj-x/ci", stdin=json.dumps(POOL), env=env)
    task_id = group_env.add("waits")
    assert {"no-workers", "never-taken"} < set(explain(tc, group_env, task_id)[2])
    group_env.call("claimWork", "proj-x/ci", payload={"workerGroup": "g", "workerId": "w", "tasks": 1})
    task_id = group_env.add("waits-too")
    assert "workers" in explain(tc, group_env, task_id)[2]
    payload = json.dumps({"quarantineUntil": later(hours=2), "quarantineInfo": "broken disk"})
    done = tc("queue", "quarantineWorker", "proj-x", "ci", "g", "w", stdin=payload, env=env)
    assert 0 == done.exit_code, done.stderr
    assert "its only worker is quarantined" in explain(tc, group_env, task_id)[2]["quarantine"]


def test_what_scopes_hide(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Each part that is refused names its scope, and the others are there.
    """
    tc("worker-manager", "createWorkerPool", "proj-x/ci", stdin=json.dumps(POOL), env=group_env.environment)
    task_id = group_env.add("waits")
    # By default, everybody may see the pools.
    role = json.dumps({"description": "", "scopes": ["queue:get-task:*", "queue:status:*"]})
    assert 0 == tc("auth", "updateRole", "anonymous", stdin=role, env=group_env.environment).exit_code
    result = tc("task", "why", task_id, "--authorized-scopes", "[]", env=group_env.environment)
    assert 0 == result.exit_code, result.stderr
    for scope in (
        "needs scope queue:pending-list:proj-x/ci",
        "needs scope worker-manager:get-worker-pool:proj-x/ci",
        "needs scope worker-manager:list-workers:proj-x/ci",
    ):
        assert scope in result.stdout


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("after-red", "dependency-failed", "red is rerun, which is failed"),
        ("after-after-red", "dependency-failed", "red (2 steps away) is rerun"),
        ("after-runs", "dependencies", "1 of 2 tasks that it depends on: runs (running)"),
        ("always", "dependencies", "runs (running)"),
        ("after-gone", "dependency-failed", "elsewhere is rerun, which is exception (canceled)"),
        ("loop", "self", "depends on itself"),
    ],
)
def test_unscheduled(tc: CommandLine, group_env: GroupEnv, name: str, kind: str, text: str) -> None:
    """
    The task at the end of the chain is named, and how it can go on.
    """
    group_env.add("red", "failed")
    group_env.add("done", "completed")
    group_env.add("runs", "running")
    group_env.add("after-red", needs=["red"])
    group_env.add("after-after-red", needs=["after-red"])
    group_env.add("after-runs", needs=["runs", "done"])
    group_env.add("always", needs=["runs", "red"], requires="all-resolved")
    group_env.add("elsewhere", "exception", taskGroupId=slug())
    group_env.add("after-gone", needs=["elsewhere"])
    group_env.ids["loop"] = task_id = slug()
    definition = group_env.call("task", group_env.ids["after-red"])
    for key in ("provisionerId", "workerType"):
        definition.pop(key, None)
    definition["metadata"]["name"] = "loop"
    group_env.call("createTask", task_id, payload={**definition, "dependencies": [task_id]})
    sentences, following, causes = explain(tc, group_env, f"{group_env.group_id}:{name}" if name != "loop" else task_id)

    assert text in causes[kind], sentences
    assert following


def test_ends(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    How tasks ended, with the line of the log that tells most about a failure, which is often not the last one.
    """
    log = b"[taskcluster 2030-01-01] Task ID: x\nerror: disk is full\nremoving files\nmake: *** [all] Error 2\n"
    log += b"[taskcluster 2030-01-01] exit status 1\n"
    red = explain(tc, group_env, group_env.add("red", "failed", log=log))
    assert "error: disk is full" in red[2]["log"]
    assert "tc task rerun " in red[1]
    assert "cannot see its log" in explain(tc, group_env, group_env.add("mute", "failed"))[2]["log"]
    assert "does not record by whom" in explain(tc, group_env, group_env.add("gone", "exception"))[2]["canceled"]
    assert "completed" in explain(tc, group_env, group_env.add("done", "completed"))[2]
    running = explain(tc, group_env, group_env.add("runs", "running", payload={"maxRunTime": 3600}))
    assert "on g/w of proj-x/ci" in running[2]["running"]
    assert "it may run for 1 h" in running[2]["max-run-time"]
    late = group_env.add("late")
    tc("sandbox", "clock", "+7h", env=group_env.environment)
    assert "deadline" in "".join(explain(tc, group_env, late)[2])
    assert 5 == tc("task", "why", TASK_ID, env=group_env.environment).exit_code


WORKER_TIME = "[taskcluster 2030-01-01T10:00:00.000Z]"


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        (
            ("tick 9", "[taskcluster:error] Task aborted - max run time exceeded"),
            "max-run-time",
            "max run time exceeded",
        ),
        (("tick 9", f"{WORKER_TIME} Aborting task - max run time exceeded!"), "max-run-time", "Aborting task"),
        (("error: x", f"{WORKER_TIME} Killed: exceeded payload.maxRunTime, 3 s"), "max-run-time", "Killed: "),
        (
            ("tick 9", "[taskcluster:error] Task timeout after 3 seconds. Force killing container."),
            "max-run-time",
            "Force",
        ),
        (
            ("tick 9", f"{WORKER_TIME} Exit code: 0", f"{WORKER_TIME} Artifact public/build: out does not exist"),
            "could not upload an artifact",
            "out does not exist",
        ),
        (
            ("tick 9", f"{WORKER_TIME} Exit code: 0", "error: disk", f"{WORKER_TIME} Exit code: 1"),
            "its command ended with an error",
            "error: disk",
        ),
        (
            (
                "error: x",
                f"{WORKER_TIME} Exit code: 0",
                "[taskcluster:error] Artifact public/build: out does not exist",
            ),
            "could not upload an artifact",
            "out does not exist",
        ),
        (("tick 9", "[taskcluster:error] Cannot mount a cache"), "the worker reports an error", "Cannot mount a cache"),
    ],
)
def test_failed_because_of(tc: CommandLine, group_env: GroupEnv, lines: tuple[str, ...], kind: str, text: str) -> None:
    """
    The worker's own lines, with and without a level; the command is blamed only if it ended with an error.
    """
    log = "".join(f"{line}\n" for line in lines).encode()
    task_id = group_env.add("red", "failed", log=log, payload={"maxRunTime": 3})
    sentences, following, causes = explain(tc, group_env, task_id)

    assert text in causes["log"]
    assert kind in causes or kind in causes["failed"], sentences
    assert ("its command" in causes["failed"]) == (kind == "its command ended with an error")
    assert ("--set payload.maxRunTime:=6" in following) == (kind == "max-run-time")


@pytest.mark.parametrize(
    ("log", "told", "cause"),
    [
        (f"{WORKER_TIME} Task ID: x\n{WORKER_TIME} Exit code: 1\n", "printed nothing, and its exit code is 1", True),
        (f"{WORKER_TIME} Task ID: x\n", "printed nothing", False),
        ("\n", "its log is empty", False),
    ],
)
def test_a_silent_command(tc: CommandLine, group_env: GroupEnv, log: str, told: str, *, cause: bool) -> None:
    """
    Its log is not empty if the worker has written to it.
    """
    causes = explain(tc, group_env, group_env.add("red", "failed", log=log.encode()))[2]

    assert causes["log"].endswith(told)
    assert cause == ("its command ended with an error" in causes["failed"])


def test_a_long_log(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    More than its end is read, if that does not tell; errors after many tests seldom do.
    """
    passed = b"TEST-PASS | a.js | and many more that do as they should\n" * 6_000
    log = b"TEST-UNEXPECTED-FAIL | a.js | got b\n" + passed + b"Error: cannot send the statistics\n"
    causes = explain(tc, group_env, group_env.add("red", "failed", log=log))[2]

    assert causes["log"].endswith("TEST-UNEXPECTED-FAIL | a.js | got b")


def test_after_the_deadline(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A rerun is refused, with the command that helps; nobody recommends one.
    """
    task_id = group_env.add("red", "failed", log=b"error: disk is full.\n")
    canceled = group_env.add("gone", "exception")
    assert ".." not in explain(tc, group_env, task_id)[0]
    tc("sandbox", "clock", "+7h", env=group_env.environment)
    for each in (task_id, canceled):
        _, following, causes = explain(tc, group_env, each)
        assert f"tc task retrigger {each}" in following
        assert "retrigger" in causes
        assert "rerun" not in following
    failures = tc("group", "failures", group_env.group_id, "--format", "markdown", env=group_env.environment)
    assert f"tc task retrigger {task_id}" in failures.stdout
    for words in (("task", "rerun"), ("queue", "rerunTask")):
        refused = tc(*words, task_id, env=group_env.environment)
        assert 6 == refused.exit_code
        assert f"tc task retrigger {task_id}" in refused.stderr


def test_sentences_are_one_line_and_wrapped_on_a_terminal(
    tc: CommandLine, process_environment: dict[str, str], group_env: GroupEnv
) -> None:
    """
    Whatever the name is; a command is not broken, so that it can be copied. The age may differ.
    """
    task_id = group_env.add("a\x1b[2J\nb", "failed", log=b"error: " + b"word " * 30 + b"\n")
    piped = tc("task", "why", task_id, env=group_env.environment).stdout
    env = {**process_environment, **group_env.environment, "TERM": "xterm", "COLUMNS": "40", "TC_PAGER": "cat"}
    shown, code = run_on_terminal(["task", "why", task_id], env, "never")

    first, *following = piped.splitlines()
    assert ("next:", 0) == (following[0], code)
    sentences = shown.splitlines()[: -len(following)]
    assert max(map(len, sentences)) <= 40
    assert AGE.sub("", " ".join(sentences)) == AGE.sub("", first)
    assert following == shown.splitlines()[-len(following) :]


def test_a_dependency_after_its_deadline(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    It cannot be rerun, so that is not recommended.
    """
    group_env.add("red", "failed", deadline=later(hours=1))
    task_id = group_env.add("after", needs=["red"])
    assert "tc task rerun" in explain(tc, group_env, task_id)[1]
    tc("sandbox", "clock", "+2h", env=group_env.environment)
    _, following, causes = explain(tc, group_env, task_id)
    assert "its deadline is over" in causes["dependency-failed"]
    assert "rerun" not in following
    assert f"tc task retrigger {task_id}" in following
