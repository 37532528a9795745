"""
``tc group list`` and ``status``: selections, orders, columns and counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv

STEP_MILLISECONDS = 10_000
"""Signatures are accepted for 15 minutes."""


@pytest.fixture
def timed_group(group_env: GroupEnv) -> GroupEnv:
    """
    Tasks that waited and ran for some minutes by the deployment's clock.
    """
    clock = group_env.sandbox.clock
    for name, wait, duration, state in (
        ("test-a", 1, 30, "completed"),
        ("test-b", 5, 10, "failed"),
        ("build", 3, 20, "completed"),
    ):
        group_env.add(name, metadata=metadata(name))
        clock.offset += wait * STEP_MILLISECONDS
        group_env.claim(name)
        clock.offset += duration * STEP_MILLISECONDS
        group_env.resolve(name, state)
    group_env.add("sign", metadata=metadata("sign"), taskQueueId="proj-x/mac")
    group_env.add("lint", "exception", tags={})
    return group_env


def metadata(name: str) -> dict[str, str]:
    """
    Return that of a task, whose owner is in its name.
    """
    owner = "b@example.com" if name == "build" else "a@example.com"
    return {"name": name, "description": "d", "owner": owner, "source": "https://x.y/z"}


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        (["--sort", "name"], "build lint sign test-a test-b"),
        (["--sort", "state"], "sign build test-a test-b lint"),
        (["--sort", "duration"], "test-a build test-b lint sign"),
        (["--sort", "duration", "--limit", "2"], "test-a build"),
        (["--sort", "-name"], "test-b test-a sign lint build"),
        (["--sort", "-state"], "lint test-b build test-a sign"),
        (["--sort", "-Duration"], "test-b build test-a lint sign"),
        (["--sort=-duration", "--limit", "4"], "test-b build test-a lint"),
        (["--sort", "wait", "--name", "test*,build"], "test-b build test-a"),
        (["--limit", "3"], "build lint sign"),
        (["-fc", "--sort", "name"], "build test-a test-b"),
        (["-f", "--name", "b*,test-b"], "test-b"),
        (["-a", "-f", "--name", "sign"], "sign"),
        (["--longer", "2m30s", "--sort", "name"], "build test-a"),
        (["--queue", "*/mac"], "sign"),
        (["--owner", "b@*"], "build"),
        (["--kind", "!test,build", "--sort", "name"], "lint sign"),
        (["--name", "!~^test", "--sort", "name"], "build lint sign"),
    ],
    ids=str,
)
def test_selections_and_orders(tc: CommandLine, timed_group: GroupEnv, options: list[str], listed: str) -> None:
    """
    The same tasks as lines, by a template, and as objects.
    """
    line = ["group", "list", timed_group.group_id, *options]
    result = tc(*line, env=timed_group.environment)
    assert 0 == result.exit_code, result.stderr
    assert listed == " ".join(line.split()[1] for line in result.stdout.splitlines())
    by_template = tc(*line, "--format-string", "{{.Task.Metadata.Name}}", env=timed_group.environment)
    assert listed.split() == by_template.stdout.splitlines()
    objects = json.loads(tc(*line, "--format", "json", env=timed_group.environment).stdout)
    assert listed.split() == [each["name"] for each in objects]
    lines = tc(*line, "--format", "jsonl", env=timed_group.environment).stdout.splitlines()
    # How long a task is pending is another number a second later.
    assert [{**each, "wait": 0} for each in objects] == [{**json.loads(each), "wait": 0} for each in lines]


def test_objects_have_flat_values_first(tc: CommandLine, timed_group: GroupEnv) -> None:
    """
    Then status and task as in the API; --columns selects of all of them.
    """
    line = ["group", "list", timed_group.group_id, "--name", "test-b"]
    (found,) = json.loads(tc(*line, "--format", "json", env=timed_group.environment).stdout)
    assert ["status", "task"] == list(found)[-2:]
    assert timed_group.ids["test-b"] == found["taskId"] == found["status"]["taskId"]
    assert "a@example.com" == found["owner"] == found["task"]["metadata"]["owner"]
    assert 1 == found["runs"]
    assert 50 <= found["wait"] < 80
    assert 100 <= found["duration"] < 130
    columns = tc(*line, "--columns", "name,owner,duration,wait,runs,metadata.source", env=timed_group.environment)
    head, row = columns.stdout.splitlines()
    assert ["name", "owner", "duration", "wait", "runs", "metadata.source"] == head.split()
    assert ["test-b", "a@example.com", str(found["duration"]), str(found["wait"]), "1", "https://x.y/z"] == row.split()
    assert '"test-b"\n' == tc(*line, "--jq", ".[].name", env=timed_group.environment).stdout
    assert '"test-b"\n' == tc(*line, "--jq", ".[].name", "--format", "jsonl", env=timed_group.environment).stdout


@pytest.mark.parametrize("command", ["list", "status"])
@pytest.mark.parametrize(
    ("options", "code"),
    [(["--name", "nosuch"], 1), (["--kind", ""], 2), (["--state", "faild"], 2), (["--limit", "0"], 2)],
    ids=str,
)
def test_no_match(tc: CommandLine, timed_group: GroupEnv, command: str, options: list[str], code: int) -> None:
    """
    One line; a wrong option sends nothing.
    """
    timed_group.sandbox.requests.clear()
    for output in ([], ["--format", "json"], ["--format", "table"]):
        result = tc("group", command, timed_group.group_id, *options, *output, env=timed_group.environment)
        assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert code == 1 or not timed_group.sandbox.requests
    assert 5 == tc("group", command, TASK_ID, env=timed_group.environment).exit_code


@pytest.mark.parametrize(
    ("options", "counted", "code"),
    [
        ([], {"pending": 1, "completed": 2, "failed": 1, "exception": 1}, 0),
        (["--by", "state", "--exit-status"], {"pending": 1, "completed": 2, "failed": 1, "exception": 1}, 1),
        (["--by", "kind"], {"test": 2, "": 1, "build": 1, "sign": 1}, 0),
        (["--by", "queue", "--exit-status"], {"proj-x/ci": 4, "proj-x/mac": 1}, 1),
        (["--by", "owner", "--state", "completed,failed"], {"a@example.com": 2, "b@example.com": 1}, 0),
        (["--name", "build,test-a", "--exit-status"], {"completed": 2}, 0),
        (["--name", "sign", "--exit-status"], {"pending": 1}, 1),
        (["--limit", "2"], {"completed": 1, "exception": 1}, 0),
    ],
    ids=str,
)
def test_counts(tc: CommandLine, timed_group: GroupEnv, options: list[str], counted: dict[str, int], code: int) -> None:
    """
    Of the selected tasks, by a property; with --exit-status, 1 unless all are completed.
    """
    line = ["group", "status", timed_group.group_id, *options]
    result = tc(*line, env=timed_group.environment)

    assert code == result.exit_code
    assert [f"{value or '(none)'}: {count}" for value, count in counted.items()] == result.stdout.splitlines()
    assert list(counted.items()) == list(
        json.loads(tc(*line, "--format", "json", env=timed_group.environment).stdout).items()
    )
    assert code == result.stderr.count("\n")


def test_a_name_is_never_taken_for_another_line(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Also where a program reads the lines, and on stderr; JSON has the name as it is.
    """
    name = f"a\n{TASK_ID} forged completed\x1b[2K\r\u2028b"
    task_id = group_env.add(name, metadata=metadata(name))
    shown = f"a\\x0a{TASK_ID} forged completed\\x1b[2K\\x0d\\u2028b"

    def run(*words: str) -> str:
        return tc(*words, env=group_env.environment).stdout

    assert f"{task_id} {shown} pending\n" == run("group", "list", "--all", group_env.group_id)
    assert f"{shown}\n" == run("task", "name", task_id)
    assert f"{task_id} {shown} would-cancel\n" == run("task", "cancel", "--noop", task_id, task_id)
    assert shown in run("task", "cancel", "--noop", task_id)
    assert name == json.loads(run("group", "list", "--all", group_env.group_id, "--format", "json"))[0]["name"]
