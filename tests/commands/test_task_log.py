"""
``tc task log``: which lines it prints, how it follows, and what reaches a terminal.
"""

from __future__ import annotations

import gzip
import os
import pty
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tccli.sandbox.worker.log import Log, LogServer
from tests.http_server import Response, json_response, response
from tests.ids import TASK_ID
from tests.terminals import read_terminal
from tests.transfer_env import later, slug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import Received, ScriptedServer

LIMITS_SECONDS = (0.5, 5, 50)
"""Times of commands that must read a log first, to be tried in turn: a busy machine needs the longer ones."""
STATUS_NOW = ["--no-follow", "--exit-status"]
LOG = b"""[taskcluster 2026-01-02T03:04:05.678Z] Task ID: x
one
\x1b[31mERROR\x1b[0m: two
2026-01-02 03:05:00,5Z three
[taskcluster:error] exit status 1
last"""
LINES = LOG.splitlines(keepends=True)


@contextmanager
def live_log(group_env: GroupEnv, name: str, tmp_path: Path) -> Iterator[Log]:
    """
    Serve the log of a run as a worker does.
    """
    log = Log(str(tmp_path / slug()))
    with LogServer(log) as server:
        content = {"storageType": "reference", "contentType": "text/plain", "url": server.log_url}
        group_env.transfers.create(group_env.ids[name], "public/logs/live.log", **content)
        yield log
        log.finish()


def add_waiting_task(group_env: GroupEnv) -> str:
    """
    Create the task *build*, which cannot start before another one has ended, and return its id.
    """
    group_env.add("first", "running")
    return group_env.add("build", needs=["first"])


@contextmanager
def run_waiting_task(group_env: GroupEnv, tmp_path: Path) -> Iterator[Log]:
    """
    Start *build*, and serve its log in the block.
    """
    group_env.resolve("first", "completed")
    group_env.claim("build")
    with live_log(group_env, "build", tmp_path) as log:
        yield log


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], LOG),
        (["--no-follow"], LOG),
        (["-f"], LOG),
        (["-n2"], LINES[-2] + LINES[-1]),
        (["--tail", "0"], b""),
        (["--tail", "100"], LOG),
        (["--own"], LINES[1] + LINES[2] + LINES[3] + LINES[5]),
        (["--own", "--tail", "2"], LINES[3] + LINES[5]),
        (["--grep", "ERROR: t"], LINES[2]),
        (["--grep", "o$"], LINES[2]),
        (["--grep", "e", "--own", "-n", "1"], LINES[3]),
        (["--grep", "^$"], b""),
        (["--timestamps", "--own"], None),
        (["--timestamps", "--own", "--tail", "4"], None),
        (["--timestamps", "-n", "2"], b"".join(b"2026-01-02T03:05:00.500Z %b" % LINES[index] for index in (-2, -1))),
    ],
    ids=str,
)
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_lines(tc: CommandLine, group_env: GroupEnv, options: list[str], expected: bytes | None, encoding: str) -> None:
    """
    Also of a compressed log, whose end cannot be downloaded alone.
    """
    task_id = group_env.add("build", "running")
    body = gzip.compress(LOG) if encoding else LOG
    group_env.transfers.artifact(task_id, "public/logs/live.log", body, encoding)
    group_env.resolve("build", "failed")
    result = tc("task", "log", task_id, *options, env=group_env.environment)

    if expected is None:
        times = ["03:04:05.678", "03:04:05.678", "03:05:00.500", "03:05:00.500"]
        owned = (LINES[index] for index in (1, 2, 3, 5))
        expected = b"".join(
            b"2026-01-02T%bZ %b" % (time.encode(), line) for time, line in zip(times, owned, strict=True)
        )
    assert (0, expected, "") == (result.exit_code, result.output, result.stderr)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_follows_a_running_task(start_quick: Start, group_env: GroupEnv, tmp_path: Path, seconds: float) -> None:
    """
    What comes is printed at once; the rest is read from where the log was stored.
    """
    task_id = group_env.add("build", "running")
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"one\ntw")
        process = start_quick("task", "log", task_id, "--exit-status", env=group_env.environment)
        assert process.stdout is not None
        assert b"one\n" == process.stdout.readline()
        log.write(b"o\n")
        assert b"two\n" == process.stdout.readline()
        assert process.poll() is None
    group_env.write_log("build", b"one\ntwo\nthree\n", "public/logs/live_backing.log")
    link = {"storageType": "link", "contentType": "text/plain", "artifact": "public/logs/live_backing.log"}
    group_env.transfers.create(task_id, "public/logs/live.log", **link)
    time.sleep(seconds)
    assert process.poll() is None
    group_env.resolve("build", "failed")
    out, err = process.communicate(timeout=60)

    assert (1, b"three\n", 1) == (process.returncode, out, err.count(b"\n"))


