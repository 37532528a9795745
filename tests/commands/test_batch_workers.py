"""
Worker processes of ``tc batch``: the results are those of threads, whatever ends, and nothing is left behind.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.batch_env import SEED, SITE, WORKERS, make_lines, read, write_site
from tests.http_server import NO_RESPONSE, Received, Response, ScriptedServer, error_response, json_response, response
from tests.processes import list_children
from tests.time_limits import check_duration
from tests.transfer_env import slug, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import CommandLine, Start

    StartStalled = Callable[..., tuple[subprocess.Popen[bytes], list[int]]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are worker processes on Linux only")

PING = {"service": "queue", "method": "ping"}
JOBS = 4
MAX_SECONDS = 3


@pytest.fixture
def env(tmp_path: Path, http_server: ScriptedServer) -> dict[str, str]:
    """
    The environment in which worker processes make the calls.
    """
    return {**http_server.env, **write_site(tmp_path)}


def is_running(pid: int) -> bool:
    """
    Return whether a process has not ended.
    """
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


UNSAFE = ("hooks", "triggerHook", "g", "{1}", "--data", "{}")
SAFE = ("secrets", "remove", "{1}")


@pytest.fixture
def start_stalled(start: Start, http_server: ScriptedServer, env: dict[str, str], tmp_path: Path) -> StartStalled:
    """
    Return a function that starts a batch of 200 calls, all of which but the first ones hang in workers, and returns the
    process and the ids of its workers.
    """

    def respond(request: Received) -> Response:
        number = int(request.target.split("/h")[-1].split("/")[0])
        return json_response({}) if number <= 3 * JOBS else NO_RESPONSE

    def start_batch(*words: str) -> tuple[subprocess.Popen[bytes], list[int]]:
        http_server.respond_with(respond)
        (tmp_path / "lines").write_text("".join(f"h{number}\n" for number in range(1, 201)))
        with (tmp_path / "lines").open("rb") as lines:
            process = start("batch", "--jobs", str(JOBS), *words, env=env, stdin=lines.fileno())
        http_server.wait_for(4 * JOBS)
        workers = list_children(process.pid)
        assert WORKERS == len(workers)
        return process, workers

    return start_batch


def test_results_are_those_of_threads(tc_process: CommandLine, tc: CommandLine, env: dict[str, str]) -> None:
    """
    Of calls that succeed and fail, of lines that are wrong, and of names that are looked up.
    """
    calls = [
        PING,
        "not JSON",
        {"id": 1.50, "service": "queue", "method": "task", "args": ["not-an-id"]},
        {"id": "é\u2028", "service": "secrets", "method": "get", "args": ["x"]},
        {"service": "queue", "method": "noSuchMethod"},
        {"service": "hooks", "method": "triggerHook", "args": ["a", "b"], "payload": {"n": 12345678901234567890}},
        {"id": 7, "service": "queue", "method": "status", "args": ["https://other.example.com/tasks/x"]},
    ]
    lines = make_lines(calls * 12)
    results = [
        run("batch", "--in-order", stdin=lines, env=each)
        for run, each in ((tc_process, env), (tc, {name: env[name] for name in env if name != "PYTHONPATH"}))
    ]

    assert len(calls) * 12 == len(read(results[0]))
    assert results[0] == results[1]


def test_numbers_keep_their_digits(tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]) -> None:
    """
    As in threads.
    """
    number = "0.1000000000000000055511151231257827"
    http_server.respond_with(response(200, b'{"a":%s}' % number.encode(), Content_Type="application/json"))
    result = tc_process(
        "batch", stdin=make_lines([{"service": "secrets", "method": "get", "args": ["x"]}] * 40), env=env
    )

    assert 0 == result.exit_code
    assert 40 == result.stdout.count(number)


def test_signatures_differ(tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]) -> None:
    """
    Services refuse a nonce that comes twice: forked processes must not draw the same ones.
    """
    http_server.respond_with(json_response({}))
    assert 0 == tc_process("batch", stdin=make_lines([PING] * 200), env=env).exit_code
    nonces = [re.search(r'nonce="([^"]*)"', each.headers["authorization"]) for each in http_server.requests]

    assert 200 == len({found[1] for found in nonces if found is not None})


def test_a_call_that_is_idempotent_survives_a_worker(
    start: Start, http_server: ScriptedServer, env: dict[str, str]
) -> None:
    """
    When workers are killed, all that is idempotent is done, and a line on stderr tells of each.
    """
    served = 0

    def respond(_request: Received) -> Response:
        nonlocal served
        served += 1
        time.sleep(0.02)
        return json_response({})

    http_server.respond_with(respond)
    process = start("batch", "secrets", "remove", "--jobs", str(JOBS), env=env, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"".join(b"s%d\n" % number for number in range(300)))
    process.stdin.close()
    process.stdin = None
    wait_until(lambda: served > 30, process)
    workers = list_children(process.pid)
    assert WORKERS == len(workers)
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: served > 100, process)
    os.kill(workers[1], signal.SIGKILL)
    output, errors = process.communicate(timeout=60)

    assert 0 == process.returncode, errors
    assert {*range(1, 301)} == {json.loads(line)["id"] for line in output.splitlines()}
    assert WORKERS == errors.count(b"signal 9"), errors
    assert WORKERS + 1 == errors.count(b"\n"), errors


@pytest.mark.parametrize("options", [(), ("--fail-fast",), ("--journal", "journal")], ids=str)
def test_a_call_that_is_not_idempotent_is_uncertain(
    start_stalled: StartStalled, http_server: ScriptedServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """
    When its worker is killed; it is not sent again, and the batch goes on, or ends with --fail-fast.
    """
    options = tuple(str(tmp_path / word) if word == "journal" else word for word in options)
    process, workers = start_stalled(*UNSAFE, *options)
    sent = len(http_server.requests)
    http_server.respond_with(json_response({}))
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    output, errors = process.communicate(timeout=60)

    assert 1 == process.returncode, errors
    results = [json.loads(line) for line in output.splitlines()]
    uncertain = [each for each in results if each.get("error", {}).get("uncertain")]
    # The other worker may have taken the calls of the first one.
    assert 1 <= len(uncertain) <= 2 * JOBS
    assert len(uncertain) == errors.count(b" is uncertain")
    if "--fail-fast" in options:
        assert len(http_server.requests) <= sent + 2 * JOBS
    else:
        assert 200 == len(results)
    targets = [each.target for each in http_server.requests]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("words", [UNSAFE, SAFE], ids=["unsafe", "safe"])
def test_a_signal_ends_all(
    start_stalled: StartStalled,
    http_server: ScriptedServer,
    number: signal.Signals,
    whole_group: bool,
    words: tuple[str, ...],
) -> None:
    """
    Also one that a terminal sends to the workers as well. What was on the way is uncertain, and what waited in a worker
    is not sent.
    """
    process, workers = start_stalled(*words)
    if whole_group:
        for pid in workers:
            os.kill(pid, number)
    process.send_signal(number)
    begun = time.monotonic()
    output, errors = process.communicate(timeout=60)

    check_duration(begun, MAX_SECONDS)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert 3 * JOBS == len(output.splitlines()), errors
    assert (JOBS if words == UNSAFE else 0) == errors.count(b" is uncertain"), errors
    assert 4 * JOBS == len(http_server.requests)
    assert not any(map(is_running, workers))


@pytest.mark.parametrize("is_stopped", [False, True], ids=["", "stopped"])
@pytest.mark.parametrize("words", [UNSAFE, SAFE], ids=["unsafe", "safe"])
def test_workers_end_with_their_parent(
    start_stalled: StartStalled,
    http_server: ScriptedServer,
    tmp_path: Path,
    words: tuple[str, ...],
    *,
    is_stopped: bool,
) -> None:
    """
    Killed, it leaves no process behind, nor a lock on the journal; nothing is sent then. Nor one that is stopped.
    """
    process, workers = start_stalled(*words, "--journal", str(tmp_path / "journal"))
    if is_stopped:
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: not any(map(is_running, workers)))
    assert 4 * JOBS == len(http_server.requests)


def test_what_others_see_of_workers(start_stalled: StartStalled, tmp_path: Path) -> None:
    """
    No streams of the user, no journal, and nothing on the command line that the parent has not.
    """
    process, workers = start_stalled(*SAFE, "--journal", str(tmp_path / "journal"))
    own = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    for pid in workers:
        assert own == Path(f"/proc/{pid}/cmdline").read_bytes()
        files = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
        assert {"/dev/null"} == {each for each in files if each.startswith("/")}
        assert {"/dev/null"} == {os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)}


@pytest.mark.parametrize(
    "options",
    [("--jobs", "1"), ("--rate", "1000/s"), ("--dry-run",), ("-v",)],
    ids=str,
)
def test_threads_only(start: Start, http_server: ScriptedServer, env: dict[str, str], options: tuple[str, ...]) -> None:
    """
    Where workers would be of no use, or in the way, there are none.
    """
    http_server.respond_with(json_response({}))
    process = start("batch", *options, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(make_lines([PING] * 20).encode())
    process.stdin.flush()
    assert process.stdout.readline()
    assert [] == list_children(process.pid)
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=60)
    assert 0 == process.returncode


@pytest.mark.parametrize(
    ("lines", "is_file", "has_workers"),
    [(2000, True, True), (2000, False, True), (200, True, False), (200, False, False)],
    ids=str,
)
def test_long_inputs(
    start: Start, http_server: ScriptedServer, tmp_path: Path, lines: int, is_file: bool, has_workers: bool
) -> None:
    """
    Have worker processes, and others have none.
    """
    http_server.respond_with(NO_RESPONSE)
    env = {**http_server.env, **write_site(tmp_path, SITE)}
    (tmp_path / "lines").write_text("project/x\n" * lines)
    with (tmp_path / "lines").open("rb") as file:
        stdin = file.fileno() if is_file else subprocess.PIPE
        process = start("batch", "secrets", "get", "--jobs", "2", env=env, stdin=stdin)
    if process.stdin is not None:
        # It fits into a pipe.
        process.stdin.write(b"project/x\n" * lines)
        process.stdin.flush()
    http_server.wait_for(2)
    assert (WORKERS if has_workers else 0) == len(list_children(process.pid))


def test_a_slow_input_has_no_workers(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Its first line does not wait until it is known how long it is.
    """
    http_server.respond_with(json_response({}))
    env = {**http_server.env, **write_site(tmp_path, SITE)}
    process = start("batch", "secrets", "remove", env=env, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"a\n")
    process.stdin.flush()
    assert process.stdout.readline()
    assert [] == list_children(process.pid)
    process.communicate(b"b\n" * 4_000, timeout=120)
    assert 0 == process.returncode


