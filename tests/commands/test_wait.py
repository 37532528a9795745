"""
``tc task wait`` and ``tc group wait``: when they end, what they print, and their exit codes.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
import yaml

from tccli.core.tasks import pauses
from tccli.core.tasks.pauses import Pauses
from tccli.errors import NoAnswerError, NotFoundError
from tests.http_server import DROPPED, NO_RESPONSE, Response, error_response, json_response
from tests.ids import TASK_ID
from tests.time_limits import check_duration
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import Received, ScriptedServer

OTHER_ID = f"{TASK_ID[:-2]}AA"
DEFINITION = {
    "taskQueueId": "a/b",
    "schedulerId": "s",
    "taskGroupId": TASK_ID,
    "dependencies": [],
    "created": "2026-01-01T00:00:00.000Z",
    "deadline": "2026-01-02T00:00:00.000Z",
    "payload": {},
    "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://x.y/z"},
}


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


def test_waits_for_what_moves(tc: CommandLine, start_quick: Start, group_env: GroupEnv) -> None:
    """
    A line for each task as it ends, also for one that is rerun meanwhile; the group may appear later.
    """
    process = start_quick("group", "wait", group_env.group_id, "--appear", "1m", env=group_env.environment)
    group_env.wait_for_request("/list", count=2)
    group_env.add("build", "running")
    group_env.add("test", needs=["build"])
    group_env.sandbox.requests.clear()
    group_env.wait_for_request("/list", count=3)
    assert process.poll() is None
    group_env.resolve("build", "completed")
    group_env.claim("test")
    group_env.sandbox.requests.clear()
    group_env.wait_for_request("/list", count=3)
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


@pytest.mark.parametrize("command", [["wait"], ["watch"], ["logs", "-f"]], ids=" ".join)
def test_no_task_matches(tc: CommandLine, group_env: GroupEnv, command: list[str]) -> None:
    """
    Known from the first listing, whatever else runs.
    """
    group_env.add("build", "running")
    begun = time.monotonic()
    result = tc("group", *command, group_env.group_id, "--name", "nope", env=group_env.environment)

    assert (1, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "--name nope" in result.stderr
    check_duration(begun, 30)


def test_a_selected_task_may_appear_later(start_quick: Start, tc: CommandLine, group_env: GroupEnv) -> None:
    """
    In a group that is settled, and not without an end.
    """
    group_env.add("build", "completed")
    line = ["group", "wait", group_env.group_id, "--name", "test"]
    ended = tc(*line, "--appear", "0.2s", env=group_env.environment)
    group_env.sandbox.requests.clear()
    process = start_quick(*line, "--appear", "1m", env=group_env.environment)
    group_env.wait_for_request("/list", count=2)
    group_env.add("test", "completed")
    out, _ = process.communicate(timeout=60)

    assert (1, 1) == (ended.exit_code, ended.stderr.count("\n"))
    assert (0, f"{group_env.ids['test']} test completed\n") == (process.returncode, out.decode())


def test_a_group_does_not_exist(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    What would wait for it is named, and how long it was waited for.
    """
    line = ("group", "wait", slug())
    for options, named in (((), "--appear"), (("--appear", "0.1s"), "did not appear in")):
        result = tc(*line, *options, env=group_env.environment)
        assert (5, 1) == (result.exit_code, result.stderr.count("\n"))
        assert named in result.stderr