@pytest.mark.parametrize("options", [[], ["--tail", "1"], ["--exit-status", "--own"]], ids=str)
def test_a_log_is_followed_for_a_time(tc: CommandLine, group_env: GroupEnv, tmp_path: Path, options: list[str]) -> None:
    """
    The end of which says nothing about the log.
    """
    task_id = group_env.add("build", "running")
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"one\n")
        for seconds in LIMITS_SECONDS:
            result = tc("task", "log", task_id, "--timeout", str(seconds), *options, env=group_env.environment)
            if result.output:
                break

    assert (124, b"one\n", 1) == (result.exit_code, result.output, result.stderr.count("\n"))


LIVE = {"storageType": "reference", "contentType": "text/plain"}
GONE = "http://127.0.0.1:1/log/x"


def test_a_log_whose_worker_is_gone(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    It is as if there was none, and other logs are printed; only that no log can be printed is an error.
    """
    lost = group_env.add("lost", "running")
    group_env.transfers.create(lost, "public/logs/live.log", url=GONE, **LIVE)
    group_env.call("cancelTask", lost)
    group_env.add("done", "completed", log=LOG)
    line = ["group", "logs", group_env.group_id, "--prefix", "none", "--retries", "0"]
    one = tc("task", "log", lost, "--retries", "0", env=group_env.environment)
    both = tc(*line, env=group_env.environment)
    alone = tc(*line, "--name", "lost", env=group_env.environment)
    artifact = tc("download-artifact", lost, "public/logs/live.log", "-", "--retries", "0", env=group_env.environment)

    assert (5, b"", 1) == (one.exit_code, one.output, one.stderr.count("\n"))
    assert "canceled" in one.stderr
    assert (0, LOG.rstrip(), 1) == (both.exit_code, both.output.rstrip(), both.stderr.count("\n"))
    assert (5, b"") == (alone.exit_code, alone.output)
    assert (8, True) == (artifact.exit_code, "may have ended" in artifact.stderr)


@pytest.mark.parametrize("command", [["group", "download", "GROUP"], ["download", "artifact", "TASK"]], ids=" ".join)
def test_patterns_leave_out_live_logs(tc: CommandLine, group_env: GroupEnv, tmp_path: Path, command: list[str]) -> None:
    """
    They grow for as long as the task runs. What is complete is downloaded.
    """
    task_id = group_env.add("build", "running")
    group_env.transfers.artifact(task_id, "public/setup.log", LOG)
    line = [word.replace("GROUP", group_env.group_id).replace("TASK", task_id) for word in command]
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"one\n")
        some = tc(*line, "*.log", "-o", str(tmp_path / "some"), env=group_env.environment)
        none = tc(*line, "live*", "-o", str(tmp_path / "none"), env=group_env.environment)

    assert (0, 5) == (some.exit_code, none.exit_code), some.stderr + none.stderr
    assert [LOG] == [path.read_bytes() for path in tmp_path.rglob("*.log")]
    assert 1 == some.stderr.count("live log") == none.stderr.count("live log")


def test_a_live_log_is_downloaded_by_its_name(start: Start, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    For as long as it grows, which a note tells.
    """
    task_id = group_env.add("build", "running")
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"one\n")
        process = start("download-artifact", task_id, "public/logs/live.log", "-", env=group_env.environment)
        assert process.stdout is not None
        assert b"one\n" == process.stdout.readline()
        assert process.poll() is None
        process.kill()
        _, err = process.communicate(timeout=60)

    assert 1 == err.count(b"live log")


