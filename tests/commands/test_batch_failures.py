"""
``tc batch``: what it reports of many failures, and when it makes no further call because of them.
"""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.batch_env import make_lines, read
from tests.http_server import DROPPED, NO_RESPONSE, Received, Response, ScriptedServer, error_response, json_response
from tests.terminals import read_terminal
from tests.transfer_env import slug

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start

PING = {"service": "queue", "method": "ping"}
TRIGGER = ("batch", "hooks", "triggerHook", "g", "h{1}", "--data", "{}")
REFUSED = error_response(403, "InsufficientScopes", "you need scopes")
ONE_BY_ONE = ("--jobs", "1", "--retries", "0")


def test_failures_are_counted_by_kind(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The most frequent kind is first, with its message; each has its number and first line; further kinds are counted.
    """
    rare = [error_response(status, "E", "rare") for status in (404, 409, 410)]
    http_server.respond_with(*[DROPPED] * 2, *[REFUSED] * 5, *rare)
    result = tc("batch", *ONE_BY_ONE, stdin=make_lines([PING] * 10), env=http_server.env)

    assert (1, 10) == (result.exit_code, len(read(result)))
    summary = result.stderr.splitlines()[-1]
    assert "10 of 10 calls failed" in summary
    assert "5 with 403 InsufficientScopes (first: line 3), 2 without a response (first: line 1), 1 with 404" in summary
    assert "and 2 others" in summary
    assert "line 3: queue.ping: 403" in summary

    http_server.respond_with(*[DROPPED] * 2, *[REFUSED] * 5, *rare)
    result = tc("batch", *ONE_BY_ONE, "--error-format=json", stdin=make_lines([PING] * 10), env=http_server.env)
    document = json.loads(result.stderr.splitlines()[-1])
    assert 10 == document["counts"]["failed"]
    kinds = [(each["count"], each.get("status"), each["exitCode"], each["firstLine"]) for each in document["failures"]]
    assert [(5, 403, 4, 3), (2, None, 8, 1), (1, 404, 5, 8), (1, 409, 6, 9), (1, 410, 5, 10)] == kinds
    assert "you need scopes" in document["failures"][0]["message"]


def test_any_number_of_codes(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The codes are those of a service. The tally does not grow with them.
    """
    http_server.respond_with(*[error_response(400, f"E{number}", "no") for number in range(200)])
    argv = ("batch", "--error-format", "json", *ONE_BY_ONE)
    result = tc(*argv, stdin=make_lines([PING] * 200), env=http_server.env)

    document = json.loads(result.stderr.splitlines()[-1])
    assert 200 == document["counts"]["failed"] == sum(each["count"] for each in document["failures"])
    assert len(document["failures"]) < 60
    assert "and 197 others" in document["message"]


def test_an_interruption_has_the_reasons(start: Start, http_server: ScriptedServer) -> None:
    """
    Of the failures so far.
    """
    http_server.respond_with(*[REFUSED] * 3, NO_RESPONSE)
    process = start("batch", *ONE_BY_ONE, env=http_server.env, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(make_lines([PING] * 9).encode())
    process.stdin.flush()
    http_server.wait_for(4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert 130 == process.returncode
    assert "3 calls, 3 failed" in errors.decode()
    assert "such as line 1: queue.ping: 403" in errors.decode()


@pytest.mark.parametrize("fault", [DROPPED, error_response(500, "InternalServerError", "oops")], ids=["down", "500"])
def test_a_deployment_that_dies(
    start: Start, http_server: ScriptedServer, tmp_path: Path, fault: Response, makers: dict[str, str]
) -> None:
    """
    In the middle of a batch: after so many failures in a row, no call begins. The journal has what is done.
    """
    done, jobs = 30, 6
    numbers = itertools.count()

    def respond(_request: Received) -> Response:
        return json_response({}) if next(numbers) < done else fault

    http_server.respond_with(respond)
    (tmp_path / "lines").write_text("".join(f"secret-{number}\n" for number in range(500)))
    argv = ("batch", "secrets", "remove", "--jobs", str(jobs), "--retries", "0", "--journal", str(tmp_path / "journal"))

    def run(*options: str) -> tuple[int, str]:
        with (tmp_path / "lines").open("rb") as lines:
            process = start(*argv, *options, env={**http_server.env, **makers}, stdin=lines.fileno())
            output, errors = process.communicate(timeout=60)
        assert output.endswith(b"\n")
        return process.returncode, errors.decode()

    code, errors = run()
    assert 1 == code
    # Each worker has some more calls than it can begin.
    assert done + jobs <= len(http_server.requests) <= done + 2 * jobs + 32
    assert "in a row" in errors.splitlines()[-1]
    assert "the same journal" in errors.splitlines()[-1]
    assert "--keep-going" in errors.splitlines()[-1]

    code, errors = run("--keep-going")
    assert 1 == code
    assert len(http_server.requests) > 500

    http_server.respond_with(json_response({}))
    code, errors = run()
    assert 0 == code, errors
    assert f"{500 - done} calls, {done} skipped" in errors


def test_failures_that_are_not_in_a_row(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A refusal is a response of the deployment, and may be about one call only; so all calls are made.
    """
    faults = [*[DROPPED] * 4, REFUSED]
    http_server.respond_with(json_response({}), *faults * 5, *[REFUSED] * 24)
    result = tc("batch", *ONE_BY_ONE, stdin=make_lines([PING] * 50), env=http_server.env)
    assert (1, 50) == (result.exit_code, len(read(result)))


@pytest.mark.parametrize("method", ["triggerHook", "createHook", "hook"])
def test_results_that_cannot_be_written(
    start: Start, http_server: ScriptedServer, tmp_path: Path, method: str, makers: dict[str, str]
) -> None:
    """
    The calls that were made are counted and their ends recorded, except those that only read.
    """
    if not Path("/dev/full").exists():
        pytest.skip("there is no full device")
    http_server.respond_with(json_response({}))
    hook = {"metadata": {"name": "n", "description": "d", "owner": "o@x.org"}, "task": {}}
    payload = [] if method == "hook" else ["--data", json.dumps(hook if method == "createHook" else {})]
    (tmp_path / "lines").write_text("".join(f"g h{number}\n" for number in range(100)))
    argv = ("batch", "hooks", method, *payload, "--no-validate", "--jobs", "4", "--journal", str(tmp_path / "journal"))
    with (tmp_path / "lines").open("rb") as lines, Path("/dev/full").open("wb") as full:
        process = start(
            *argv,
            env={**http_server.env, **makers},
            stdin=lines.fileno(),
            stdout=full.fileno(),
            stderr=subprocess.PIPE,
        )
        _, errors = process.communicate(timeout=60)

    assert 3 == process.returncode
    *_, summary, error = errors.decode().splitlines()
    assert "No space left" in error or "no space left" in error
    assert "results were not written" in summary
    assert "stopped after 0" not in summary
    states = Counter(json.loads(line).get("state") for line in (tmp_path / "journal").read_text().splitlines())
    assert (states["done"] >= 1) == (method != "hook"), (states, summary)
    if method == "triggerHook":
        uncertain = sum("is uncertain" in line for line in errors.decode().splitlines())
        assert states["started"] <= states["done"] + states["failed"] + uncertain


@pytest.mark.parametrize("method", ["status", "cancelTask"])
def test_a_reader_that_closes_the_results_of_changes(start: Start, http_server: ScriptedServer, method: str) -> None:
    """
    Is told how many calls were made, in one line; of calls that only read, nothing.
    """
    http_server.respond_with(json_response({}))
    process = start(
        *("batch", "queue", method, "--jobs", "4"),
        env=http_server.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(f"{slug()}\n".encode() * 50)
    process.stdin.flush()
    assert 141 == process.wait(30)
    errors = process.stderr.read().decode()
    process.stdin.close()
    process.stdin = process.stdout = None

    if method == "status":
        assert "" == errors
    else:
        assert 1 == errors.count("\n")
        assert "reader" in errors
        assert re.search(r"after [1-9][0-9]* calls?;", errors), errors


@pytest.mark.parametrize("options", [(), ("-vv",), ("--dry-run",)], ids=str)
def test_each_line_on_stderr_is_json(tc: CommandLine, http_server: ScriptedServer, options: tuple[str, ...]) -> None:
    """
    With --error-format json: also notes, warnings, uncertain calls and requests. Only the error has an exit code.
    """
    http_server.respond_with(error_response(500, "InternalServerError", "oops"))
    argv = (*TRIGGER, "--columns", "absent", "--error-format=JSON", *ONE_BY_ONE, *options)
    result = tc(*argv, stdin="1\n2\n", env=http_server.env)

    documents = [json.loads(line) for line in result.stderr.splitlines()]
    assert all(each["message"] and not each["message"].startswith("tc: ") for each in documents)
    assert len(documents) > 1
    assert ["exitCode" in each for each in documents] == [False] * (len(documents) - 1) + [options != ("--dry-run",)]


def test_an_interruption_is_json(start: Start, http_server: ScriptedServer) -> None:
    """
    With the failures by kind.
    """
    http_server.respond_with(*[REFUSED] * 3, NO_RESPONSE)
    argv = ("batch", *ONE_BY_ONE, "--error-format", "json")
    process = start(*argv, env=http_server.env, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(make_lines([PING] * 9).encode())
    process.stdin.flush()
    http_server.wait_for(4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    document = json.loads(errors.splitlines()[-1])
    assert 130 == document["exitCode"]
    assert {"calls": 3, "failed": 3, "uncertain": 0, "skipped": 0} == document["counts"]
    assert [(3, 403)] == [(each["count"], each["status"]) for each in document["failures"]]


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=str)
def test_that_nothing_was_sent(tc: CommandLine, http_server: ScriptedServer, options: tuple[str, ...]) -> None:
    """
    Is said where payloads are not valid, and also in a dry run in which others are.
    """
    lines = [{"service": "hooks", "method": "triggerHook", "args": ["a", "b"], "payload": "x"}] * 2
    result = tc("batch", *options, stdin=make_lines([*lines, *([PING] if options else [])]), env=http_server.env)
    assert (2, 0) == (result.exit_code, len(http_server.requests))
    assert "nothing was sent" in result.stderr


@pytest.mark.parametrize("status", [401, 503])
def test_a_failure_is_told_once(tc: CommandLine, http_server: ScriptedServer, status: int) -> None:
    """
    The summary does not repeat the message that was printed when the first call failed; its advice is there.
    """
    http_server.respond_with(error_response(status, "SomeCode", "some reason"))
    result = tc("batch", "--retries", "0", stdin=make_lines([PING] * 20), env=http_server.env)
    assert (1, 2, 1) == (result.exit_code, result.stderr.count("\n"), result.stderr.count("some reason"))
    assert f"all with {status} SomeCode" in result.stderr.splitlines()[-1]


def test_a_table_has_the_messages(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Of failures, also next to results with many properties.
    """
    status = {"taskId": slug(), "state": "pending", "schedulerId": "s", "workerType": "w", "provisionerId": "p"}
    http_server.respond_with(json_response({"status": status}), REFUSED)
    lines = f"{slug()}\n" * 3
    result = tc("batch", "queue", "status", "--format", "table", *ONE_BY_ONE, stdin=lines, env=http_server.env)
    head, *rows = result.stdout.splitlines()
    assert ["id", "message"] == head.split()[:2]
    assert ["1", "2", "3"] == [row.split()[0] for row in rows]
    assert all("queue.status: 403" in row for row in rows[1:])


@pytest.mark.parametrize("has_display", [False, True], ids=["at once", "display"])
def test_an_interruption_on_a_terminal(
    start: Start, http_server: ScriptedServer, tmp_path: Path, has_display: bool
) -> None:
    """
    The display is removed, and the message has a line of its own, without the ^C of the terminal.
    """
    http_server.respond_with(*[json_response({})] * 10, NO_RESPONSE)
    (tmp_path / "lines").write_text(make_lines([PING] * 200))
    ours, theirs = pty.openpty()
    with (tmp_path / "lines").open("rb") as lines:
        env = {**http_server.env, "TERM": "xterm", "COLUMNS": "100"}
        process = start("batch", "--jobs", "2", env=env, stdin=lines.fileno(), stderr=theirs)
    os.close(theirs)
    http_server.wait_for(12)
    shown = b""
    while has_display and b" left" not in shown:
        shown += os.read(ours, 65536)
    # What the terminal echoes; it is not the controlling one, so this sends no signal.
    os.write(ours, b"\x03")
    while b"^C" not in shown:
        shown += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    shown += read_terminal(ours)

    assert 130 == process.wait(30)
    *_, before, message, after = shown.split(b"\r\n")
    assert message.startswith(b"tc: interrupted after 10 calls"), shown
    assert b"" == after
    assert not has_display or b"\x1b[2K" in before
