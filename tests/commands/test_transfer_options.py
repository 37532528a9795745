"""
What all transfers have in common: results as data, limits of time and rate, retries of their own, Ctrl-C.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import Received, Response, json_response, response
from tests.terminals import read_terminal
from tests.time_limits import check_duration
from tests.transfer_env import MEBIBYTE, TransferEnv, random_bytes, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.http_server import ScriptedServer

DATA = random_bytes(100_000)
NAMES = ["public/[a].txt", "public/a.txt", "public/b?.txt", "public/c*", "public/d/e.zip"]


@pytest.fixture
def task(transfer_env: TransferEnv) -> str:
    """
    A task with artifacts whose names look like patterns.
    """
    task_id = transfer_env.task()
    for name in NAMES:
        transfer_env.artifact(task_id, name, name.encode())
    return task_id


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [[], ["--literal"]], ids=["exact", "--literal"])
def test_exact_names(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str, name: str, options: list[str]
) -> None:
    """
    The artifact with this name goes to the named file, or to stdout, whatever characters it has.
    """
    env = transfer_env.sandbox.environment
    to_file = tc("download-artifact", task, name, "-o", "file", *options, env=env)
    to_stdout = tc("download-artifact", task, name, "-o", "-", *options, env=env)

    assert (0, 0) == (to_file.exit_code, to_stdout.exit_code), to_file.stderr + to_stdout.stderr
    assert name.encode() == (cwd / "file").read_bytes() == to_stdout.output


def test_literal_is_not_a_pattern(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    For a download and for a list.
    """
    for options in (["-o", "file"], ["--list"]):
        result = tc("download-artifact", task, "public/*", "--literal", *options, env=transfer_env.sandbox.environment)
        assert (5, []) == (result.exit_code, os.listdir(cwd))