def test_ctrl_c_at_any_moment(start: Start, http_server: ScriptedServer, env: dict[str, str]) -> None:
    """
    Ends all, with no traceback, and each call that succeeded is printed.
    """
    draw = random.Random(SEED)
    for _ in range(3):
        http_server.requests.clear()
        http_server.respond_with(json_response({}))
        process = start("batch", "secrets", "remove", "--jobs", str(JOBS), env=env, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(b"a\n" * 10_000)
        process.stdin.flush()
        http_server.wait_for(draw.randrange(1, 60))
        workers = list_children(process.pid)
        for pid in workers:
            os.kill(pid, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)

        assert (130, 1) == (process.returncode, errors.count(b"\n")), (errors, SEED)
        assert len(output.splitlines()) <= len(http_server.requests)
        assert not any(map(is_running, workers))


def test_credentials_are_asked_for_once(
    tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str], bare_environment: dict[str, str]
) -> None:
    """
    Also by a command: workers sign with what it printed for their parent.
    """
    directory = Path(bare_environment["XDG_CONFIG_HOME"], "tc")
    directory.mkdir(parents=True)
    (directory / "creds").write_text(
        f'#!/bin/sh\necho >> {directory}/asked; echo \'{{"clientId": "a/b", "accessToken": "c"}}\'\n'
    )
    (directory / "creds").chmod(0o755)
    profile = f'[a]\nrootUrl = "{http_server.url}"\ncredential_command = ["{directory}/creds"]\n'
    (directory / "profiles.toml").write_text(profile)
    (directory / "profiles.toml").chmod(0o600)
    http_server.respond_with(json_response({}))
    env = {"PYTHONPATH": env["PYTHONPATH"]}
    result = tc_process("--profile", "a", "batch", "secrets", "remove", stdin="x\n" * 100, env=env)

    assert 0 == result.exit_code, result.stderr
    assert 100 == sum('id="a/b"' in each.headers["authorization"] for each in http_server.requests)
    assert "\n" == (directory / "asked").read_text()


