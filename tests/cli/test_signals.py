"""
SIGTERM and SIGHUP end a command as Ctrl-C does: nothing incomplete is left behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.http_server import Response, json_response
from tests.ids import TASK_ID
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.http_server import Received, ScriptedServer

MAX_SECONDS = 3
RUNS = [{"runId": 0, "state": "completed", "reasonResolved": "completed"}]
DOCUMENT = {
    "status": {"taskId": TASK_ID, "state": "completed", "runs": RUNS},
    "metadata": {"name": "n"},
    "taskGroupId": TASK_ID,
    "schedulerId": "-",
    "created": "2026-01-01T00:00:00.000Z",
    "deadline": "2026-01-02T00:00:00.000Z",
    "expires": "2027-01-02T00:00:00.000Z",
    "storageType": "s3",
}


def stalled_storage(server: ScriptedServer) -> None:
    """
    Answer with a body that does not come to its end.
    """
    body = Response(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000)

    def respond(request: Received) -> Response:
        return body if request.target == "/body" else json_response({**DOCUMENT, "url": f"{server.url}/body"})

    server.respond_with(respond)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(
    "argv",
    [["task", "log", TASK_ID, "--no-follow"], ["download-artifact", TASK_ID, "a"]],
    ids=lambda argv: argv[0],
)
def test_no_part_of_a_file_stays(
    start: Start, http_server: ScriptedServer, tmp_path: Path, argv: list[str], number: signal.Signals
) -> None:
    """
    And what was there before is as it was.
    """
    directory = tmp_path / "directory"
    directory.mkdir()
    (directory / "old").write_text("before")
    stalled_storage(http_server)
    process = start(*argv, "-o", str(directory / "old"), env=http_server.env)
    http_server.wait_for(2)
    time.sleep(0.3)
    process.send_signal(number)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)

    check_duration(began, MAX_SECONDS)
    assert process.returncode == (130 if number == signal.SIGINT else -number), err
    assert b"Traceback" not in err
    assert {"old": "before"} == {name: (directory / name).read_text() for name in os.listdir(directory)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_no_copy_for_the_editor_stays(
    start: Start, http_server: ScriptedServer, tmp_path: Path, number: signal.Signals
) -> None:
    """
    It has the definition of a task.
    """
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/begun\nexec sleep 100\n')
    editor.chmod(0o755)
    (tmp_path / "copies").mkdir()
    http_server.respond_with(json_response(DOCUMENT))
    variables = {"EDITOR": str(editor), "TMPDIR": str(tmp_path / "copies")}
    process = start("task", "retrigger", TASK_ID, "--edit", env={**http_server.env, **variables})
    end = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    assert len(os.listdir(tmp_path / "copies")) == 1, process.communicate(timeout=60)
    process.send_signal(number)
    process.communicate(timeout=60)

    assert -number == process.returncode
    assert [] == os.listdir(tmp_path / "copies")


def test_nohup_is_respected(start: Start, http_server: ScriptedServer) -> None:
    """
    A command that ignores the end of its terminal goes on.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stalled_storage(http_server)
        process = start("task", "log", TASK_ID, "--no-follow", env=http_server.env)
    finally:
        signal.signal(signal.SIGHUP, before)
    http_server.wait_for(2)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    try:
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert -signal.SIGTERM == process.returncode


INHERITED = """
import os, signal, sys
{statement}
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
IGNORE_CHILDREN = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
BLOCK_ALL = "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())"
FAILING = (sys.executable, "-c", "raise SystemExit(3)")


def run_with_inherited(environment: dict[str, str], statement: str, *words: str) -> subprocess.CompletedProcess[str]:
    """
    Run ``tc`` as the child of a program that has executed a statement.
    """
    command = [sys.executable, "-c", INHERITED.format(statement=statement), "-m", "tccli", *words]
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("statement", [IGNORE_CHILDREN, BLOCK_ALL], ids=["ignored", "blocked"])
def test_a_command_that_fails_has_failed(
    process_environment: dict[str, str], http_server: ScriptedServer, statement: str
) -> None:
    """
    Also where SIGCHLD is ignored, and the system drops its exit code: commands of others, and one for credentials.
    """
    env = {**process_environment, **http_server.env}
    assert 3 == run_with_inherited(env, statement, "exec", "--", *FAILING).returncode
    assert 3 == run_with_inherited(env, statement, "sandbox", "run", "--", *FAILING).returncode

    profiles = Path(env["XDG_CONFIG_HOME"]) / "tc" / "profiles.toml"
    profiles.parent.mkdir(parents=True)
    code = 'print(\'{"clientId": "a", "accessToken": "b"}\'); raise SystemExit(4)'
    words = json.dumps([sys.executable, "-c", code])
    profiles.write_text(f'[a]\nrootUrl = "{http_server.url}"\ncredential_command = {words}\n')
    profiles.chmod(0o600)
    result = run_with_inherited(env, statement, "secrets", "get", "x", "--profile", "a")
    assert (3, 1) == (result.returncode, result.stderr.count("\n"))
    assert "exit code 4" in result.stderr
    assert not http_server.requests


def test_signals_that_the_caller_has_blocked(process_environment: dict[str, str], http_server: ScriptedServer) -> None:
    """
    They end a command nevertheless, and commands that it runs do not have them blocked.
    """
    code = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    env = {**process_environment, **http_server.env}
    result = run_with_inherited(env, BLOCK_ALL, "exec", "--", sys.executable, "-c", code)
    assert (0, "[]\n") == (result.returncode, result.stdout)
