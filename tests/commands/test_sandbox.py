"""
``tc sandbox``: runs commands with a deployment, and serves one until it is stopped.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.ports import find_free_ports

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import CommandLine, Start

PING = "import os, urllib.request as u; u.urlopen(os.environ['TASKCLUSTER_ROOT_URL'] + '/api/auth/v1/ping', timeout=9)"


def test_run_sets_the_environment_of_the_command(tc_process: CommandLine) -> None:
    """
    The Taskcluster variables are the sandbox's, whatever was set before; stdin, stdout and the exit code are the
    command's.
    """
    shown = "import os, sys; print({n: v for n, v in os.environ.items() if n.startswith('TASKCLUSTER')}, input())"
    env = {"TASKCLUSTER_CERTIFICATE": "{}", "TASKCLUSTER_PROXY_URL": "http://x", "TASKCLUSTER_ROOT_URL": "http://y"}
    result = tc_process("sandbox", "run", "--", sys.executable, "-c", shown + "; sys.exit(7)", stdin="in\n", env=env)

    assert 7 == result.exit_code
    assert "" == result.stderr
    assert "http://127.0.0.1:" in result.stdout
    assert "static/taskcluster/root" in result.stdout
    assert "CERTIFICATE" not in result.stdout
    assert "PROXY" not in result.stdout
    assert result.stdout.endswith(" in\n")


@pytest.mark.parametrize(
    ("words", "exit_code", "expected"),
    [
        pytest.param([sys.executable, "-c", PING], 0, "", id="reaches it"),
        pytest.param([sys.executable, "-m", "tccli", "auth", "currentScopes"], 0, "", id="signed in"),
        pytest.param(["--", "sh", "-c", "kill -TERM $$"], 143, "", id="signal"),
        pytest.param(["no-such-command"], 2, "cannot run 'no-such-command'", id="not found"),
        pytest.param(["/"], 2, "cannot run '/'", id="no program"),
        pytest.param([], 2, "missing argument", id="nothing"),
    ],
)
def test_run_exits_with_the_code_of_the_command(
    tc_process: CommandLine, words: list[str], exit_code: int, expected: str
) -> None:
    """
    Its code, 128 + N for signal N, or 2 if it cannot be run.
    """
    result = tc_process("sandbox", "run", *words)

    assert exit_code == result.exit_code
    assert expected in result.stderr
    assert result.stderr.count("\n") == bool(expected)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_forwards_signals(start: Start, number: signal.Signals) -> None:
    """
    The sandbox serves requests until the command ends.
    """
    waits = (
        "import signal, sys, time; signal.signal({0}, lambda *_: ({1}, sys.exit(5)));"
        "print('ready', flush=True); time.sleep(60)"
    )
    process = start("sandbox", "run", "--", sys.executable, "-c", waits.format(int(number), f"exec({PING!r})"))
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    process.send_signal(number)

    assert 5 == process.wait(60)


def variables(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """
    Return the variables that ``tc sandbox start`` prints.
    """
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().removeprefix("export ").strip() for _ in range(4)]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_serves_until_a_signal(start: Start, number: signal.Signals) -> None:
    """
    It prints the root URL when it is ready, and exits with 0. A pipe may be a shell that waits for its end: one line
    says so.
    """
    process = start("sandbox", "start")
    root_url = variables(process)["TASKCLUSTER_ROOT_URL"]

    with urllib.request.urlopen(f"{root_url}/api/queue/v1/ping", timeout=10) as answer:
        assert json.load(answer)["alive"]
    process.send_signal(number)
    assert 0 == process.wait(60)
    assert process.stderr is not None
    message = process.stderr.read()
    assert (1, True) == (message.count(b"\n"), b"--detach" in message)


def test_a_sandbox_in_the_background_ends_with_stop(tc_process: CommandLine) -> None:
    """
    The first process ends when the sandbox is ready, and nobody waits for its streams.
    """
    started = tc_process("sandbox", "start", "--detach")
    env = dict(line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines())
    pinged = tc_process("queue", "ping", env=env)
    stopped = tc_process("sandbox", "stop", env=env)
    again = tc_process("sandbox", "stop", env=env)

    assert (0, "") == (started.exit_code, started.stderr)
    assert (0, 0, "", "") == (pinged.exit_code, stopped.exit_code, stopped.stdout, stopped.stderr)
    assert (8, 1) == (again.exit_code, again.stderr.count("\n"))


def test_no_sandbox_runs_in_the_background_that_no_one_knows(start: Start) -> None:
    """
    The first process cannot print its root URL.
    """
    [port] = find_free_ports(1)
    with open("/dev/full", "wb") as full:
        process = start("sandbox", "start", "--detach", "--port", str(port), stdout=full.fileno())
        assert process.wait(60) not in {0, 2}

    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 60):
        pass


def test_a_sandbox_that_cannot_start_in_the_background_is_an_error(tc_process: CommandLine) -> None:
    """
    Of the first process, with the reason.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = tc_process("sandbox", "start", "--detach", "--port", str(taken.getsockname()[1]))

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "cannot listen on" in result.stderr