def test_a_secret_that_a_service_repeats_to_a_worker(
    tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]
) -> None:
    """
    Is masked as a thread masks it.
    """
    http_server.respond_with(error_response(400, "InputError", "the value s3cr3t-value is wrong"))
    call = {
        "service": "secrets",
        "method": "set",
        "args": ["x"],
        "payload": {"secret": {"token": "s3cr3t-value"}, "expires": "2030-01-01T00:00:00.000Z"},
    }
    result = tc_process("batch", stdin=make_lines([call] * 40), env=env)

    assert 1 == result.exit_code
    assert "s3cr3t" not in result.stdout + result.stderr


def test_a_bug_in_a_worker(tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]) -> None:
    """
    Ends the batch as one in a thread does.
    """
    site = Path(env["PYTHONPATH"].split(os.pathsep)[0]) / "sitecustomize.py"
    with site.open("a") as file:
        file.write(
            "import os, tccli.cli.batch.runner as runner\n"
            "own, run = os.getpid(), runner.CallRunner.run\n"
            "runner.CallRunner.run = lambda self, call: run(self, call) if os.getpid() == own else 1 / 0\n"
        )
    http_server.respond_with(json_response({}))
    result = tc_process("batch", stdin=make_lines([PING] * 100), env=env)

    assert 70 == result.exit_code
    assert "ZeroDivisionError" in result.stderr


