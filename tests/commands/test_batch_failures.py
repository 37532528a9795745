"""
``tc batch``: what it reports of many failures, and when it makes no further call because of them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.batch_env import make_lines, read, write_site
from tests.http_server import DROPPED, NO_RESPONSE, Received, Response, ScriptedServer, error_response, json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start

PING = {"service": "queue", "method": "ping"}
TRIGGER = ("batch", "hooks", "triggerHook", "g", "h{1}", "--data", "{}")
REFUSED = error_response(403, "InsufficientScopes", "you need scopes")
ONE_BY_ONE = ("--jobs", "1", "--retries", "0")


@pytest.fixture(params=["threads", "workers"])
def makers(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """
    The environment in which threads of the process make the calls, or worker processes.
    """
    if request.param == "threads":
        return {}
    if sys.platform != "linux":
        pytest.skip("there are worker processes on Linux only")
    return write_site(tmp_path)


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

    def respond(_request: Received) -> Response:
        return json_response({}) if len(http_server.requests) <= done else fault

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
        assert states["started"] == states["done"] + states["failed"] + uncertain
