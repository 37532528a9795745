"""
Names of tasks and groups as arguments of methods of the API, and ids on stdin.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.core.payload import encode
from tests.ids import TASK_ID
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import ScriptedServer


def documents(text: str) -> list[dict[str, object]]:
    """
    Return the documents in the output of a command.
    """
    decoder, found, place = json.JSONDecoder(), [], 0
    while text[place:].strip():
        place += len(text[place:]) - len(text[place:].lstrip())
        document, place = decoder.raw_decode(text, place)
        found.append(document)
    return found


def test_names_of_tasks_and_groups(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    By label and by index path; other arguments may have colons.
    """
    task_id = group_env.add("build/opt", "completed")
    entry = {"taskId": task_id, "rank": 1, "data": {}, "expires": later(days=1)}
    method = references.method("index", "insertTask")
    group_env.transfers.client.call(method, ["proj.latest"], payload=encode(entry))
    label = f"{group_env.group_id}:build/opt"

    for words in (
        ["queue", "status", label],
        ["queue", "status", "index:proj.latest"],
        ["api", "queue", "status", label],
        ["queue", "task", label],
        ["queue", "listArtifacts", label, "0"],
        ["queue", "getTaskGroup", "index:proj.latest"],
        ["queue", "listTaskGroup", "index:proj.latest"],
    ):
        assert 0 == tc(*words, env=group_env.environment).exit_code, words
    url = tc("url", "queue", "task", label, env=group_env.environment)
    assert url.stdout.endswith(f"/task/{task_id}\n")
    assert 5 == tc("queue", "status", f"{group_env.group_id}:nosuch", env=group_env.environment).exit_code
    assert 5 == tc("queue", "status", "index:proj.nosuch", env=group_env.environment).exit_code
    assert "a:b" in tc("secrets", "get", "a:b", env=group_env.environment).stderr


