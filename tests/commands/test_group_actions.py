"""
``tc group rerun`` and ``cancel``: what they act on, what they ask, and what they print.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tccli.cli.tasks import action_progress, lines
from tccli.core.parallel import DEFAULT_JOBS
from tccli.output import live_stream
from tests.http_server import NO_RESPONSE, json_response
from tests.ids import TASK_ID
from tests.interruption_points import interrupted_at
from tests.terminals import read_terminal
from tests.transfer_env import later, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import Received, Response, ScriptedServer


@pytest.fixture
def red_group(group_env: GroupEnv) -> GroupEnv:
    """
    A group with tasks in each state.
    """
    group_env.add("build", "completed")
    group_env.add("test-1", "failed", log=b"Connection reset by peer\n")
    group_env.add("test-2", "failed", log=b"assertion\n")
    group_env.add("lint", "exception")
    group_env.add("sign", "running")
    group_env.add("docs")
    group_env.add("ship", needs=["test-1"])
    return group_env


def names(text: str) -> str:
    """
    Return the second words of lines, sorted.
    """
    return " ".join(sorted(line.split()[1] for line in text.splitlines()))


@pytest.mark.parametrize(
    ("options", "acted_on"),
    [
        (["--failed"], "test-1 test-2"),
        (["--state", "failed,exception"], "lint test-1 test-2"),
        (["--state", "exception"], "lint"),
        (["--state", "completed"], "build"),
        (["--name", "*"], "lint test-1 test-2"),
        (["--name", "test-*,build"], "test-1 test-2"),
        (["--name", "*", "--limit", "1"], "lint"),
        (["--failed", "--log-match", "Connection reset"], "test-1"),
        (["--reason", "canceled"], "lint"),
    ],
    ids=str,
)
def test_rerun(tc: CommandLine, red_group: GroupEnv, options: list[str], acted_on: str) -> None:
    """
    Without a terminal to ask at, -f is required; --dry-run prints the same lines.
    """
    line = ["group", "rerun", red_group.group_id, *options]
    dry = tc(*line, "-n", env=red_group.environment)
    asked = tc(*line, env=red_group.environment)
    piped = tc(*line, stdin="y\n", env=red_group.environment)
    assert (0, 2, 2) == (dry.exit_code, asked.exit_code, piped.exit_code)
    assert "--force" in asked.stderr
    assert "" == asked.stdout == piped.stdout
    assert not [target for verb, target in red_group.sandbox.requests if target.endswith("/rerun")]

    done = tc(*line, "-f", env=red_group.environment)
    assert 0 == done.exit_code, done.stderr
    assert acted_on == names(done.stdout) == names(dry.stdout)
    assert done.stdout == dry.stdout.replace("would-rerun", "pending")
    if "--failed" in options:
        assert "1 exception left out" in done.stderr


@pytest.mark.parametrize(
    ("command", "answers", "asked_about"),
    [
        ("rerun --failed", "n", "test-1 test-2"),
        ("rerun --state failed,exception", "maybe y", "lint test-1 test-2"),
        ("cancel", "n", "docs ship sign"),
        ("cancel --state pending", "y", "docs"),
    ],
)
def test_a_question_at_the_terminal(
    process_environment: dict[str, str], red_group: GroupEnv, command: str, answers: str, asked_about: str
) -> None:
    """
    It is asked once, with how many tasks are selected and how many there are; again only if there was no answer.
    """
    verb, *options = command.split()
    red_group.sandbox.requests.clear()
    argv = ["-m", "tccli", "group", verb, red_group.group_id, *options]
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, *argv], {**process_environment, **red_group.environment})
    os.write(terminal, answers.replace(" ", "\n").encode() + b"\n")
    shown = read_terminal(terminal)

    assert int(answers == "n") == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
    assert answers.count(" ") + 1 == shown.decode().count("[y/n]")
    question = re.search(rf"{verb} ([0-9]) of 7 tasks \((.*?)\)\? ", shown.decode())
    assert question is not None, shown
    assert asked_about.split() == sorted(question[2].split(", "))
    changed = [target for verb_, target in red_group.sandbox.requests if target.endswith(("/rerun", "/cancel"))]
    assert answers.endswith("y") == bool(changed)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--name", ""], 2),
        (["--name", "nosuch"], 1),
        (["--failed", "--name", "build"], 1),
        (["--state", "pending"], 1),
        (["--failed", "--log-match", "nosuch"], 1),
    ],
    ids=str,
)
def test_nothing_to_rerun(tc: CommandLine, red_group: GroupEnv, options: list[str], code: int) -> None:
    """
    One line; without any selection, nothing is sent.
    """
    before = len(red_group.sandbox.requests)
    result = tc("group", "rerun", red_group.group_id, "-f", *options, env=red_group.environment)

    assert (code, "") == (result.exit_code, result.stdout)
    assert result.stderr.count("\n") == 1 + ("left out" in result.stderr)
    assert code == 1 or before == len(red_group.sandbox.requests)


def test_rerun_and_wait(start_quick: Start, tc: CommandLine, red_group: GroupEnv) -> None:
    """
    What was started is on stderr, what has ended on stdout, to the end of all; 1 if one is not completed.
    """

    def is_pending(name: str) -> bool:
        return "pending" in tc("task", "status", red_group.ids[name], env=red_group.environment).stdout

    process = start_quick("group", "rerun", red_group.group_id, "--failed", "-f", "--wait", env=red_group.environment)
    for name, state in (("test-1", "failed"), ("test-2", "completed")):
        wait_until(partial(is_pending, name), process, pause=0.05)
        red_group.claim(name, 1)
        red_group.resolve(name, state, 1)
    out, err = (stream.decode() for stream in process.communicate(timeout=60))

    assert 1 == process.returncode, err
    assert "test-1 test-2" == names(out)
    assert f"tc: {red_group.ids['test-1']} test-1 pending" in err.splitlines()
    assert "1 failed (test-1)" in err


@pytest.mark.parametrize(
    ("options", "acted_on"),
    [
        ([], "docs ship sign"),
        (["--state", "pending"], "docs"),
        (["--name", "s*"], "ship sign"),
        (["--name", "!docs", "--limit", "1"], "ship"),
        (["-w", "ci"], "docs ship sign"),
        (["--seal"], "docs ship sign"),
    ],
    ids=str,
)
def test_cancel(tc: CommandLine, red_group: GroupEnv, options: list[str], acted_on: str) -> None:
    """
    Tasks that are not resolved, of those that are selected.
    """
    line = ["group", "cancel", red_group.group_id, *options]
    dry = tc(*line, "-n", env=red_group.environment)
    asked = tc(*line, env=red_group.environment)
    assert (0, 2, "") == (dry.exit_code, asked.exit_code, asked.stdout)
    assert acted_on == names(dry.stdout)
    assert "sealed" not in red_group.call("getTaskGroup", red_group.group_id)

    done = tc(*line, "-f", env=red_group.environment)
    assert 0 == done.exit_code, done.stderr
    assert done.stdout == dry.stdout.replace("would-cancel", "exception")
    assert ("--seal" in options) == ("sealed" in red_group.call("getTaskGroup", red_group.group_id))
    again = tc(*line, "-f", "--name", "*", env=red_group.environment)
    assert acted_on != "docs ship sign" or (1, "") == (again.exit_code, again.stdout)
    # Nothing is left; to seal is still something to do.
    nothing = tc(*line, "-f", env=red_group.environment)
    assert acted_on != "docs ship sign" or ("--seal" not in options) == (nothing.exit_code == 1), nothing.stderr


@pytest.mark.parametrize("command", [["group", "rerun", "--failed"], ["group", "cancel"]], ids=str)
def test_a_missing_group(tc: CommandLine, group_env: GroupEnv, command: list[str]) -> None:
    """
    Exit code 5, and in read-only mode 2 before anything is sent.
    """
    assert 5 == tc(*command, "-f", TASK_ID, env=group_env.environment).exit_code
    before = len(group_env.sandbox.requests)
    refused = tc(*command, "-f", TASK_ID, "--read-only", env=group_env.environment)
    assert (2, before) == (refused.exit_code, len(group_env.sandbox.requests))


def test_many_tasks_in_few_calls(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    Names and states of many tasks come with one request, and each task is acted on by one.
    """
    listed = tc("group", "list", red_group.group_id, "-fe", env=red_group.environment).stdout
    red_group.sandbox.requests.clear()
    dry = tc("task", "rerun", "-n", "-", stdin=listed, env=red_group.environment)
    assert dry.stdout == listed.replace(" failed", " would-rerun").replace(" exception", " would-rerun")
    assert 2 == len(red_group.sandbox.requests)
    done = tc("task", "rerun", "-", TASK_ID, "--format", "json", stdin=listed, env=red_group.environment)

    assert 5 == done.exit_code
    assert "1 of 4 failed" in done.stderr
    assert ["pending"] * 3 == [status["state"] for status in json.loads(done.stdout)]
    assert 2 + 2 + 3 + 1 == len(red_group.sandbox.requests)