def test_a_group_does_not_appear(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    In the time of the wait, which is shorter than that for its first task.
    """
    result = tc("group", "wait", slug(), "--appear", "1m", "--timeout", "0.1s", env=group_env.environment)

    assert (124, 1) == (result.exit_code, result.stderr.count("\n"))


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(
    "command", [["group", "wait", "GROUP"], ["task", "wait", "TASK"], ["group", "logs", "-f", "GROUP"]]
)
def test_a_queue_without_workers(
    tc: CommandLine, group_env: GroupEnv, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """
    Is named once, and the wait goes on.
    """
    monkeypatch.setattr("tccli.cli.tasks.waits.MIN_POLLS_BEFORE_LOOK", 0)
    group_env.add("build", "completed")
    task_id = group_env.add("test", taskQueueId="proj-x/nosuch")
    line = [word.replace("GROUP", group_env.group_id).replace("TASK", task_id) for word in command]
    result = tc(*line, "--timeout", "1s", env=group_env.environment)

    assert 124 == result.exit_code
    assert 1 == result.stderr.count("no worker pool")
    assert f"tc task why {task_id}" in result.stderr


def test_a_task_stays_selected(start_quick: Start, group_env: GroupEnv) -> None:
    """
    Of the tasks that run now, one has ended when it does not run any more.
    """
    group_env.add("build", "running")
    group_env.add("other")
    group_env.sandbox.requests.clear()
    process = start_quick("group", "wait", group_env.group_id, "--state", "running", env=group_env.environment)
    group_env.wait_for_request("/list", count=2)
    group_env.resolve("build", "failed")
    group_env.call("cancelTask", group_env.ids["other"])
    out, _ = process.communicate(timeout=60)

    assert (1, f"{group_env.ids['build']} build failed\n") == (process.returncode, out.decode())


@pytest.mark.usefixtures("quick_polls")
def test_a_task_ends_once(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    One that can never run ends at its deadline; when the time is up before, it is counted apart from the failed ones.
    """
    group_env.add("build", "failed")
    group_env.add("sign", needs=["build"], deadline=later(hours=1))
    group_env.add("test", "running")
    line = ["group", "wait", group_env.group_id, "--timeout"]
    early = tc(*line, "0.1s", env=group_env.environment)
    assert 0 == tc("sandbox", "clock", "+2h", env=group_env.environment).exit_code
    late = tc(*line, "1s", env=group_env.environment)

    assert (124, 124) == (early.exit_code, late.exit_code)
    assert f"{group_env.ids['build']} build failed\n" == early.stdout
    assert "of 3 tasks, 1 running, 1 failed (build), 1 can never run (sign)\n" in early.stderr
    assert 1 == late.stdout.count(" sign exception\n") == late.stdout.count(" sign ")


@pytest.mark.parametrize("options", [["group", "wait"], ["group", "watch"], ["task", "rerun", "--wait"]], ids=str)
def test_a_filter_must_take_a_list(tc: CommandLine, group_env: GroupEnv, options: list[str]) -> None:
    """
    Which is known before anything is waited for.
    """
    group_env.add("build", "running")
    result = tc(*options, group_env.group_id, "--jq", ".name", env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))


