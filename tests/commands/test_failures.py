"""
``tc group failures``: failures by signature, from the run that failed, and the command that reruns exactly them.
"""

from __future__ import annotations

import gzip
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.ids import TASK_ID
from tests.transfer_env import later

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv

END = "[taskcluster 2026-11-20T10:00:00.000Z] === Task Finished ===\n[taskcluster:error] exit status 1\n"
SILENT = b"[taskcluster 2026-11-20T10:00:00.000Z] Task ID: a\n[taskcluster 2026-11-20T10:00:00.000Z] Exit Code: %b\n"
HARNESS = (
    b"TEST-UNEXPECTED-FAIL | a.js | got b\n"
    + b"TEST-PASS | a.js | and many more that do as they should\n" * 6_000
    + b"Error: cannot send the statistics\n"
)


def make_log(line: str) -> bytes:
    """
    Return a log with a line that matters, between others.
    """
    return f"[taskcluster 2026-11-20T10:00:00.000Z] Task ID: a\none\ntwo\n{line}\nthree\nfour\n{END}".encode()


@pytest.fixture
def red_group(group_env: GroupEnv) -> GroupEnv:
    """
    Two tasks that fail alike, one in another way, one without a log, one that is cancelled, and others.
    """
    group_env.add("build", "completed", log=b"error: nothing\n")
    group_env.add("test-1", "failed", log=make_log("error: port 8080 is in use"))
    group_env.add("test-2", "failed", log=make_log("error: port 8123 is in use"))
    group_env.add("lint", "failed", log=make_log("a.c:3:4: error: unknown type"))
    group_env.add("mute", "failed")
    group_env.add("docs", "exception")
    group_env.add("sign", "running", log=b"error: not yet\n")
    group_env.add("ship", needs=["test-1"])
    return group_env


def find(tc: CommandLine, env: GroupEnv, *options: str, code: int = 0) -> list[dict[str, Any]]:
    """
    Return the failures as JSON.
    """
    result = tc("group", "failures", env.group_id, *options, env=env.environment)
    assert code == result.exit_code, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def names(failures: list[dict[str, Any]]) -> dict[str, str]:
    """
    Return the names of tasks by signatures.
    """
    return {each["signature"]: " ".join(sorted(task["name"] for task in each["tasks"])) for each in failures}