def test_a_result_that_cannot_be_sent(
    tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]
) -> None:
    """
    Ends its worker, and not all of the batch: what is idempotent is made again.
    """
    site = Path(env["PYTHONPATH"].split(os.pathsep)[0]) / "sitecustomize.py"
    with site.open("a") as file:
        file.write(
            "import os, threading, tccli.cli.batch.runner as runner\n"
            "own, run = os.getpid(), runner.CallRunner.run\n"
            "def fail(self, call):\n"
            "    result = run(self, call)\n"
            "    return result if os.getpid() == own else result._replace(content=threading.Lock())\n"
            "runner.CallRunner.run = fail\n"
        )
    http_server.respond_with(json_response({}))
    result = tc_process("batch", stdin=make_lines([PING] * 100), env=env)

    assert (0, 100) == (result.exit_code, len(read(result))), result.stderr
    assert WORKERS == result.stderr.count("exit code 1")


LIMITS = """
import errno, os, threading
own, started, start = os.getpid(), [], threading.Thread.start

def start_some(thread):
    if {condition}:
        raise RuntimeError("can't start new thread")
    started.append(thread)
    start(thread)

def fork():
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

threading.Thread.start = start_some
{statement}
"""
NO_FORK = "os.fork = fork"
MANY_STARTED = "os.getpid() == own and len(started) >= {}"


@pytest.mark.parametrize(
    ("condition", "statement"),
    [
        ("False", NO_FORK),
        ("True", NO_FORK),
        ("os.getpid() != own", ""),
        *((MANY_STARTED.format(count), "") for count in (0, 1, 2, 3, 4, 8)),
    ],
)
def test_limits_of_threads_and_processes(
    tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str], condition: str, statement: str
) -> None:
    """
    Make a batch slower: each call is made once, with the threads and workers that there are.
    """
    site = Path(env["PYTHONPATH"].split(os.pathsep)[0]) / "sitecustomize.py"
    with site.open("a") as file:
        file.write(LIMITS.format(condition=condition, statement=statement))
    http_server.respond_with(json_response({}))
    result = tc_process("batch", stdin=make_lines([PING] * 100), env=env)

    assert (0, 100) == (result.exit_code, len(read(result))), result.stderr
    assert 1 == result.stderr.count("\n"), result.stderr
    assert 100 == len(http_server.requests)


def test_workers_that_end_while_there_are_no_further_threads(
    tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]
) -> None:
    """
    The threads that received from them make their calls.
    """
    site = Path(env["PYTHONPATH"].split(os.pathsep)[0]) / "sitecustomize.py"
    with site.open("a") as file:
        # Those of the engine, and one for the results of each worker.
        file.write(LIMITS.format(condition=MANY_STARTED.format(2 + JOBS + WORKERS), statement=""))
        file.write(
            "import tccli.cli.batch.runner as runner\n"
            "run = runner.CallRunner.run\n"
            "runner.CallRunner.run = lambda self, call: run(self, call) if os.getpid() == own else os._exit(7)\n"
        )
    http_server.respond_with(json_response({}))
    result = tc_process("batch", "--jobs", str(JOBS), stdin=make_lines([PING] * 100), env=env)

    assert (0, 100) == (result.exit_code, len(read(result))), result.stderr
    assert "exit code 7" in result.stderr


def test_ids_that_are_addresses(tc_process: CommandLine, http_server: ScriptedServer, env: dict[str, str]) -> None:
    """
    A note that a worker makes is printed by its parent.
    """
    http_server.respond_with(json_response({}))
    lines = "".join(f"https://example.com/{slug()}\n" for _ in range(40))
    result = tc_process("batch", "secrets", "remove", stdin=lines, env=env)

    assert 0 == result.exit_code
    assert 40 == result.stderr.count("is sent as a name")