def test_a_tail_is_followed(start_quick: Start, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    The last lines of a log that grows, and what comes then; with --no-follow, no more.
    """
    task_id = group_env.add("build", "running")
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"".join(b"%d\n" % number for number in range(1000)))
        ends = start_quick("task", "log", task_id, "-n", "2", "--no-follow", env=group_env.environment)
        out, err = ends.communicate(timeout=60)
        assert (0, b"998\n999\n", b"") == (ends.returncode, out, err)
        process = start_quick("task", "log", task_id, "-n", "1", "--timestamps", env=group_env.environment)
        assert process.stdout is not None
        assert b"-".ljust(25) + b"999\n" == process.stdout.readline()
        log.write(b"new\n")
        line = process.stdout.readline()
        assert line.startswith(b"20")
        assert line.endswith(b"Z new\n")
    group_env.resolve("build", "completed")
    out, err = process.communicate(timeout=60)
    assert (0, b"", b"") == (process.returncode, out, err)


def test_waits_for_the_start_and_for_retries(
    start_quick: Start, tc: CommandLine, group_env: GroupEnv, tmp_path: Path
) -> None:
    """
    The log of each run that the queue starts follows.
    """
    task_id = add_waiting_task(group_env)
    waiting = tc("task", "log", task_id, env=group_env.environment)
    assert (5, 1) == (waiting.exit_code, waiting.stderr.count("\n"))
    process = start_quick("task", "log", task_id, "--wait", env=group_env.environment)
    with run_waiting_task(group_env, tmp_path) as log:
        log.write(b"run 0\n")
        assert process.stdout is not None
        assert b"run 0\n" == process.stdout.readline()
    group_env.call("reportException", task_id, "0", payload={"reason": "worker-shutdown"})
    time.sleep(0.5)
    group_env.claim("build", 1)
    group_env.call(
        "createArtifact",
        task_id,
        "1",
        "public/logs/live.log",
        payload={"storageType": "error", "reason": "file-missing-on-worker", "message": "m", "expires": later(hours=1)},
    )
    group_env.resolve("build", "completed", 1)
    out, err = process.communicate(timeout=60)

    assert (5, b"") == (process.returncode, out)
    assert b"run 1" in err


def test_a_task_that_never_runs_has_no_log(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    The wait for its start ends.
    """
    group_env.add("red", "failed")
    task_id = group_env.add("after", needs=["red"])
    result = tc("task", "log", task_id, "--wait", env=group_env.environment)

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))


@pytest.mark.parametrize("payload", [{"log": "private/a.log"}, {"logs": {"live": "private/a.log", "backing": "b"}}])
def test_a_log_may_have_any_name(tc: CommandLine, group_env: GroupEnv, payload: dict[str, Any]) -> None:
    """
    Also a private one.
    """
    task_id = group_env.add("build", "running", payload=payload)
    group_env.write_log("build", b"private\n", "private/a.log")
    group_env.resolve("build", "completed")
    result = tc("task", "log", task_id, env=group_env.environment)

    assert (0, "private\n", "") == (result.exit_code, result.stdout, result.stderr)