def test_list_without_a_name(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    It prints all names, also of a given run.
    """
    for words in ([], ["0"], ["**"], ["0", "*"]):
        result = tc("download-artifact", task, *words, "--list", env=transfer_env.sandbox.environment)
        assert (0, sorted(NAMES)) == (result.exit_code, result.stdout.splitlines())
    assert [] == os.listdir(cwd)


@pytest.mark.usefixtures("cwd")
def test_a_rerun_does_not_mix_runs(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The run of a pattern is looked up once.
    """

    def respond(received: Received) -> Response:
        if received.target.endswith("/status"):
            return json_response({"status": {"runs": [{}, {}]}})
        if received.target.endswith("/artifacts"):
            return json_response({"artifacts": [{"name": "public/a"}, {"name": "public/b"}]})
        if "/artifact-content/" in received.target:
            return json_response({"storageType": "s3", "url": f"{http_server.url}/storage"})
        return response(200, b"x")

    http_server.respond_with(respond)
    result = tc("download-artifact", "fN1SbArXTPSVFNUvaOlinQ", "public/*", env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    calls = [request.target for request in http_server.requests if request.target.startswith("/api/")]
    assert 4 == len(calls)
    assert all("/runs/1/" in call for call in calls[1:])


@pytest.mark.parametrize("many", [False, True], ids=["one", "a pattern"])
def test_results_as_data(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, *, many: bool) -> None:
    """
    An object for one artifact; for a pattern an array, also of one. Whatever the format, stdout has nothing else.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a", gzip.compress(DATA), "gzip")
    digest = hashlib.sha256(DATA).hexdigest()
    argv = ("download-artifact", task_id, "public/[a]" if many else "public/a", "-o", "d" if many else "f")
    checksum = () if many else ("--checksum", f"sha256:{digest}")
    result = tc(*argv, *checksum, "--format", "json", env=transfer_env.sandbox.environment)
    filtered = tc(*argv, "--jq", ".[0].size" if many else ".size", env=transfer_env.sandbox.environment)

    document = json.loads(result.stdout)
    assert isinstance(document, list) == many
    found = document[0] if many else document
    assert found.pop("seconds") >= 0
    expected: dict[str, Any] = {
        "name": "public/a",
        "path": "d/public/a" if many else "f",
        "size": len(DATA),
        "contentType": "text/x",
        "hashes": {} if many else {"sha256": digest},
        "verifiedBy": ["length"] if many else ["length", "sha256"],
        "alreadyComplete": False,
    }
    assert expected == found
    assert str(len(DATA)) == filtered.stdout.strip()
    assert DATA == (cwd / found["path"]).read_bytes()
    both = tc(
        "download-artifact", task_id, "public/a", "-o", "-", "--format", "json", env=transfer_env.sandbox.environment
    )
    assert (2, b"") == (both.exit_code, both.output)


@pytest.mark.parametrize("storage", ["s3", "object"])
def test_results_of_uploads_as_data(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, storage: str) -> None:
    """
    To stdout or a file.
    """
    task_id = transfer_env.task()
    argv = ("upload-artifact", task_id, "0", f"public/{storage}", "-", "--storage", storage, "-o", "result.json")
    result = tc(*argv, stdin=DATA, env=transfer_env.sandbox.environment)
    assert (0, b"") == (result.exit_code, result.output), result.stderr

    found = json.loads((cwd / "result.json").read_text())
    assert (f"public/{storage}", len(DATA), "application/octet-stream") == (
        found["name"],
        found["size"],
        found["contentType"],
    )
    assert (["length"] if storage == "s3" else ["sha256", "sha512"]) == found["verifiedBy"]


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("target", ["f", "-"], ids=["file", "stdout"])
def test_checksums_of_stored_bytes(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, target: str, *, right: bool
) -> None:
    """
    With ``--compressed``, a checksum is that of the bytes as they are stored.
    """
    task_id, stored = transfer_env.task(), gzip.compress(DATA)
    transfer_env.artifact(task_id, "public/a", stored, "gzip")
    checksum = "sha256:" + hashlib.sha256(stored if right else DATA).hexdigest()
    argv = ("download-artifact", task_id, "public/a", "--compressed", "--checksum", checksum, "-o", target)
    result = tc(*argv, env=transfer_env.sandbox.environment)

    assert (0 if right else 9) == result.exit_code
    assert ("verified by" if right else "was expected") in result.stderr
    assert (["f"] if right and target == "f" else []) == os.listdir(cwd)


@pytest.mark.parametrize(
    ("argv", "verb", "path"),
    [
        (["download-artifact", "TASK", "public/a"], "GET", "/artifact-content/public%2Fa"),
        (["download-artifact", "TASK", "1", "public/*"], "GET", "/runs/1/artifacts"),
        (["download-artifact", "TASK", "--list"], "GET", "/artifacts"),
        (["download-artifact", "--index", "a.b", "public/a"], "GET", "/task/a.b"),
        (["download-object", "a/b"], "PUT", "/start-download/a%2Fb"),
        (["upload-artifact", "TASK", "0", "public/a", "-"], "GET", "/task/fN1SbArXTPSVFNUvaOlinQ"),
        (["upload-artifact", "TASK", "0", "a", "-", "--expires", "1d"], "POST", "/artifacts/a"),
        (["upload-artifact", "TASK", "0", "a", "--link", "b", "--expires", "1d"], "POST", "/artifacts/a"),
        (["upload-object", "-", "a/b", "--project-id", "p"], "PUT", "/upload/a%2Fb"),
    ],
)
def test_dry_run(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, argv: list[str], verb: str, path: str) -> None:
    """
    It prints the first request, without secrets, and sends nothing.
    """
    words = ["fN1SbArXTPSVFNUvaOlinQ" if word == "TASK" else word for word in argv]
    result = tc(*words, "--dry-run", stdin=b"x", env=transfer_env.sandbox.environment)

    assert 0 == result.exit_code, result.stderr
    shown = json.loads(result.stdout)
    assert (verb, True) == (shown["verb"], shown["url"].endswith(path)), shown
    assert "mac=" not in result.stdout or "…" in shown["headers"]["Authorization"]
    assert ([], []) == (transfer_env.sandbox.requests, os.listdir(cwd))


@pytest.mark.parametrize("limit", [["--deadline", "700ms"], ["--min-rate", "10M", "--timeout", "1s"]])
@pytest.mark.parametrize("command", ["one", "many", "stdout", "upload"])
def test_limits(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, command: str, limit: list[str]) -> None:
    """
    A transfer that is too slow ends with exit code 8, and names the option.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a", random_bytes(4 * MEBIBYTE))
    (cwd / "in").write_bytes(random_bytes(4 * MEBIBYTE))
    transfer_env.sandbox.storage.faults.add("slow=1MB")
    argv = {
        "one": ["download-artifact", task_id, "public/a", "f"],
        "many": ["download-artifact", task_id, "public/*"],
        "stdout": ["download-artifact", task_id, "public/a", "-o", "-"],
        "upload": ["upload-object", "in", "a", "--project-id", "p"],
    }[command]
    started = time.monotonic()
    result = tc(*argv, *limit, env=transfer_env.sandbox.environment)

    assert (8, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert limit[0] in result.stderr
    check_duration(started, 10)


def test_limits_that_are_kept(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    A transfer within its limits is not touched; a rate is a number with a unit.
    """
    argv = ("download-artifact", task, "public/a.txt", "f", "--deadline", "1m", "--min-rate")
    for rate in ("1", "1.5k", "1 kB/s"):
        assert 0 == tc(*argv, rate, env=transfer_env.sandbox.environment).exit_code
    for rate in ("", "0", "fast", "-1", "1e9", "1 furlong"):
        assert 2 == tc(*argv, rate, env=transfer_env.sandbox.environment).exit_code
    assert ["f"] == os.listdir(cwd)


def test_retries_of_their_own(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    ``--transfer-retries`` is for the bytes, ``--retries`` for them too unless that is given.
    """
    argv = ("download-artifact", task, "public/a.txt", "f", "--delay-factor", "0")
    for options, count in ((["--transfer-retries", "1"], 2), (["--retries", "2"], 3)):
        fault = transfer_env.sandbox.storage.faults.add("status=503")
        result = tc(*argv, *options, env=transfer_env.sandbox.environment)
        assert (7, count) == (result.exit_code, fault.count)
        transfer_env.sandbox.storage.faults.clear()
    started = time.monotonic()
    transfer_env.sandbox.storage.faults.add("status=503,times=2")
    quick = ("--transfer-delay-factor", "0", "--transfer-max-delay", "0s", "--transfer-randomization-factor", "0")
    slow = ("download-artifact", task, "public/a.txt", "f", "--delay-factor", "30s", "--max-delay", "30s")
    assert 0 == tc(*slow, *quick, env=transfer_env.sandbox.environment).exit_code
    check_duration(started, 10)
    assert ["f"] == os.listdir(cwd)


@pytest.mark.parametrize("length", [255, 256, 300])
def test_long_names(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, length: int) -> None:
    """
    A name that no file can have is found before anything is downloaded.
    """
    task_id = transfer_env.task()
    name = "n" * length
    transfer_env.artifact(task_id, f"public/{name}", DATA)
    transfer_env.artifact(task_id, "public/short", DATA)
    transfer_env.sandbox.storage.counters.reset()
    one = tc("download-artifact", task_id, f"public/{name}", env=transfer_env.sandbox.environment)
    assert (0 if length == 255 else 2) == one.exit_code
    assert (1 if length == 255 else 0) == transfer_env.sandbox.storage.counters.requests
    many = tc("download-artifact", task_id, "public/*", "-o", "d", env=transfer_env.sandbox.environment)

    assert (0 if length == 255 else 9) == many.exit_code
    assert DATA == (cwd / "d" / "public" / "short").read_bytes()


def run_on_terminal(argv: list[str], env: dict[str, str], columns: int = 80) -> tuple[int, bytes]:
    """
    Run a command whose stdout and stderr are a terminal; return its exit code and what the terminal got.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tccli", *argv],
        env={**env, "COLUMNS": str(columns), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_terminal(ours)
    return process.wait(60), shown


def test_stdout_that_is_a_terminal(transfer_env: TransferEnv, process_environment: dict[str, str]) -> None:
    """
    Binary data is refused; text goes there without control characters.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/binary", bytes(range(256)))
    transfer_env.artifact(
        task_id, "public/log", "red \x1b[31mtext\x1b]0;title\x07 \u202e\u009b\r\nümlaut\n".encode() + b"\xff"
    )
    env = {**process_environment, **transfer_env.sandbox.environment}
    code, shown = run_on_terminal(["download-artifact", task_id, "public/binary", "-o", "-"], env)
    assert (2, True) == (code, b"binary data" in shown)
    code, shown = run_on_terminal(["download-artifact", task_id, "public/log", "-o", "-", "-q"], env)

    text = shown.decode()
    assert 0 == code
    assert "ümlaut" in text
    assert not any(character in text for character in "\x1b\x07\u202e\u009b")


@pytest.mark.usefixtures("cwd")
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_progress_with_a_long_name(
    transfer_env: TransferEnv, process_environment: dict[str, str], columns: int
) -> None:
    """
    The name is shortened, and the bar remains.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a", random_bytes(2 * MEBIBYTE))
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    env = {**process_environment, **transfer_env.sandbox.environment}
    argv = ["download-artifact", task_id, "public/a", "a-very-long-name-" * 10]
    code, shown = run_on_terminal(argv, env, columns)

    assert 0 == code
    assert "━" in shown.decode()


COMMANDS = {
    "download": ["download-artifact", "TASK", "public/0", "f"],
    "download to stdout": ["download-artifact", "TASK", "public/0", "-o", "-"],
    "download many": ["download-artifact", "TASK", "public/*"],
    "download over connections": ["download-artifact", "TASK", "public/0", "f", "--connections", "4"],
    "download-object": ["download-object", "o", "f"],
    "upload": ["upload-artifact", "TASK", "0", "public/new", "in"],
    "upload-object": ["upload-object", "in", "new", "--project-id", "p"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_at_any_moment(start: Start, transfer_env: TransferEnv, cwd: Path, command: str) -> None:
    """
    Exit code 130 within a second, no traceback, no file that looks complete, and what came is found by the next run.
    """
    task_id = transfer_env.task()
    for number in range(3):
        transfer_env.artifact(task_id, f"public/{number}", random_bytes(6 * MEBIBYTE, number))
    transfer_env.put_object("o", random_bytes(6 * MEBIBYTE))
    (cwd / "in").write_bytes(random_bytes(6 * MEBIBYTE))
    argv = [task_id if word == "TASK" else word for word in COMMANDS[command]]
    draw = random.Random(command)
    for _ in range(int(os.environ.get("TC_INTERRUPTS", "3"))):
        transfer_env.sandbox.storage.faults.clear()
        transfer_env.sandbox.storage.faults.add("slow=4MB")
        transfer_env.sandbox.requests.clear()
        process = start(*argv, env=transfer_env.sandbox.environment)
        # Before, the interpreter starts, and ends as it likes.
        wait_until(lambda: bool(transfer_env.sandbox.requests), process)
        time.sleep(draw.uniform(0, 1.1))
        if process.poll() is not None:
            continue
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        # Twice the promise: other tests run beside this one.
        check_duration(started, 2)
        assert process.returncode in {130, 0}, errors
        assert b"Traceback" not in errors
        visible = [path for path in cwd.rglob("*") if path.is_file() and not path.name.startswith(".")]
        assert {path.stat().st_size for path in visible} == {6 * MEBIBYTE}