def test_run_and_its_sandbox_end_together(tc_process: CommandLine) -> None:
    """
    The command cannot stop the sandbox under itself.
    """
    result = tc_process("sandbox", "run", "--", sys.executable, "-m", "tccli", "sandbox", "stop")

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))


def test_state_is_stored_in_the_directory(start: Start, tc_process: CommandLine, tmp_path: Path) -> None:
    """
    With --data, all changes survive a kill, and so does the root client's token.
    """
    argv = ("sandbox", "start", "--data", str(tmp_path / "data"))
    process = start(*argv)
    before = variables(process)
    made = tc_process("auth", "createRole", "kept", "--data", '{"description": "", "scopes": ["a"]}', env=before)
    process.kill()
    process.wait(60)
    again = variables(start(*argv))

    assert 0 == made.exit_code
    assert before["TASKCLUSTER_ACCESS_TOKEN"] == again["TASKCLUSTER_ACCESS_TOKEN"]
    assert ["a"] == json.loads(tc_process("auth", "role", "kept", env=again).stdout)["scopes"]
    assert 3 == tc_process(*argv).exit_code


def test_a_port_in_use_is_an_error(tc_process: CommandLine) -> None:
    """
    Exit code 2.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = tc_process("sandbox", "start", "--port", str(taken.getsockname()[1]))

    assert 2 == result.exit_code
    assert "cannot listen on" in result.stderr
    assert "" == result.stdout


def test_an_unusable_directory_is_an_error(tc_process: CommandLine, tmp_path: Path) -> None:
    """
    Exit code 3 and one line.
    """
    (tmp_path / "file").touch()
    result = tc_process("sandbox", "start", "--data", str(tmp_path / "file" / "x"))

    assert 3 == result.exit_code
    assert 1 == result.stderr.count("\n")


def test_methods(tc: CommandLine) -> None:
    """
    It lists all 188 as implemented, and with --missing none.
    """
    listed = {entry["method"]: entry["built"] for entry in json.loads(tc("sandbox", "methods").stdout)}

    assert 188 == len(listed)
    assert all(listed.values())
    assert [] == json.loads(tc("sandbox", "methods", "--missing").stdout)


def test_the_tour_prints_commands_and_output(tc_process: CommandLine) -> None:
    """
    To its end, without a terminal and without questions.
    """
    result = tc_process("sandbox", "tour")

    assert 0 == result.exit_code
    assert "" == result.stderr
    assert "$ tc queue createTask" in result.stdout
    assert '"state": "pending"' in result.stdout
    assert '"state": "completed"' in result.stdout
    assert "\nhello from " in result.stdout
    assert '"public/out.txt"' in result.stdout
    assert "InsufficientScopes" in result.stdout
    assert '"token": "s3cr3t"' in result.stdout
    assert "Traceback" not in result.stdout


def test_missing_libraries_are_an_error(tc_process: CommandLine, tmp_path: Path) -> None:
    """
    Exit code 3, with the command that installs them.
    """
    # An interpreter that finds click and our code, but no starlette.
    blocker = tmp_path / "sitecustomize.py"
    blocker.write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'starlette' else find(name, package)\n"
    )
    import tccli

    path = f"{tmp_path}:{tccli.__file__.rpartition('/tccli/')[0]}"
    result = tc_process("sandbox", "tour", env={"PYTHONPATH": path})

    assert 3 == result.exit_code
    assert "pip install 'taskcluster-cli[sandbox]'" in result.stderr