def test_many_tasks_on_stdin(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    As lists of tasks print them; a document for each, in their order, and the first error at the end.
    """
    ids = [group_env.add(f"t-{number}") for number in range(20)]
    lines = "".join(f"{task_id} t pending\n" for task_id in ids)
    dry = tc("queue", "cancelTask", "-", "--dry-run", stdin=lines, env=group_env.environment)
    assert 20 == len(documents(dry.stdout))
    assert "pending" == group_env.call("status", ids[0])["status"]["state"]

    changed = tc(
        "queue", "changeTaskPriority", "-", "--data", '{"newPriority": "high"}', stdin=lines, env=group_env.environment
    )
    assert (0, 20) == (changed.exit_code, len(documents(changed.stdout)))
    done = tc("queue", "cancelTask", "-", "--jq", ".status.taskId", "-r", stdin=lines, env=group_env.environment)
    assert (0, ids) == (done.exit_code, done.stdout.split())
    mixed = tc("queue", "status", "-", stdin=f"{ids[0]}\n{TASK_ID}\n{ids[1]}\n", env=group_env.environment)
    assert 5 == mixed.exit_code
    assert 2 == len(documents(mixed.stdout))
    assert TASK_ID in mixed.stderr
    assert "1 of 3 calls failed" in mixed.stderr
    listed = tc("queue", "task", "-", "--format", "jsonl", stdin=lines, env=group_env.environment)
    assert 20 == len(listed.stdout.splitlines())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["queue", "listArtifacts", "-", "0"], 2),
        (["queue", "createTask", "-"], 2),
        (["queue", "reportCompleted", "-"], 2),
        (["queue", "listTaskGroup", "-"], 2),
        (["queue", "status", ":"], 2),
        (["queue", "status", f"{TASK_ID}:"], 2),
    ],
    ids=str,
)
def test_what_cannot_be_called_for_many(tc: CommandLine, group_env: GroupEnv, words: list[str], code: int) -> None:
    """
    One line, and nothing is sent.
    """
    result = tc(*words, stdin=f"{TASK_ID}\n", env=group_env.environment)

    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert not group_env.sandbox.requests
    empty = tc("queue", "status", "-", env=group_env.environment)
    assert (1, 1) == (empty.exit_code, empty.stderr.count("\n"))


def test_forms_of_tasks_on_stdin(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Labels with spaces, addresses, the lines and the JSON of other commands; a line without a task is named.
    """
    ids = [group_env.add("lint js (eslint)", "completed"), group_env.add("b", "completed")]
    env, group = group_env.environment, group_env.group_id
    root_url = env["TASKCLUSTER_ROOT_URL"]
    listed = [tc("group", "list", group, "--format", form, env=env).stdout for form in ("json", "jsonl", "json")]
    listed.append(tc("group", "list", group, env=env).stdout)
    listed.append(f"{group}:lint js (eslint)\n\n{root_url}/tasks/{ids[1]}  b\n")
    listed.append("".join(f"Task {task_id} created\n" for task_id in ids))
    listed.append(json.dumps([{"status": {"taskId": task_id}} for task_id in ids]))
    for lines in listed:
        done = tc("task", "status", "-", stdin=lines, env=env)
        assert 0 == done.exit_code, lines + done.stderr
        assert sorted(ids) == sorted(line.split()[0] for line in done.stdout.splitlines())
    long = f"{ids[0]}\nnothing{' of a list' * 100}\n"
    for lines in (
        long,
        f"{ids[0]}\nnothing\n",
        json.dumps([{"taskId": ids[0]}, {"name": "nothing"}]),
        '{"a": "nothing"}\n',
    ):
        wrong = tc("task", "status", "-", stdin=lines, env=env)
        assert (2, 1) == (wrong.exit_code, wrong.stderr.count("\n"))
        assert "nothing" in wrong.stderr
        assert len(wrong.stderr) < 250
    several = tc("task", "why", "-", stdin=listed[0], env=env)
    assert 2 == several.exit_code
    assert "xargs -n 1 tc task why" in several.stderr
    for words in (["task", "log", "-"], ["task", "status", "-"], ["open", "-"], ["group", "list", "-"]):
        empty = tc(*words, env=env)
        assert (1, "", 1) == (empty.exit_code, empty.stdout, empty.stderr.count("\n")), words


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["task", "log", "{group}:"], "TASK must be"),
        (["task", "log", ":label"], "the group is empty"),
        (["task", "log", "{group}/label"], "{group}:label"),
        (["task", "log", "foo.bar"], "index:foo.bar"),
        (["task", "wait", "Task"], "'Task ID created'"),
        (["task", "log", "{root}/tasks/groups/{group}"], "tc group list {group}"),
        (["task", "run", "--queue", "linux", "--", "true"], "--queue must be PROVISIONER/WORKER-TYPE"),
        (["task", "list", "{group}"], "tc group list {group}"),
        (["task", "run", "--queue", "a/b", "--dependency", "x", "--", "true"], "--dependency must be"),
        (["group", "list", "{group}:label"], "--name label"),
    ],
    ids=str,
)
def test_words_that_name_nothing(tc: CommandLine, group_env: GroupEnv, words: list[str], named: str) -> None:
    """
    The message has the word of the command's own help, and the form that was probably meant. Nothing is sent.
    """
    values = {"group": group_env.group_id, "root": group_env.environment["TASKCLUSTER_ROOT_URL"]}
    result = tc(*(word.format(**values) for word in words), env=group_env.environment)

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert named.format(**values) in result.stderr
    assert "queue." not in result.stderr
    assert not group_env.sandbox.requests