def test_the_outcome_counts_more_than_a_filter(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    That does not fit the tasks that were found.
    """
    group_env.add("build", "running")
    group_env.add("lint", "completed")
    line = ["group", "wait", group_env.group_id, "--jq", ".[0].name.x"]
    ended = tc(*line, "--timeout", "0.1s", env=group_env.environment)
    group_env.resolve("build", "completed")
    completed = tc(*line, env=group_env.environment)

    assert (124, 9) == (ended.exit_code, completed.exit_code)
    assert (1, 1) == (ended.stderr.count("--jq"), completed.stderr.count("--jq"))


@pytest.mark.parametrize(
    "words",
    [
        ["task", "rerun", "-f", "TASK", "--wait"],
        ["task", "retrigger", "TASK", "--log"],
        ["task", "run", "--queue", "proj-x/ci", "--wait", "--", "true"],
        ["task", "log", "TASK", "--exit-status", "--tail", "1"],
        ["task", "log", "GROUP:after", "--wait"],
        ["group", "logs", "GROUP", "-f"],
        ["group", "rerun", "GROUP", "--name", "red", "-f", "--log"],
    ],
    ids=" ".join,
)
def test_every_wait_has_a_time(tc: CommandLine, group_env: GroupEnv, words: list[str]) -> None:
    """
    A request may take longer than the wait.
    """
    task_id = group_env.add("build", "running", log=b"one\n")
    group_env.add("red", "failed", log=b"red\n")
    group_env.add("after", needs=["build"])
    line = [word.replace("TASK", task_id).replace("GROUP", group_env.group_id) for word in words]
    place = line.index("--") if "--" in line else len(line)
    result = tc(*line[:place], "--timeout", "0.3s", *line[place:], env=group_env.environment)

    assert 124 == result.exit_code, result.stderr
    assert "the time is up" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", [["log", "--no-follow"], ["rerun", "-n"]], ids=" ".join)
def test_without_a_wait_the_time_is_that_of_requests(tc: CommandLine, group_env: GroupEnv, command: list[str]) -> None:
    """
    As in all commands.
    """
    task_id = group_env.add("build", "failed", log=b"one\n")
    done = tc("task", *command, task_id, "--timeout", "20s", env=group_env.environment)
    wrong = tc("task", *command, task_id, "--timeout", "0", env=group_env.environment)

    assert (0, 2) == (done.exit_code, wrong.exit_code), done.stderr + wrong.stderr
    assert "--timeout" in wrong.stderr


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


def test_what_is_left_at_the_end_of_the_time(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    What failed is not counted with what can never run because of it.
    """
    for name, state in (("red", "failed"), ("gone", "exception"), ("runs", "running"), ("waits", "pending")):
        group_env.add(name, state)
    for name in ("ship", "sign"):
        group_env.add(name, needs=["red"])
    result = tc("group", "wait", group_env.group_id, "--timeout", "0.2s", env=group_env.environment)

    assert (124, 1) == (result.exit_code, result.stderr.count("\n"))
    for part in (
        "of 6 tasks",
        "1 failed (red)",
        "1 ended as exception 'canceled' (gone)",
        "2 can never run",
        "1 running",
    ):
        assert part in result.stderr


@pytest.mark.parametrize(
    "failure",
    [
        NO_RESPONSE,
        error_response(429, "RateLimited", "slow down", Retry_After="1000"),
        error_response(503, "ServiceUnavailable", "no"),
        DROPPED,
        Response(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 90, pause=0.2),
    ],
    ids=["silent", "429", "503", "dropped", "slow"],
)
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "not seen"])
@pytest.mark.parametrize(
    "words",
    [
        ["group", "wait", TASK_ID],
        ["group", "watch", TASK_ID],
        ["task", "wait", f"{TASK_ID}:n"],
        ["task", "wait", TASK_ID],
        ["task", "log", TASK_ID],
        ["task", "log", TASK_ID, "--exit-status"],
        ["group", "logs", TASK_ID, "-f"],
    ],
    ids=" ".join,
)
def test_the_time_of_a_wait_is_that_of_its_requests(
    tc: CommandLine,
    http_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    failure: Response,
    *,
    seen: bool,
) -> None:
    """
    Also of the waits between their retries, however long a service asks for.
    """
    monkeypatch.setattr(pauses, "MAX_LAST_POLL_SECONDS", 0.05)
    status = {"taskId": TASK_ID, "taskGroupId": TASK_ID, "state": "running", "runs": [{"runId": 0, "state": "running"}]}
    entry = {"taskId": TASK_ID, "status": status, "task": {"metadata": {"name": "n"}}}
    document = {"taskGroupId": TASK_ID, "tasks": [entry], "statuses": [entry], "status": status, "metadata": {}}
    first = [json_response(document)] * 3 if seen and words[0] == "task" else [json_response(document)] * seen
    http_server.respond_with(*first, failure)
    began = time.monotonic()
    result = tc(*words, "--timeout", "0.2s", env=http_server.env)

    assert (124, 1) == (result.exit_code, result.stderr.splitlines()[-1].count("the time is up")), result.stderr
    check_duration(began, 10)


@pytest.mark.parametrize("seen", range(5))
@pytest.mark.parametrize(
    "words",
    [
        ["task", "rerun", TASK_ID, "--force", "--wait"],
        ["task", "rerun", TASK_ID, OTHER_ID, "--force", "--log"],
        ["task", "rerun", f"{TASK_ID}:n", "--force", "--wait"],
        ["task", "retrigger", TASK_ID, "--wait"],
        ["task", "run", "--queue", "a/b", "--group", TASK_ID, "--wait", "--", "true"],
        ["group", "rerun", TASK_ID, "--failed", "-f", "--wait"],
    ],
    ids=" ".join,
)
def test_the_time_of_a_wait_is_that_of_the_command(
    tc: CommandLine, http_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, words: list[str], seen: int
) -> None:
    """
    Whichever of its requests has no response: one that finds tasks, one that starts them, or one of the wait.
    """
    monkeypatch.setattr(pauses, "MAX_LAST_POLL_SECONDS", 0.05)
    number = 0

    def respond(received: Received) -> Response:
        nonlocal number
        number += 1
        if number > seen:
            return NO_RESPONSE
        found = re.search("/task/([^/]+)", received.target)
        task_id = found[1] if found else TASK_ID
        state = "failed" if words[0] == "group" and received.verb == "GET" else "running"
        runs = [{"runId": 0, "state": state}]
        status = {"taskId": task_id, "taskGroupId": TASK_ID, "schedulerId": "s", "state": state, "runs": runs}
        if re.search("/task/[^/]+$", received.target) and received.verb == "GET":
            return json_response(DEFINITION)
        asked = json.loads(received.body or b"{}").get("taskIds", [TASK_ID])
        entries = [{"taskId": each, "status": {**status, "taskId": each}, "task": DEFINITION} for each in asked]
        return json_response({"tasks": entries, "statuses": entries, "status": status, **DEFINITION})

    http_server.respond_with(respond)
    result = tc(*words[:2], "--timeout", "0.2s", *words[2:], env=http_server.env)

    assert (124, 1) == (result.exit_code, result.stderr.splitlines()[-1].count("the time is up")), result.stderr