def test_a_tail_is_downloaded_by_ranges(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Of 100 MiB, less than one.
    """
    line = b"x" * 99 + b"\n"
    task_id = group_env.add("build", "completed", log=line * (1 << 20) + b"last\n")
    result = tc("task", "log", task_id, "--tail", "100", env=group_env.environment)

    assert (0, line * 99 + b"last\n") == (result.exit_code, result.output)
    assert group_env.transfers.sent() < 1 << 20


def test_a_file_has_all_or_nothing(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    ``-o``: also of selected lines.
    """
    task_id = group_env.add("build", "completed", log=LOG)
    target = tmp_path / "a.log"
    assert 0 == tc("task", "log", task_id, "-o", str(target), "--own", env=group_env.environment).exit_code
    assert LINES[1] + LINES[2] + LINES[3] + LINES[5] == target.read_bytes()
    assert 5 == tc("task", "log", task_id, "-r1", "-o", str(target), env=group_env.environment).exit_code
    assert LINES[1] + LINES[2] + LINES[3] + LINES[5] == target.read_bytes()


def test_dropped_connections(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Of a log with long lines, every byte once.
    """
    line = bytes(range(32, 127)) * 40_000 + b"\n"
    log = b"begin\n" + line * 5 + b"end\n"
    task_id = group_env.add("build", "completed", log=log)
    group_env.sandbox.storage.faults.add("drop=1MB,times=20")
    result = tc("task", "log", task_id, "--delay-factor", "1ms", env=group_env.environment)

    assert 0 == result.exit_code, result.stderr
    assert log == result.output
    assert group_env.transfers.sent() < len(log) + (2 << 20)


def print_on_terminal(group_env: GroupEnv, start: Start, *argv: str, **variables: str) -> bytes:
    """
    Return what a command prints on a terminal.
    """
    ours, theirs = pty.openpty()
    process = start(
        *argv, env={**group_env.environment, "TERM": "xterm", "TC_PAGER": "", **variables}, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = read_terminal(ours)
    assert 0 == process.wait(60)
    return shown.replace(b"\r\n", b"\n")


STEERING = (
    b"\x1b]0;title\x07 \x1b[2J \x1b[1;1H \x1bc \x1b[?1049h \x1bP+q\x1b\\ \x9b2J \xc2\x9b2J \x00 a\rb \x08 "
    b"\xe2\x80\xae x \x1b[6n \x1b[31 q \x1b[" + b"1;" * 30 + b"m\r\n"
)


def test_a_log_cannot_steer_a_terminal(start: Start, group_env: GroupEnv) -> None:
    """
    Colours pass, also when a block ends in the middle of one; they end with the log.
    """
    many = b"".join(b"\x1b[3%dm%d\x1b[0m\n" % (number % 8, number) for number in range(30_000))
    colours = b"\x1b[1;31mred\x1b[0m \x1b[38;5;208mx\x1b[m \x1b[32m\x1b[Kgreen\n"
    task_id = group_env.add("build", "completed", log=STEERING + many + colours)
    shown = print_on_terminal(group_env, start, "task", "log", task_id)

    steering, _, rest = shown.partition(b"\n")
    assert not set(steering) & {*range(32), 127}
    assert b"\xc2\x9b" not in steering
    assert b"\xe2\x80\xae" not in steering
    assert rest == many + colours.replace(b"\x1b[K", b"") + b"\x1b[0m"

    plain = print_on_terminal(group_env, start, "task", "log", task_id, NO_COLOR="1")
    assert b"\x1b" not in plain
    assert plain.endswith(b"red x green\n")


def test_an_exit_status_without_a_wait(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    With --no-follow, a task that runs is not completed.
    """
    runs = tc("task", "log", group_env.add("a", "running", log=LOG), *STATUS_NOW, env=group_env.environment)
    done = tc("task", "log", group_env.add("b", "completed", log=LOG), *STATUS_NOW, env=group_env.environment)

    assert (1, LOG.decode()) == (runs.exit_code, runs.stdout)
    assert (0, LOG.decode()) == (done.exit_code, done.stdout)


@pytest.mark.parametrize("options", [["--grep", ""], ["--grep", "("], ["-n", "-1"], ["--wait", "--no-follow"]], ids=str)
def test_wrong_options_send_nothing(tc: CommandLine, group_env: GroupEnv, options: list[str]) -> None:
    """
    One line, and exit code 2.
    """
    result = tc("task", "log", slug(), *options, env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not group_env.sandbox.requests


def test_a_resolved_task_without_a_run_has_no_log(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    It is not an error of the command line: no run -1 is asked for.
    """
    document = {"status": {"taskId": TASK_ID, "state": "completed", "runs": []}, "metadata": {"name": "n"}}
    http_server.respond_with(json_response(document))
    result = tc("task", "log", TASK_ID, env=http_server.env)

    assert (5, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert "-1" not in result.stderr


@pytest.mark.parametrize("name", ["\\ud800", "a\\u001b", "."], ids=ascii)
def test_a_name_of_a_log_that_cannot_be_requested(tc: CommandLine, http_server: ScriptedServer, name: str) -> None:
    """
    The definition is to blame, not the command line: something was sent.
    """
    runs = '[{"runId": 0, "state": "completed"}]'
    status = f'"status": {{"taskId": "{TASK_ID}", "state": "completed", "runs": {runs}}}'
    body = f'{{{status}, "metadata": {{"name": "n"}}, "payload": {{"log": "{name}"}}}}'
    http_server.respond_with(response(200, body.encode(), Content_Type="application/json"))
    result = tc("task", "log", TASK_ID, "--no-follow", env=http_server.env)

    assert (9, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr


def test_a_reason_that_is_not_text(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The response is malformed.
    """
    runs = [{"runId": 0, "state": "completed", "reasonResolved": [1]}]
    status = {"taskId": TASK_ID, "state": "completed", "runs": runs}
    http_server.respond_with(json_response({"status": status, "metadata": {"name": "n"}}))
    for words in (["log", "--no-follow", "--exit-status"], ["status"], ["cancel"]):
        result = tc("task", *words, TASK_ID, env=http_server.env)
        assert (9, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr


def serve_log(server: ScriptedServer, *responses: Response) -> None:
    """
    Answer for a completed task, and then with these responses of the storage; the last one again and again.
    """
    runs = [{"runId": 0, "state": "completed", "reasonResolved": "completed"}]
    status = {"taskId": TASK_ID, "state": "completed", "runs": runs}
    found = json_response(
        {"status": status, "metadata": {"name": "n"}, "storageType": "s3", "url": f"{server.url}/log"}
    )
    left = list(responses)

    def respond(request: Received) -> Response:
        if request.target != "/log":
            return found
        return left.pop(0) if len(left) > 1 else left[0]

    server.respond_with(respond)


def cut_off(length: int, sent: bytes) -> Response:
    """
    Return a response that ends before its length.
    """
    return Response(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + sent, closes=True)


BODY = b"".join(b"line %06d\n" % number for number in range(1000))


@pytest.mark.parametrize(
    "again",
    [
        response(200, BODY[:1000]),
        response(200),
        response(206, BODY[3976:5500], Content_Range="bytes 3976-5499/5500"),
        response(200, BODY[:5000]),
    ],
    ids=["shorter", "empty", "range", "as much"],
)
def test_a_log_that_became_shorter_is_not_complete(
    tc: CommandLine, http_server: ScriptedServer, again: Response
) -> None:
    """
    A log only grows, so bytes that were promised once are missing.
    """
    serve_log(http_server, cut_off(len(BODY), BODY[:5000]), again)
    result = tc("--delay-factor", "1ms", "task", "log", TASK_ID, "--no-follow", env=http_server.env)

    assert 9 == result.exit_code, result.stderr
    assert BODY.startswith(result.output)


@pytest.mark.parametrize("options", [[], ["--tail", "2"], ["--tail", "2", "--own"]])
def test_a_storage_that_refuses_each_range(tc: CommandLine, http_server: ScriptedServer, options: list[str]) -> None:
    """
    The storage is to blame.
    """
    serve_log(http_server, response(416, Content_Range="bytes */10"))
    result = tc("--retries", "0", "task", "log", TASK_ID, "--no-follow", *options, env=http_server.env)

    assert (9, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr


def test_the_tail_of_a_log_with_a_wrong_length(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    It is not looked for in bytes that are not there.
    """
    first = response(206, BODY[:1], Content_Range="bytes 0-0/99999999999999")
    serve_log(http_server, first, response(200, BODY))
    result = tc("--retries", "1", "--delay-factor", "1ms", "task", "log", TASK_ID, "--tail", "2", env=http_server.env)

    assert (9, b"") == (result.exit_code, result.output), result.stderr
    assert len(http_server.requests) < 10


def test_the_tail_of_a_log_without_further_ranges(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The log is read once from its beginning, not once for each block.
    """
    log = BODY * 100
    first = response(206, log[:1], Content_Range=f"bytes 0-0/{len(log)}")
    serve_log(http_server, first, response(200, log))
    result = tc("task", "log", TASK_ID, "--tail", "20000", env=http_server.env)

    assert (0, log[-20_000 * 12 :]) == (result.exit_code, result.output), result.stderr
    assert 3 == len([request for request in http_server.requests if request.target == "/log"])


@pytest.mark.parametrize(
    "body", [b"5\r\n12345\r\nzz\r\n", b"5\r\n12345\r\n", b"5\r\n12345xx"], ids=["malformed", "cut off", "too long"]
)
@pytest.mark.parametrize("options", [[], ["--tail", "1"], ["--grep", "1"]], ids=str)
def test_a_chunked_log_that_breaks_is_named(
    tc: CommandLine, http_server: ScriptedServer, body: bytes, options: list[str]
) -> None:
    """
    The message says which log, and it is requested again.
    """
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    serve_log(http_server, Response(head + body, closes=True))
    result = tc("task", "log", TASK_ID, *options, "--retries", "1", "--delay-factor", "0", env=http_server.env)

    assert 9 == result.exit_code, result.stderr
    assert "public/logs/live.log" in result.stderr.splitlines()[-1]
