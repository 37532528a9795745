"""
What ``-v``, ``-vv`` and ``TC_LOG`` tell of each request.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.http.messages import Request
from tccli.core.http.redact import Redactor
from tccli.core.http.request_log import RequestLog
from tccli.core.http.tracing import Trace
from tests.http_server import DROPPED, error_response, json_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox, Start
    from tests.http_server import ScriptedServer
    from tests.transfer_env import TransferEnv

TASK = ("queue", "task", TASK_ID)
QUICK = ("--delay-factor", "0", "--retries", "2")
SECRET = "5uper-s3cret-value"


def request_lines(stderr: str) -> list[str]:
    """
    Return the lines about requests, without their times.
    """
    lines = [line for line in stderr.splitlines() if re.match("tc: (GET|PUT|POST|DELETE) ", line)]
    assert all(re.search(r" in [0-9.]+ m?s\b", line) for line in lines)
    return [re.sub(r" in [0-9.]+ m?s\b", "", line) for line in lines]


def read_log(path: Path) -> list[dict[str, Any]]:
    """
    Return the records in a log.
    """
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_request_has_a_line(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With verb, URL, status, time and which retry it is.
    """
    http_server.respond_with(DROPPED, error_response(500, "InternalServerError", "m"), json_response({}))
    result = tc(*TASK, *QUICK, "-v", env=http_server.env)
    url = f"{http_server.url}/api/queue/v1/task/{TASK_ID}"

    assert 0 == result.exit_code
    first, second, third = request_lines(result.stderr)
    assert first.startswith(f"tc: GET {url}: no response: ")
    assert (f"tc: GET {url}: 500 (retry 1)", f"tc: GET {url}: 200 (retry 2)") == (second, third)
    assert [] == request_lines(tc(*TASK, env=http_server.env).stderr)
    assert "" == tc(*TASK, "-v", "--quiet", env=http_server.env).stderr
    assert "" == tc(*TASK, "-vv", "--quiet", env=http_server.env).stderr