def test_the_time_of_a_command_stops_during_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It goes on after it.
    """
    monkeypatch.setattr(pauses, "MAX_LAST_POLL_SECONDS", 0.0)
    limit = pauses.TimeLimit(5, acts=True)
    for _ in range(2):
        with limit.suspend():
            assert limit._timer.finished.is_set()
    assert 0 < limit.remaining <= 5
    short = pauses.TimeLimit(0.01, acts=True)
    with pytest.raises(NoAnswerError):
        short.cancellation.sleep(30)
    assert short.is_over
    assert 124 == short.explain(NoAnswerError("the transfer was stopped")).exit_code
    assert 5 == short.explain(NotFoundError("gone", status=404)).exit_code


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("words", [["group", "wait", TASK_ID], ["group", "watch", TASK_ID], ["task", "wait", TASK_ID]])
def test_an_unknown_state_is_reported_once(tc: CommandLine, http_server: ScriptedServer, words: list[str]) -> None:
    """
    It ends no wait, so somebody has to look at it.
    """

    def respond_with(state: str) -> Response:
        status = {"taskId": TASK_ID, "taskGroupId": TASK_ID, "state": state, "runs": []}
        entry = {"taskId": TASK_ID, "status": status, "task": {"metadata": {"name": "n"}}}
        return json_response({"taskGroupId": TASK_ID, "tasks": [entry], "statuses": [entry]})

    http_server.respond_with(*[respond_with("NaN")] * 5, respond_with("completed"))
    result = tc(*words, env=http_server.env)

    assert (0, 1) == (result.exit_code, result.stderr.count("state 'NaN'")), result.stderr


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_an_interruption_closes_what_was_opened(
    tc: CommandLine, group_env: GroupEnv, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """
    Each format is whole, as at the end of a time limit; stderr says how far it was, with --error-format json as JSON.
    """

    def interrupt(_pauses: Pauses) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pauses, "wait", interrupt)
    group_env.add("build", "completed")
    group_env.add("test", "failed")
    group_env.add("sign", needs=["build"])
    group_env.add("lint", "running")
    line = ["group", command, group_env.group_id, "--for", "resolved", "--error-format", "json"]
    results = {
        name: tc(*line, "--format", name, env=group_env.environment) for name in ("json", "jsonl", "yaml", "table")
    }
    count = 2 if command == "wait" else 4

    assert {130} == {result.exit_code for result in results.values()}
    assert count == len(json.loads(results["json"].stdout)) == len(yaml.safe_load(results["yaml"].stdout))
    assert count == results["jsonl"].stdout.count("\n") == results["table"].stdout.count("\n") - 1
    for result in results.values():
        assert {
            "exitCode": 130,
            "message": "interrupted: of 4 tasks, 1 pending, 1 running, 1 completed, 1 failed (test)",
        } == json.loads(result.stderr)
    none = tc(*line, "--name", "lint", "--format", "json", env=group_env.environment)
    assert (130, 0 if command == "wait" else 1) == (none.exit_code, len(json.loads(none.stdout)))
    quiet = tc(*line, "-q", env=group_env.environment)
    assert {"exitCode": 130, "message": "interrupted"} == json.loads(quiet.stderr)