def test_by_signature(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    Those of most tasks are first; each has its context and a command.
    """
    found = find(tc, red_group)

    assert names(found) == {
        "error: port <n> is in use": "test-1 test-2",
        "a.c:<n>:<n>: error: unknown type": "lint",
        "exception 'canceled'": "docs",
        "failed, without a log": "mute",
    }
    assert found[0]["count"] == 2
    assert found[0]["line"] in {"error: port 8080 is in use", "error: port 8123 is in use"}
    assert found[0]["context"] == ["one", "two", found[0]["line"], "three", "four"]
    command = shlex.split(found[0]["rerun"])
    assert ["tc", "task", "rerun"] == command[:3]
    assert {red_group.ids["test-1"], red_group.ids["test-2"]} == set(command[3:])
    assert 0 == tc(*command[1:], env=red_group.environment).exit_code
    assert find(tc, red_group, "--lines", "0", "--name", "lint")[0]["context"] == []
    assert len(find(tc, red_group, "--lines", "2", "--name", "lint")[0]["context"]) == 2


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--name", "test-*"], "test-1 test-2"),
        (["--log-match", "unknown|8080"], "lint test-1"),
        (["--log-match", "unknown|8080", "--limit", "1"], "lint"),
        (["--limit", "2"], "docs lint"),
        (["--state", "exception"], "docs"),
        (["--failed"], "lint mute test-1 test-2"),
        (["--state", "failed", "--name", "!test-*"], "lint mute"),
    ],
    ids=str,
)
def test_selected(tc: CommandLine, red_group: GroupEnv, options: list[str], shown: str) -> None:
    """
    As in every command for groups.
    """
    found = find(tc, red_group, *options)
    assert shown == " ".join(sorted(" ".join(names(found).values()).split()))


def test_the_run_that_failed(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    While a task runs again, its failed run is shown, and it cannot be rerun. A task that succeeds then is flaky.
    """
    task_id = group_env.add("a", "failed", log=make_log("error: first"))
    group_env.call("rerunTask", task_id)
    group_env.claim("a", 1)
    group_env.transfers.artifact(task_id, "public/logs/live.log", make_log("error: second"), run_id="1")
    (found,) = find(tc, group_env)
    assert ("error: first", 0, "running") == (found["line"], found["tasks"][0]["run"], found["tasks"][0]["state"])
    assert found["rerun"] is None

    group_env.resolve("a", "completed", 1)
    result = tc("group", "failures", group_env.group_id, env=group_env.environment)
    assert (0, "[]\n", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    (found,) = find(tc, group_env, "--all-runs")
    assert ("error: first", 1) == (found["line"], found["flaky"])

    # Another task of the same name is another try, too.
    group_env.add("b", "failed", log=make_log("error: third"))
    assert [0, 1] == sorted(each["flaky"] for each in find(tc, group_env, "--all-runs"))
    group_env.add("b", "completed")
    assert [1, 1] == [each["flaky"] for each in find(tc, group_env, "--all-runs")]


def test_exceptions(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    By their reasons; where the worker explains one in the log, with that. Another one's log is not read.
    """
    explanation = "[taskcluster:error] Malformed payload: command.0: Invalid type"
    for name, reason in (("a", "malformed-payload"), ("b", "malformed-payload"), ("c", ""), ("d", "worker-shutdown")):
        group_env.add(name, "running", log=f"error: x\n{explanation if name != 'b' else ''}\n".encode())
        if reason:
            group_env.call("reportException", group_env.ids[name], "0", payload={"reason": reason})
    group_env.call("cancelTask", group_env.ids["c"])
    group_env.sandbox.requests.clear()

    assert names(find(tc, group_env)) == {
        "exception 'malformed-payload': Malformed payload: command.0: Invalid type": "a",
        "exception 'malformed-payload'": "b",
        "exception 'canceled'": "c",
    }
    assert not [each for each in group_env.sandbox.requests if group_env.ids["c"] in str(each)]
    # The queue has retried it by itself.
    assert names(find(tc, group_env, "--all-runs", "--name", "d")) == {"exception 'worker-shutdown'": "d"}


def test_exceptions_with_causes(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    One reason may have several causes, which the command's own lines tell.
    """
    logs = {
        "a1": ("intermittent-task", make_log("error: out of disk on 12")),
        "a2": ("intermittent-task", make_log("error: out of disk on 7")),
        "b": ("intermittent-task", b"no such host\n"),
        "c": ("intermittent-task", SILENT % b"75"),
        "d": ("internal-error", b"[taskcluster:error] Cannot mount a cache\n"),
        "e": ("internal-error", b"50 %\n"),
        "f": ("resource-unavailable", make_log("error: no image")),
    }
    for name, (reason, log) in logs.items():
        group_env.add(name, "running", log=log, retries=0)
        group_env.call("reportException", group_env.ids[name], "0", payload={"reason": reason})

    assert names(find(tc, group_env)) == {
        "exception 'intermittent-task': error: out of disk on <n>": "a1 a2",
        "exception 'intermittent-task': no such host": "b",
        "exception 'intermittent-task', without output, exit code 75": "c",
        "exception 'internal-error': Cannot mount a cache": "d",
        "exception 'internal-error'": "e",
        "exception 'resource-unavailable': error: no image": "f",
    }


def test_after_the_deadline(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A task cannot be rerun then, so no command says so.
    """
    group_env.add("a", "failed", log=make_log("error: x"), deadline=later(hours=1))
    assert find(tc, group_env)[0]["rerun"]
    assert 0 == tc("sandbox", "clock", "+2h", env=group_env.environment).exit_code
    assert find(tc, group_env)[0]["rerun"] is None


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize(
    ("log", "line"),
    [
        (b"error: a\n" + b"x" * (3 << 20) + b"\n" + END.encode(), "error: a"),
        (b"error: a\n" + b"x" * (10 << 20) + b"\n" + END.encode(), "exit status 1"),
        (b"x" * (10 << 20), "x" * 1000),
        (b"error: a\n" + b"fine\n" * 100_000, "error: a"),
        (HARNESS, "TEST-UNEXPECTED-FAIL | a.js | got b"),
        (b"start\n" * 2 + b"error: " + b"\xff" * (1 << 20) + b"\n", "error: " + "\ufffd" * 993),
        (b"", "failed, with an empty log"),
        (b"\n\n\r\n", "failed, with an empty log"),
        (END.encode(), "exit status 1"),
        (SILENT % b"1", "failed, without output, exit code 1"),
        (SILENT % b"139", "failed, without output, exit code 139"),
        (b"[taskcluster 2026-11-20T10:00:00.000Z] Task ID: a\n", "failed, without output"),
    ],
    ids=[
        "long line",
        "too long a line",
        "only a long line",
        "many lines",
        "many tests",
        "not UTF-8",
        "empty",
        "blank",
        "only the worker",
        "silent",
        "crashed",
        "no exit code",
    ],
)
def test_logs_of_any_kind(tc: CommandLine, group_env: GroupEnv, log: bytes, line: str, encoding: str) -> None:
    """
    Where the end of a log does not tell, more of it is read, up to a limit.
    """
    group_env.add("a", "running")
    group_env.transfers.artifact(
        group_env.ids["a"], "public/logs/live.log", gzip.compress(log) if encoding else log, encoding
    )
    group_env.resolve("a", "failed")
    (found,) = find(tc, group_env)

    assert line == found["line"]


def test_against_another_group(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    Known are failures of the same name with the same signature; what is new is first.
    """
    from tests.group_env import GroupEnv
    from tests.transfer_env import slug

    before = GroupEnv(red_group.transfers, slug())
    before.add("test-1", "failed", log=make_log("error: port 1 is in use"))
    before.add("test-2", "completed")
    before.add("lint", "failed", log=make_log("error: another one"))
    before.add("docs", "exception")
    found = find(tc, red_group, "--against", before.group_id)
    new = {task["name"]: task["new"] for each in found for task in each["tasks"]}

    assert new == {"test-1": False, "test-2": True, "lint": True, "docs": False, "mute": True}
    assert found[-1]["signature"] == "exception 'canceled'"
    assert 5 == tc("group", "failures", red_group.group_id, "--against", TASK_ID, env=red_group.environment).exit_code


def test_many_alike(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    The command for many tasks takes them from this one, and reruns exactly them.
    """
    for number in range(12):
        group_env.add(f"it's {number}", "failed", log=make_log(f"error: number {number}"))
    group_env.add("other", "failed", log=make_log("fatal: x"))
    found = find(tc, group_env, "--name", "it's *,other", "--failed", "--all-runs")[0]
    first, second = found["rerun"].split(" | ")
    ids = tc(*shlex.split(first)[1:], env=group_env.environment)
    assert (0, 12) == (ids.exit_code, ids.stdout.count("\n")), ids.stderr
    rerun = tc(*shlex.split(second)[1:], stdin=ids.stdout, env=group_env.environment)
    assert (0, 12) == (rerun.exit_code, rerun.stdout.count(" pending\n")), rerun.stderr
    assert ["other"] == list(names(find(tc, group_env, "--state", "failed")).values())


def test_text_off_a_terminal(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    As on a terminal, or a row for each kind of failure; the default is JSON.
    """
    task_id = group_env.add("red", "failed", log=b"one\nerror: disk is full\n")
    words = ["group", "failures", group_env.group_id]
    text = tc(*words, "--format", "text", env=group_env.environment).stdout.splitlines()
    assert ["1 failure: error: disk is full", "    red"] == text[:2]
    assert f"    tc task rerun {task_id}" == text[-1]
    table = tc(*words, "--format", "table", env=group_env.environment).stdout.splitlines()
    assert 2 == len(table)
    assert "error: disk is full" in table[1]
    assert 1 == len(json.loads(tc(*words, env=group_env.environment).stdout))


def test_markdown(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    No line of a log ends a block of code, and no name is markup.
    """
    group_env.add("a|`b`", "failed", log=make_log("error: ```` <b> \x1b]0;x\x07"))
    result = tc("group", "failures", group_env.group_id, "--format", "markdown", env=group_env.environment)
    lines = result.stdout.splitlines()

    assert 0 == result.exit_code
    assert lines[0].startswith("### 1 failure: `````error: ```` <b>")
    assert "`` a|`b` ``" in lines
    assert "\x1b" not in result.stdout
    assert lines.count("`````") == 2
    assert "```sh" in lines
    assert f"tc task rerun {group_env.ids['a|`b`']}" in lines


def test_logs_that_cannot_be_read(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    The others are printed; the exit code is that of the error.
    """
    red_group.add("private", "running", payload={"log": "private/log"})
    red_group.write_log("private", make_log("error: secret"), "private/log")
    red_group.resolve("private", "failed")
    assert len(find(tc, red_group)) == 5
    anonymous = {"TASKCLUSTER_ROOT_URL": red_group.environment["TASKCLUSTER_ROOT_URL"]}
    result = tc("group", "failures", red_group.group_id, env=anonymous)

    assert (4, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert "failed; its log cannot be read" in names(json.loads(result.stdout))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--name", "nosuch"], 1),
        (["--name", "build"], 1),
        (["--lines", "-1"], 2),
        (["--format", "csv"], 2),
        (["--format", "markdown", "--jq", "."], 2),
        (["--format", "text", "--jq", "."], 2),
        (["--log-match", "("], 2),
        (["--against", ""], 2),
        (["--format", "table"], 0),
        (["--columns", "count,line"], 0),
        (["--format", "jsonl", "--jq", ".[].count"], 0),
    ],
    ids=str,
)
def test_exit_codes(tc: CommandLine, red_group: GroupEnv, options: list[str], code: int) -> None:
    """
    One line on stderr for each error.
    """
    result = tc("group", "failures", red_group.group_id, *options, env=red_group.environment)

    assert code == result.exit_code, result.stderr
    assert bool(code) == result.stderr.count("\n")