def test_every_page_and_every_helper_has_a_line(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Pages, references, and calls that a command makes besides.
    """
    http_server.respond_with(json_response({"tasks": [], "continuationToken": "a"}), json_response({"tasks": []}))
    pages = tc("queue", "listTaskGroup", TASK_ID, "--paginate", "-v", env=http_server.env)
    fetched = tc("references", "diff", "-v", *QUICK, env=http_server.env)

    assert 2 == len(request_lines(pages.stderr))
    assert "/references/references.json: 200" in request_lines(fetched.stderr)[0]


def test_secrets_of_a_url_are_masked(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Also in the log, also where nothing responds.
    """
    env = {**http_server.env, "TC_LOG": str(tmp_path / "log")}
    http_server.respond_with(DROPPED)
    words = ("hooks", "triggerHookWithToken", "a", "b", SECRET, "--data", "{}")
    result = tc(*words, "-vv", *QUICK, env=env)

    assert 8 == result.exit_code
    assert SECRET not in result.stderr + (tmp_path / "log").read_text()
    assert 1 == len(request_lines(result.stderr))


def test_details_have_headers_and_bodies(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    With ``-vv``, without the values of secrets.
    """
    payload = json.dumps({"secret": {"token": SECRET, "n": 123456789}, "expires": "2099-01-01T00:00:00.000Z"})
    stored = tc("secrets", "set", "a", "-vv", stdin=payload, env=sandbox.environment)
    read = tc("secrets", "get", "a", "-vv", env=sandbox.environment)
    status = tc("queue", "status", TASK_ID, "-vv", env=sandbox.environment)

    assert (0, 0, 5) == (stored.exit_code, read.exit_code, status.exit_code)
    assert SECRET in read.stdout
    assert SECRET not in stored.stderr + read.stderr
    assert "123456789" not in stored.stderr + read.stderr
    assert {"> Authorization: Hawk …", "> Content-Type: application/json"} <= set(stored.stderr.splitlines())
    assert [line for line in stored.stderr.splitlines() if line.startswith('> {"secret":')]
    assert [line for line in read.stderr.splitlines() if line.startswith('< {"secret":')]
    assert '< {"code":"ResourceNotFound"' in status.stderr


def test_a_request_is_printed_before_its_response(start: Start, http_server: ScriptedServer) -> None:
    """
    So that one sees what a command waits for.
    """
    from tests.http_server import NO_RESPONSE

    http_server.respond_with(NO_RESPONSE)
    process = start(*TASK, "-vv", env=http_server.env)
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("> GET "):
        lines.append(process.stderr.readline().decode())
        assert lines[-1]
    process.kill()


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        pytest.param(b"<p>gate\x1b[31mway</p>", "text/html", "<p>gate\\x1b[31mway</p>", id="HTML"),
        pytest.param(b"\xff\xfe\x00", "image/png", "\ufffd\ufffd\\x00", id="bytes"),
        pytest.param(b"", "text/plain", None, id="nothing"),
        pytest.param(b'{"a": "' + b"x" * 20_000 + b'"}', "application/json", "…", id="long"),
        pytest.param(b"[" * 100_000, "application/json", "[[[", id="nested too deep"),
        pytest.param(b'{"credentials": {"accessToken": "5uper-s3cret-value"}}', "text/plain", "…", id="JSON as text"),
        pytest.param(b'{"a": "-----BEGIN PRIVATE KEY-----5uper-s3cret-value', "x/y", "BEGIN", id="cut off"),
    ],
)
def test_any_body_is_told(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, body: bytes, kind: str, shown: str | None
) -> None:
    """
    Within bounds, without secrets and without control characters on stderr.
    """
    http_server.respond_with(response(400, body, Content_Type=kind))
    log = tmp_path / "log"
    result = tc(*TASK, "-vv", env={**http_server.env, "TC_LOG": str(log)})
    (record,) = read_log(log)

    assert 6 == result.exit_code
    assert (shown is None) == ("responseBody" not in record)
    assert shown is None or shown in result.stderr
    assert not re.search("[\x00-\x08\x0b-\x1f]", result.stderr)
    assert SECRET not in result.stderr + log.read_text()
    assert log.stat().st_size < 30_000


def test_the_log_has_a_record_for_each_request(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    As one line of JSON, whatever ``-v`` and ``--quiet`` say.
    """
    http_server.respond_with(DROPPED, error_response(500, "InternalServerError", "m"), json_response({"a": 1}))
    log = tmp_path / "log"
    result = tc(*TASK, *QUICK, "--quiet", env={**http_server.env, "TC_LOG": str(log)})
    records = read_log(log)

    assert (0, "") == (result.exit_code, result.stderr)
    assert [(None, 0), (500, 1), (200, 2)] == [(each.get("status"), each["retry"]) for each in records]
    assert {("queue.task", "GET", os.getpid())} == {(each["method"], each["verb"], each["pid"]) for each in records}
    assert "error" in records[0]
    assert {"a": 1} == records[2]["responseBody"]
    assert "Hawk …" == records[2]["requestHeaders"]["Authorization"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", records[0]["time"])
    assert 0o600 == stat.S_IMODE(log.stat().st_mode)


def test_transfers_are_logged(transfer_env: TransferEnv, tc: CommandLine, tmp_path: Path) -> None:
    """
    Their requests to the storage, too, with masked signatures and without the bytes.
    """
    (tmp_path / "file").write_text("the bytes of the file" * 1000)
    log = tmp_path / "log"
    env = {**transfer_env.sandbox.environment, "TC_LOG": str(log)}
    up = tc("upload-object", str(tmp_path / "file"), "a/b", "--project-id", "p", env=env)
    down = tc("download-object", "a/b", "-o", str(tmp_path / "out"), "-v", env=env)
    records = read_log(log)

    assert (0, 0) == (up.exit_code, down.exit_code), up.stderr + down.stderr
    assert ["PUT", "PUT", "POST", "PUT", "GET"] == [each["verb"] for each in records]
    assert 2 == len(request_lines(down.stderr))
    assert "the bytes of the file" not in log.read_text()
    assert not re.search(r"signature=(?!…)|bewit=(?!…)", log.read_text(), re.IGNORECASE)


def test_fake_responses_are_logged(tc: CommandLine, tmp_path: Path) -> None:
    """
    As if they had been sent.
    """
    (tmp_path / "fake.json").write_text('{"queue.ping": {"alive": true}}')
    env = {"TC_FAKE": str(tmp_path / "fake.json"), "TC_LOG": str(tmp_path / "log")}
    result = tc("queue", "ping", "-v", env=env)

    assert 0 == result.exit_code
    assert 1 == len(request_lines(result.stderr)) == len(read_log(tmp_path / "log"))


def test_several_processes_append_whole_lines(http_server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """
    Each line is one record, also if several write long ones at once.
    """
    tasks = [{"a": "x" * 400}] * 20
    pages = [json_response({"tasks": tasks, "continuationToken": str(number)}) for number in range(100)]
    http_server.respond_with(*pages, json_response({"tasks": []}))
    log = tmp_path / "log"
    env = {**http_server.env, "TC_LOG": str(log)}
    started = [start("queue", "listTaskGroup", TASK_ID, "--paginate", env=env) for _ in range(4)]
    for process in started:
        process.communicate(timeout=60)
    records = read_log(log)

    assert {process.pid for process in started} == {each["pid"] for each in records}
    assert len(http_server.requests) == len(records) > 20


@pytest.mark.parametrize(
    ("name", "code"), [("", 0), ("-", 3), ("directory", 3), ("no/file", 3), ("fifo", 3), ("a\0b", 3)]
)
def test_a_file_that_cannot_be_a_log(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, name: str, code: int
) -> None:
    """
    It is named, and nothing is sent; an empty name is none.
    """
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    path = name if name in {"", "-"} else str(tmp_path / name)
    if "\0" in path:
        pytest.skip("no environment has this")
    result = tc("queue", "ping", env={**http_server.env, "TC_LOG": path})

    assert (code, bool(code)) == (result.exit_code, result.stderr.count("\n") == 1)
    assert bool(code) == ("TC_LOG" in result.stderr)
    assert (not code) == bool(http_server.requests)


def test_a_full_disk_does_not_fail_the_command(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    One line tells of it: the calls have their effect.
    """
    http_server.respond_with(json_response({"tasks": [], "continuationToken": "a"}), json_response({"tasks": []}))
    env = {**http_server.env, "TC_LOG": "/dev/full"}
    result = tc("queue", "listTaskGroup", TASK_ID, "--paginate", env=env)

    assert (0, 1, True) == (result.exit_code, result.stderr.count("\n"), "TC_LOG" in result.stderr)


def test_a_log_of_others_is_closed_to_them(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    A file that was there before is appended to, and loses the rights of group and others.
    """
    log = tmp_path / "log"
    log.write_text("{}\n")
    log.chmod(0o644)
    tc("queue", "ping", env={**http_server.env, "TC_LOG": str(log)})

    assert 2 == len(read_log(log))
    assert 0o600 == stat.S_IMODE(log.stat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_file_of_another_user_is_not_a_log(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Its owner would read it.
    """
    log = tmp_path / "log"
    log.touch()
    os.chown(log, 12345, 12345)
    result = tc("queue", "ping", env={**http_server.env, "TC_LOG": str(log)})

    assert (3, True, "") == (result.exit_code, "another user" in result.stderr, log.read_text())
    assert [] == http_server.requests


def test_an_interrupted_request_is_logged(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    It may have had an effect.
    """
    import signal

    from tests.http_server import NO_RESPONSE

    http_server.respond_with(NO_RESPONSE)
    process = start(*TASK, env={**http_server.env, "TC_LOG": str(tmp_path / "log")}, stderr=subprocess.PIPE)
    http_server.wait_for(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    (record,) = read_log(tmp_path / "log")

    assert (130, "interrupted") == (process.returncode, record["error"])


def test_a_request_that_ends_after_the_log_was_closed(tmp_path: Path) -> None:
    """
    As that of a thread that Ctrl-C does not wait for: it is not written, since another file may have the number then.
    """
    reports: list[str] = []
    log = RequestLog(str(tmp_path / "log"), Redactor({}), reports.append)
    log.close()
    log.end(Trace(Request("GET", "http://a.example", {}), 0.0, 0.0, error="interrupted"))

    assert ("", []) == ((tmp_path / "log").read_text(), reports)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_a_log_of_another_user_is_refused(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, kind: str
) -> None:
    """
    Who owns it can read it; nothing is sent.
    """
    log = tmp_path / "log"
    if kind == "pipe":
        os.mkfifo(log)
    else:
        log.touch()
    os.chown(log, 12345, -1)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    result = tc(*TASK, env={**http_server.env, "TC_LOG": str(log)})
    os.close(reader)

    assert (3, []) == (result.exit_code, http_server.requests)
    assert f"{log} (TC_LOG)" in result.stderr


def test_a_log_may_only_be_appended_to(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Its mode cannot be changed; one line warns of that, and the call goes on.
    """
    log = tmp_path / "log"
    log.touch(0o644)
    if subprocess.run(["chattr", "+a", str(log)], check=False, capture_output=True).returncode:
        pytest.skip("only root can do that, on some file systems")
    try:
        http_server.respond_with(json_response({}))
        result = tc(*TASK, env={**http_server.env, "TC_LOG": str(log)})
        assert 0 == result.exit_code, result.stderr
        assert f"warning: cannot make {log} (TC_LOG) readable for you only" in result.stderr
        assert 1 == len(read_log(log))
    finally:
        subprocess.run(["chattr", "-a", str(log)], check=True)


def test_only_the_secret_of_a_response_is_masked(tc: CommandLine, sandbox: RunningSandbox, tmp_path: Path) -> None:
    """
    An error and the end of a secret are readable.
    """
    payload = '{"secret": {"a": "hidden-one", "at": "2030-01-01T00:00:00.000Z"}, "expires": "2099-01-01T00:00:00.000Z"}'
    tc("secrets", "set", "a", stdin=payload, env=sandbox.environment)
    log = tmp_path / "log"
    tc("secrets", "get", "a", env={**sandbox.environment, "TC_LOG": str(log)})
    read = log.read_text()
    assert "2099-01-01" in read
    assert "hidden-one" not in read
    assert "2030-01-01" not in read
    missing = tc("secrets", "get", "nothing", "-vv", env=sandbox.environment)
    assert 5 == missing.exit_code
    assert '"code":"ResourceNotFound"' in missing.stderr
    assert '"requestInfo":{' in missing.stderr
