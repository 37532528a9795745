"""
``tc task retrigger``: what the copy has, what is said about it, and what sends nothing.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_any_later_response import TASK, Deployment, make_definition
from tests.cli.test_any_response import encode_exactly
from tests.http_server import Received, Response, response
from tests.transfer_env import slug, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import ScriptedServer


def created(text: str) -> list[str]:
    """
    Return the ids in lines of ``Task ID created``.
    """
    lines = [line.removeprefix("tc: ").split() for line in text.splitlines()]
    return [words[1] for words in lines if words[:1] == ["Task"] and words[2:] == ["created"]]


def count_tasks(env: GroupEnv) -> int:
    """
    Return how many createTask calls were received.
    """
    return sum(verb == "PUT" for verb, _ in env.sandbox.requests)


@pytest.fixture
def copied(group_env: GroupEnv) -> GroupEnv:
    """
    A task with a route and a dependency.
    """
    group_env.add("build", "completed")
    group_env.add("test", "pending", ["build"], routes=["index.a.b"], payload={"env": {"A": "1"}, "maxRunTime": 60})
    return group_env


def definition(env: GroupEnv, task_id: str) -> Any:
    """
    Return the definition of a task.
    """
    return env.call("task", task_id)


@pytest.mark.parametrize(
    ("options", "changed", "said"),
    [
        ([], {"dependencies": [], "routes": []}, "without its 1 dependency"),
        (["--exact"], {"routes": ["index.a.b"]}, "with its 1 dependency and 1 route"),
        (["--env", "B=x=y", "--env", "A=2"], {"payload": {"env": {"A": "2", "B": "x=y"}, "maxRunTime": 60}}, "same"),
        (["--set", "payload.maxRunTime:=5"], {"payload": {"env": {"A": "1"}, "maxRunTime": 5}}, "same group"),
        (["--set", "metadata.name=again"], {}, "same group"),
    ],
    ids=str,
)
def test_a_copy(tc: CommandLine, copied: GroupEnv, options: list[str], changed: dict[str, Any], said: str) -> None:
    """
    It has new times and no retries, and what is asked for; one line tells what it keeps.
    """
    result = tc("task", "retrigger", copied.ids["test"], *options, env=copied.environment)
    assert (0, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert said in result.stderr
    (task_id,) = created(result.stdout)
    copy, original = definition(copied, task_id), definition(copied, copied.ids["test"])
    assert changed.items() <= copy.items()
    assert (0, original["taskGroupId"]) == (copy["retries"], copy["taskGroupId"])
    assert copy["created"] >= original["created"][:19]
    assert ("again" if "metadata.name=again" in options else "test") == copy["metadata"]["name"]


def test_several_copies_in_other_groups(tc: CommandLine, copied: GroupEnv) -> None:
    """
    All of them in one new group, or in one that exists, with the scheduler of that.
    """
    env, task = copied.environment, f"{copied.group_id}:test"
    three = tc("task", "retrigger", task, "--times", "3", "--group", "new", env=env)
    ids = created(three.stdout)
    assert 3 == len(set(ids))
    assert {ids[0]} == {definition(copied, each)["taskGroupId"] for each in ids}
    assert ids[0] in three.stderr
    elsewhere = slug()
    copied.add("other", taskGroupId=elsewhere, schedulerId="t")
    one = tc("task", "retrigger", task, "--group", elsewhere, "--format", "json", env=env)
    copy = definition(copied, json.loads(one.stdout)["taskId"])
    assert (elsewhere, "t") == (copy["taskGroupId"], copy["schedulerId"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--env", "=x"], 2),
        (["--env", "A=\udcff"], 2),
        (["--env", "\udcff=1"], 2),
        (["--set", "payload"], 2),
        (["--set", "metadata:=5"], 2),
        (["--set", "metadata.nosuch=x"], 2),
        (["--times", "0"], 2),
        (["--times", "101"], 2),
        (["--group", ""], 2),
        (["--group", "nosuch"], 2),
        (["--set", "payload.env:=[]", "--env", "A=1", "--set", "x"], 2),
        (["--group", "uZZZZZZZQZCZZZZZZZZZZA"], 5),
    ],
    ids=str,
)
def test_wrong_options_create_nothing(tc: CommandLine, copied: GroupEnv, options: list[str], code: int) -> None:
    """
    One line.
    """
    before = count_tasks(copied)
    result = tc("task", "retrigger", copied.ids["test"], *options, env=copied.environment)

    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert before == count_tasks(copied)


@pytest.mark.parametrize(
    ("script", "code", "created_tasks"),
    [
        ("sed -i 's/name: test/name: edited/' \"$1\"", 0, 1),
        ("true", 0, 1),
        ("false", 3, 0),
        ('echo > "$1"', 2, 0),
        ("echo 'a: [' > \"$1\"", 2, 0),
        ("echo 'a: 1' > \"$1\"", 2, 0),
    ],
)
def test_an_edited_copy(
    tc: CommandLine,
    copied: GroupEnv,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    code: int,
    created_tasks: int,
) -> None:
    """
    A text that is not accepted stays in its file, which the message names.
    """
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    before = count_tasks(copied)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    env = {**copied.environment, "EDITOR": str(editor)}
    result = tc("task", "retrigger", copied.ids["test"], "--edit", env=env)

    assert code == result.exit_code, result.stderr
    assert before + created_tasks == count_tasks(copied)
    if "edited" in script:
        assert "edited" == definition(copied, created(result.stdout)[0])["metadata"]["name"]
    if "a: " in script:
        path = result.stderr.split()[-1]
        with open(path, encoding="utf-8") as file:
            assert "a: " in file.read()


@pytest.mark.parametrize(
    ("actions", "is_offered"),
    [
        ({"actions": [{"name": "retrigger", "title": "Retrigger it", "context": [{"kind": "test"}]}]}, True),
        ({"actions": [{"name": "retrigger", "title": "Retrigger it", "context": [{"kind": "build"}]}]}, False),
        ({"actions": [{"name": "retrigger", "title": "Retrigger it", "context": []}]}, False),
        ({"actions": [{"name": "purge", "title": "Retrigger it", "context": [{}]}]}, False),
        ({"actions": [{"name": "retrigger", "title": "Retrigger it", "context": [{"x": "y"}, {}]}]}, True),
        ({"actions": ["a", {"name": "retrigger", "context": [5]}]}, False),
        ([], False),
    ],
    ids=str,
)
def test_the_group_offers_an_action(tc: CommandLine, copied: GroupEnv, actions: Any, *, is_offered: bool) -> None:
    """
    Said in one more line; the copy is created in any case.
    """
    decision = definition(copied, copied.ids["build"]) | {"dependencies": []}
    copied.call("createTask", copied.group_id, payload=decision)
    copied.ids["decision"] = copied.group_id
    copied.claim("decision")
    copied.write_log("decision", json.dumps(actions).encode(), "public/actions.json")
    copied.resolve("decision", "completed")
    result = tc("task", "retrigger", copied.ids["test"], env=copied.environment)

    assert 0 == result.exit_code
    assert is_offered == ("'Retrigger it'" in result.stderr)
    assert 1 + is_offered == result.stderr.count("\n")
    other = tc("task", "retrigger", copied.ids["test"], "--group", "new", env=copied.environment)
    assert "Retrigger it" not in other.stderr


def test_copy_and_wait(start_quick: Start, copied: GroupEnv) -> None:
    """
    The id is on stderr, the end of the task on stdout.
    """
    before, first = count_tasks(copied), len(copied.sandbox.requests)
    process = start_quick("task", "retrigger", copied.ids["test"], "--wait", env=copied.environment)
    wait_until(lambda: count_tasks(copied) > before, process)
    (target,) = {target for verb, target in copied.sandbox.requests[first:] if verb == "PUT"}
    copied.ids["copy"] = target.rpartition("/")[2]
    time.sleep(0.5)
    copied.claim("copy")
    copied.resolve("copy", "failed")
    out, err = (stream.decode() for stream in process.communicate(timeout=60))

    assert 1 == process.returncode
    assert f"{copied.ids['copy']} test failed\n" == out
    assert [copied.ids["copy"]] == created(err)


def test_numbers_stay_as_they_are_written(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A number that Python would write in another way is copied, and a malformed definition is the response's fault.
    """
    good = make_definition("a") | {"payload": {"a": "number:1.10"}}
    for changed, code in (({}, 0), ({"routes": -1}, 9), ({"metadata": {"name": "a"}}, 9), ({"extra": []}, 9)):
        deployment = Deployment(random.Random(1), http_server.url)
        deployment.wrong = -1
        body = encode_exactly({**good, **changed})

        def respond(received: Received, deployment: Deployment = deployment, body: bytes = body) -> Response:
            is_definition = received.verb == "GET" and received.target.endswith(TASK)
            return (
                response(200, body, Content_Type="application/json") if is_definition else deployment.respond(received)
            )

        http_server.requests.clear()
        http_server.respond_with(respond)
        result = tc("task", "retrigger", TASK, "--retries", "0", env=http_server.env)
        bodies = [each.body for each in http_server.requests if each.verb == "PUT"]
        assert code == result.exit_code, result.stderr
        assert [b'{"a":1.10}' in each for each in bodies] == ([] if code else [True])
        assert 2 >= result.stderr.count("\n")


def test_dependencies_that_failed(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A warning: the copy runs without them, or with --exact it never runs; not where their end does not matter.
    """
    group_env.add("red", "failed")
    group_env.add("green", "completed")
    env = group_env.environment
    for needs, requires, says in (
        (["red", "green"], "all-completed", "red"),
        (["green"], "all-completed", ""),
        (["red"], "all-resolved", ""),
    ):
        task_id = group_env.add("test", "unscheduled", needs=needs, requires=requires)
        copied = tc("task", "retrigger", task_id, env=env)
        assert (0, bool(says)) == (copied.exit_code, "warning" in copied.stderr), copied.stderr
        assert not says or f"{group_env.ids[says]} (failed)" in copied.stderr
        exact = tc("task", "retrigger", task_id, "--exact", env=env)
        assert bool(says) == ("never run" in exact.stderr), exact.stderr