def test_seal(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    It is sealed once, and the time of that is printed.
    """
    group_id = red_group.group_id
    assert f"{group_id} would-seal\n" == tc("group", "seal", "-n", group_id, env=red_group.environment).stdout
    first = tc("group", "seal", group_id, env=red_group.environment)
    sealed = red_group.call("getTaskGroup", group_id)["sealed"]
    assert f"{group_id} sealed {sealed}\n" == first.stdout
    assert first.stdout == tc("group", "seal", group_id, env=red_group.environment).stdout
    assert first.stdout == tc("group", "seal", group_id, "-n", env=red_group.environment).stdout
    assert 5 == tc("group", "seal", TASK_ID, env=red_group.environment).exit_code


def test_prioritize(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    Of a group, one call for all tasks; of tasks, one for each. A wrong level sends nothing.
    """
    group_id, docs, ship = red_group.group_id, red_group.ids["docs"], red_group.ids["ship"]
    env = red_group.environment

    def priority(task_id: str) -> str:
        return str(red_group.call("status", task_id)["status"]["priority"])

    would = tc("group", "prioritize", "-n", group_id, "high", env=env)
    assert re.fullmatch(rf"{group_id} would-prioritize high \([1-7] tasks\)\n", would.stdout)
    tc("task", "prioritize", "-n", docs, "high", env=env)
    assert "lowest" == priority(docs)
    done = tc("group", "prioritize", group_id, "high", env=env)
    # Those that were resolved a moment ago change, too.
    assert (0, f"{group_id} prioritized high (7 tasks)\n") == (done.exit_code, done.stdout)
    assert {"high"} == {priority(docs), priority(ship)}
    assert "pending\n" == tc("task", "prioritize", docs, "low", env=env).stdout
    many = tc("task", "prioritize", docs, f"{group_id}:ship", "very-low", env=env)
    assert f"{docs} docs pending\n{ship} ship unscheduled\n" == many.stdout
    assert {"very-low"} == {priority(docs), priority(ship)}
    red_group.sandbox.requests.clear()
    for words in (["group", "prioritize", group_id, "urgent"], ["task", "prioritize", docs]):
        assert 2 == tc(*words, env=env).exit_code
    assert not red_group.sandbox.requests


def test_prioritize_selected(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    One by one, not without being asked; a task that is resolved is refused by its state, before any 409 is shown.
    """
    env, group_id, ids = red_group.environment, red_group.group_id, red_group.ids

    def priority(name: str) -> str:
        return str(red_group.call("status", ids[name])["status"]["priority"])

    words = ["group", "prioritize", group_id, "high", "--name", "docs"]
    assert 2 == tc(*words, env=env).exit_code
    assert f"{ids['docs']} docs would-prioritize\n" == tc(*words, "-n", env=env).stdout
    assert "lowest" == priority("docs")
    assert f"{ids['docs']} docs pending\n" == tc(*words, "-f", env=env).stdout
    assert ("high", "lowest") == (priority("docs"), priority("ship"))
    same = tc("task", "prioritize", ids["docs"], "high", env=env)
    assert (0, "pending\n") == (same.exit_code, same.stdout)
    assert "already" in same.stderr
    assert 1 == tc("group", "prioritize", group_id, "high", "--name", "nosuch", "-f", env=env).exit_code
    tc("sandbox", "clock", "+1h", env=env)
    red = next(name for name in ids if red_group.call("status", ids[name])["status"]["state"] == "failed")
    for options in ([], ["-n"]):
        refused = tc("task", "prioritize", ids[red], "high", *options, env=env)
        assert (1, "", 1) == (refused.exit_code, refused.stdout, refused.stderr.count("\n"))
        assert "it is failed" in refused.stderr


@pytest.mark.parametrize("words", [["group", "seal"], ["task", "cancel"], ["task", "complete"]], ids=" ".join)
def test_force_is_accepted(tc: CommandLine, group_env: GroupEnv, words: list[str]) -> None:
    """
    Scripts give -f to all commands that change something.
    """
    task_id = group_env.add("a")
    word = group_env.group_id if words[0] == "group" else task_id

    assert 0 == tc(*words, "-f", word, env=group_env.environment).exit_code


def test_dry_retrigger(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Nothing is created, in read-only mode either; the definition can be printed.
    """
    task_id = group_env.add("a")
    done = tc("task", "retrigger", "-n", task_id, "--read-only", env=group_env.environment)
    assert (0, f"{task_id} a would-retrigger\n") == (done.exit_code, done.stdout)
    words = ["task", "retrigger", "-n", task_id, "--set", "metadata.name=b", "--format", "json"]
    assert "b" == json.loads(tc(*words, env=group_env.environment).stdout)["metadata"]["name"]
    assert 1 == len(group_env.call("listTaskGroup", group_env.group_id)["tasks"])


def test_a_filter_is_compiled_once(
    tc: CommandLine, red_group: GroupEnv, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """
    However often it is checked that it takes a list.
    """
    import jq

    compiled: list[str] = []
    compile_expression = jq.compile

    def record(text: str) -> object:
        compiled.append(text)
        return compile_expression(text)

    monkeypatch.setattr(jq, "compile", record)
    # A filter of its own, since others may be compiled already.
    expression = f'.[].state # "{request.node.nodeid}"'
    line = ["group", "rerun", red_group.group_id, "--failed", "-f", "--jq", expression, "-r"]
    result = tc(*line, env=red_group.environment)

    assert (0, "pending\npending\n") == (result.exit_code, result.stdout), result.stderr
    assert [expression] == compiled


@pytest.mark.parametrize(
    "words",
    [
        ["group", "cancel", TASK_ID, "-f"],
        ["group", "rerun", TASK_ID, "--state", "failed", "-f"],
        ["task", "prioritize", "-", "high"],
        ["task", "cancel", "-"],
        ["group", "cancel", TASK_ID, "-f", "--format", "json"],
        ["group", "cancel", TASK_ID, "-f", "--format", "jsonl"],
    ],
    ids=" ".join,
)
def test_an_interruption_tells_how_many_are_done(
    start: Start, http_server: ScriptedServer, words: list[str], tmp_path: Path
) -> None:
    """
    Those that wait for others in the order of the output count, too; and what to do about the rest.
    """
    ids = [f"{TASK_ID[:-2]}{chr(65 + number)}A" for number in range(26)]
    state = "failed" if "rerun" in words else "pending"
    acted_on: set[str] = set()
    lock = threading.Lock()

    def respond(received: Received) -> Response:
        found = re.search("/task/([^/]+)", received.target)
        task_id = found[1] if found else ""
        status = {"taskId": task_id, "taskGroupId": TASK_ID, "state": state, "runs": [{"runId": 0, "state": state}]}
        entries = [
            {"taskId": each, "status": {**status, "taskId": each}, "task": {"metadata": {"name": each}}} for each in ids
        ]
        if task_id and received.verb != "GET":
            # The first one has no response, and all after the tenth.
            with lock:
                acted_on.add(task_id)
                is_late = len(acted_on) > 10
            if task_id == ids[0] or is_late:
                return NO_RESPONSE
        return json_response({"taskGroupId": TASK_ID, "tasks": entries, "statuses": entries, "status": status})

    http_server.respond_with(respond)
    (tmp_path / "ids").write_text("".join(f"{each}\n" for each in ids))
    with (tmp_path / "ids").open() as lines:
        process = start(*words, env=http_server.env, stdin=lines.fileno())
    # Nine calls have ended, and as many as run at a time are on the way.
    wait_until(lambda: len(acted_on) == 9 + DEFAULT_JOBS, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert 130 == process.returncode, errors
    found = re.search(rb"interrupted: ([0-9]+) of 26 tasks are done, and perhaps ([0-9]+) more.*; the same", errors)
    assert found, errors
    # What has a response is printed, in order; all else that was sent may have been done.
    if "--format" in words:
        documents = json.loads(output) if "json" in words else [json.loads(line) for line in output.splitlines()]
        printed = [each["taskId"] for each in documents]
    else:
        printed = [line.split()[0].decode() for line in output.splitlines()]
    assert sorted(printed) == printed
    assert (9, len(acted_on)) == (len(printed), int(found[1]) + int(found[2]))
    assert 9 == int(found[1])
    assert b"Traceback" not in errors


@pytest.mark.parametrize("options", [(), ("--format", "jsonl")], ids=["lines", "jsonl"])
def test_an_interruption_at_any_line_of_the_output(
    tc: CommandLine, http_server: ScriptedServer, options: tuple[str, ...]
) -> None:
    """
    Each task that was acted on is printed once.
    """
    ids = [f"{TASK_ID[:-2]}{chr(65 + number)}A" for number in range(3)]

    def respond(received: Received) -> Response:
        found = re.search("/task/([^/]+)", received.target)
        status = {"taskGroupId": TASK_ID, "state": "pending", "runs": [{"runId": 0, "state": "pending"}]}
        entries = [{"status": {**status, "taskId": each}, "task": {"metadata": {"name": "build"}}} for each in ids]
        status["taskId"] = found[1] if found else TASK_ID
        return json_response({"taskGroupId": TASK_ID, "tasks": entries, "statuses": entries, "status": status})

    http_server.respond_with(respond)
    files = {live_stream.__file__, lines.__file__, action_progress.__file__}
    line = 1
    is_interrupted = True
    while is_interrupted:
        with interrupted_at(line, lambda code: code.co_filename in files) as reached:
            result = tc("group", "cancel", TASK_ID, "-f", *options, env=http_server.env)
        is_interrupted = len(reached) == line
        assert (130 if is_interrupted else 0) == result.exit_code, (reached, result)
        printed = re.findall("|".join(ids), result.stdout)
        assert len(printed) == len(set(printed)) == result.stdout.count("\n"), (reached, result)
        if found := re.search("interrupted: ([0-9]+) of 3 tasks are done", result.stderr):
            assert int(found[1]) == len(printed), (reached, result)
        line += 1
    assert ids == printed
    assert line > 50


def test_records_of_actions(tc: CommandLine, red_group: GroupEnv) -> None:
    """
    They have what lists of tasks show, and what was done or would be, for a group, many tasks and one.
    """
    failed = red_group.ids["test-1"]
    lines = {
        "would-rerun": ["group", "rerun", red_group.group_id, "--failed", "-n"],
        "rerun": ["group", "rerun", red_group.group_id, "--failed", "-f"],
        "would-cancel": ["task", "cancel", failed, "-n"],
        "cancel": ["task", "cancel", failed],
    }
    for action, line in lines.items():
        result = tc(*line, "--format", "jsonl", env=red_group.environment)
        # They come as they are done.
        record = max(map(json.loads, result.stdout.splitlines()), key=lambda each: each["taskId"] == failed)
        assert (action, "test-1", failed) == (record["action"], record["name"], record["taskId"]), result
        assert "reason" in record
        assert record["runs"]
        assert record["queue"] == record["taskQueueId"]
    table = tc("group", "rerun", red_group.group_id, "--state", "exception", "-n", "--columns", "name,action")
    assert table.exit_code == 3
    line = ["group", "rerun", red_group.group_id, "--name", "lint", "-n", "--columns", "name,action"]
    assert ["lint", "would-rerun"] == tc(*line, env=red_group.environment).stdout.split()[-2:]


def test_a_dry_run_knows_the_deadline(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    After it, the queue refuses to rerun a task, or to cancel it.
    """
    task_id = group_env.add("build", "failed", deadline=later(hours=1))
    assert 0 == tc("sandbox", "clock", "+2h", env=group_env.environment).exit_code
    for line in (["group", "rerun", group_env.group_id, "--failed"], ["task", "rerun", task_id]):
        dry = tc(*line, "-n", env=group_env.environment)
        assert (1, "") == (dry.exit_code, dry.stdout)
        assert f"{task_id}: its deadline" in dry.stderr
    assert 6 == tc("group", "rerun", group_env.group_id, "--failed", "-f", env=group_env.environment).exit_code
    assert 6 == tc("task", "cancel", task_id, env=group_env.environment).exit_code
    assert 1 == tc("task", "cancel", task_id, "-n", env=group_env.environment).exit_code


def test_a_copy_in_a_sealed_group(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Nothing is claimed of it before it exists, and the error names what creates it.
    """
    task_id = group_env.add("build", "failed")
    group_env.call("sealTaskGroup", group_env.group_id)
    refused = tc("task", "retrigger", task_id, env=group_env.environment)
    assert (6, 1) == (refused.exit_code, refused.stderr.count("\n")), refused.stderr
    assert "--group new" in refused.stderr
    assert 0 == tc("task", "retrigger", task_id, "--group", "new", env=group_env.environment).exit_code


def test_logs_that_will_never_be(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    Of a task that cannot run, and of one that was cancelled before its worker stored the log.
    """
    group_env.add("build", "failed")
    sign = group_env.add("sign", needs=["build"])
    result = tc("task", "log", sign, env=group_env.environment)
    assert (5, True, False) == (result.exit_code, "tc task why" in result.stderr, "--wait" in result.stderr)
    waiting = tc("task", "log", group_env.add("test"), env=group_env.environment)
    assert "--wait" in waiting.stderr

    cancelled = group_env.add("lint", "running")
    address = {"storageType": "reference", "url": "http://127.0.0.1:1/log", "contentType": "text/plain"}
    group_env.call(
        "createArtifact", cancelled, "0", "public/logs/live.log", payload={**address, "expires": later(hours=1)}
    )
    group_env.call("cancelTask", cancelled)
    got = tc("group", "download", group_env.group_id, "*", "-o", str(tmp_path), env=group_env.environment)
    assert (5, 2) == (got.exit_code, got.stderr.count("\n")), got.stderr
    assert "lint" in got.stderr
    missing = tc("task", "log", "--tail")
    assert missing.stderr.startswith("tc: task log: ")