def test_dependencies_in_any_form(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Several may be given at once, as in the Go client; a label may have a comma.
    """
    first, second = (group_env.add(name, expires=later(days=3)) for name in ("a, b", "c"))
    env, group = group_env.environment, group_env.group_id
    options = ["--dependency", f"{group}:a, b", "--dependency", f"{second},{first}"]
    created = tc("task", "run", "--queue", "proj-x/ci", *options, "--", "true", env=env)
    assert 0 == created.exit_code, created.stderr
    assert [first, second] == group_env.call("task", created.stdout.split()[1])["dependencies"]
    assert 5 == tc("task", "status", group, env=env).exit_code
    assert f"tc group list {group}" in tc("task", "log", group, env=env).stderr
    assert (
        0
        == tc("task", "wait", f"Task {first} created", "--for", "running", "--timeout", "0.1s", env=env).exit_code % 124
    )


def test_many_labels_are_one_listing(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Of each group; also where the labels stand on the command line.
    """
    ids = [group_env.add(f"t-{number}") for number in range(5)]
    words = [f"{group_env.group_id}:t-{number}" for number in range(5)]
    for arguments, lines in ((["-"], "\n".join(words)), (words, "")):
        group_env.sandbox.requests.clear()
        done = tc("task", "cancel", "-n", *arguments, stdin=lines, env=group_env.environment)
        assert ids == [line.split()[0] for line in done.stdout.splitlines()], done.stderr
        assert 1 == sum("/list" in target for _, target in group_env.sandbox.requests)


def test_groups_on_stdin(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    One id, in a line, or in the JSON of a method.
    """
    group_env.add("a")
    group_id = group_env.group_id
    for lines in (f"{group_id}  a group\n", json.dumps({"taskGroupId": group_id}), f'"{group_id}"\n'):
        assert 0 == tc("group", "status", "-", stdin=lines, env=group_env.environment).exit_code, lines
    for lines in ("nothing\n", f"{group_id}\n{TASK_ID}\n", '{"taskId": "x"}'):
        wrong = tc("group", "status", "-", stdin=lines, env=group_env.environment)
        assert (2, 1) == (wrong.exit_code, wrong.stderr.count("\n"))
    hub = tc("group", "status", "-", stdin="github:org/repo#1\n", env=group_env.environment)
    assert "github:org/repo#1" in hub.stderr
    assert 2 != hub.exit_code


@pytest.mark.parametrize("source", ["/dev/zero", "yes", "payload"])
def test_stdin_without_an_end(start: Start, http_server: ScriptedServer, source: str) -> None:
    """
    Memory is bounded: a line, their number, and a document have a limit.
    """
    words = ("task", "cancel", "-") if source != "payload" else ("secrets", "set", "a")
    argv = ["yes", TASK_ID] if source == "yes" else ["cat", "/dev/zero"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        process = start(*words, stdin=endless.stdout.fileno(), env=http_server.env)
        endless.stdout.close()
        _, err = process.communicate(timeout=60)
        endless.kill()

    assert (2, 1, []) == (process.returncode, err.count(b"\n"), http_server.requests), err


def test_many_ids_and_long_documents(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    What is within the limits is read: many lines, and a JSON document of one line.
    """
    task_id = group_env.add("a")
    document = json.dumps([{"taskId": task_id, "more": "x" * 2_000_000}])
    for text in (f"{task_id} name\n" * 50_000, document, f"  {document}\n"):
        assert 0 == tc("task", "status", "-", stdin=text, env=group_env.environment).exit_code


def test_what_does_not_exist(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Each command that takes a task or a group says what to do: it may be the other one of both.
    """
    missing, env = slug(), group_env.environment
    task_id = group_env.add("a", "completed")
    tasks = ["status", "def", "name", "group", "artifacts", "log", "why", "rerun", "cancel", "complete", "wait"]
    commands = [["task", name, missing] for name in [*tasks, "retrigger"]]
    commands += [["task", "prioritize", missing, "high"]]
    commands += [["task", "retrigger", task_id, "--group", missing], ["signed-url", "artifact", missing, "public/x"]]
    commands += [["download", "artifact", missing, name, "-"] for name in ("public/x", "*.x", "--list")]
    groups = ["status", "list", "failures", "logs", "artifacts", "wait", "watch", "seal", "cancel"]
    commands += [["group", name, missing, *(["-f"] if name in {"seal", "cancel"} else [])] for name in groups]
    commands += [["group", "rerun", missing, "--failed", "-f"], ["group", "prioritize", missing, "high", "-f"]]
    commands += [["group", "download", missing, "*"], ["group", "logs", missing, "-f"]]
    wrong = []
    for words in commands:
        result = tc(*words, env=env)
        advice = result.stderr.rpartition("; ")[2]
        if (5, 1) != (result.exit_code, result.stderr.count("\n")) or "tc " not in advice:
            wrong.append((words, result.exit_code, result.stderr))
    assert not wrong
    assert "--group new" in tc("task", "retrigger", task_id, "--group", missing, env=env).stderr
