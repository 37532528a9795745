"""
``tc download-object``: killed processes, full disks, closed outputs.
"""

from __future__ import annotations

import hashlib
import os
import pty
import random
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tccli.cli.transfers import progress
from tccli.core.transfer.resume import ResumableFile
from tests.http_server import Received, Response, ScriptedServer, json_response, response
from tests.terminals import read_terminal
from tests.transfer_env import (
    MEBIBYTE,
    TransferEnv,
    count_recorded,
    files_in,
    peak_memory,
    random_bytes,
    slug,
    stop_and_count,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, Start

DATA = random_bytes(2 * MEBIBYTE)
BIG = 24 * MEBIBYTE
QUICK = ("--delay-factor", "0")


def errors_of(process: subprocess.Popen[bytes]) -> bytes:
    """
    Return what a process writes to stderr until it ends.
    """
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(30)
    return said


def digest(path: Path) -> str:
    """
    Return the digest of a file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["download-object", "a/b", "-o", "TARGET"], id="-o"),
        pytest.param(["download", "object", "a/b", "TARGET"], id="as the Go client does"),
        pytest.param(["downloadObject", "a/b", "TARGET"], id="another spelling"),
        pytest.param(["download-object", "a/b", "-o", "DIRECTORY"], id="a directory"),
        pytest.param(
            ["download-object", "a/b", "--connections", "3", "-o", "DIRECTORY/"], id="a directory, with a slash"
        ),
    ],
)
def test_downloads(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, argv: list[str]) -> None:
    """
    Nothing is written to stdout; one line summarizes the download.
    """
    transfer_env.put_object("a/b", DATA)
    words = [word.replace("TARGET", str(tmp_path / "b")).replace("DIRECTORY", str(tmp_path)) for word in argv]
    result = tc(*words, env=transfer_env.sandbox.environment)

    assert (0, b"") == (result.exit_code, result.output)
    assert DATA == (tmp_path / "b").read_bytes()
    assert result.stderr.startswith(f"tc: wrote {tmp_path}/b: 2.1 MB in ")
    assert result.stderr.endswith("/s), verified by length, sha256 and sha512\n")
    assert ["b"] == files_in(tmp_path)


def test_default_name(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The last part of the name, in the current directory.
    """
    monkeypatch.chdir(tmp_path)
    transfer_env.put_object("a/b.bin", b"")
    assert 0 == tc("download-object", "a/b.bin", env=transfer_env.sandbox.environment).exit_code

    assert ["b.bin"] == files_in(tmp_path)
    assert b"" == (tmp_path / "b.bin").read_bytes()


def test_quiet(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Only errors are printed.
    """
    transfer_env.put_object("a", DATA)
    result = tc("download-object", "a", str(tmp_path / "a"), "--quiet", env=transfer_env.sandbox.environment)
    assert (0, "") == (result.exit_code, result.stderr)
    missing = tc("download-object", "b", str(tmp_path / "b"), "-q", env=transfer_env.sandbox.environment)

    assert (5, 1) == (missing.exit_code, missing.stderr.count("\n"))


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        pytest.param(["a", "DIRECTORY/none/x"], 2, "there is no directory", id="no directory"),
        pytest.param(["a", "x", "-o", "y"], 2, "both 'x' and -o 'y'", id="two targets"),
        pytest.param(["a/", "-o", "DIRECTORY"], 2, "give -o FILE", id="no last part"),
        pytest.param(["a/.."], 2, "give -o FILE", id="dots"),
        pytest.param(["a", "--checksum", "sha256:00"], 2, "write sha256:HEX", id="no checksum"),
        pytest.param(["a", "--connections", "0"], 2, "0", id="no connection"),
        pytest.param(["a", "--root-url", "nonsense"], 3, "", id="no root URL"),
    ],
)
def test_usage_errors(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, argv: list[str], code: int, says: str
) -> None:
    """
    No request is sent.
    """
    words = [word.replace("DIRECTORY", str(tmp_path)) for word in argv]
    result = tc("download-object", *words, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert says in result.stderr
    assert [] == transfer_env.sandbox.requests


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        pytest.param("hashes=wrong", 9, "was expected", id="wrong hash"),
        pytest.param("hashes=none", 9, "no sha256 or sha512", id="no acceptable hash"),
        pytest.param("hashes=unknown", 9, "no sha256 or sha512", id="unknown hash"),
        pytest.param("long=10", 9, "", id="long body"),
        pytest.param("status=404", 5, "404", id="404"),
        pytest.param("status=403", 4, "403", id="403"),
        pytest.param("status=400", 6, "400", id="400"),
        pytest.param("status=503", 7, "503", id="503"),
        pytest.param("drop=0", 9, "dropped", id="dropped"),
    ],
)
def test_exit_codes(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, fault: str, code: int, says: str
) -> None:
    """
    One line; the target keeps content and mode, and no other file remains.
    """
    transfer_env.put_object("a", b"x" * 20_000)
    transfer_env.sandbox.storage.faults.add(fault)
    target = tmp_path / "a"
    target.write_text("before")
    target.chmod(0o640)
    if fault.startswith("long"):
        transfer_env.sandbox.storage.faults.add("range=ignore")
    result = tc("download-object", "a", str(target), *QUICK, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert says in result.stderr
    assert "Signature" not in result.stderr or "Signature=…" in result.stderr
    assert ("before", 0o640) == (target.read_text(), target.stat().st_mode & 0o777)
    assert ["a"] == files_in(tmp_path)


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_checksum_option(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, *, right: bool) -> None:
    """
    It is verified in addition to the object's hashes, and may contradict them.
    """
    transfer_env.put_object("a", DATA)
    checksum = hashlib.sha256(DATA if right else b"").hexdigest()
    result = tc(
        "download-object",
        "a",
        str(tmp_path / "a"),
        "--checksum",
        f"sha256:{checksum}",
        env=transfer_env.sandbox.environment,
    )

    assert (0 if right else 9) == result.exit_code
    assert (["a"] if right else []) == files_in(tmp_path)


@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(start: Start, transfer_env: TransferEnv, tmp_path: Path, seed: int) -> None:
    """
    After ``kill -9``, the next run downloads only what is missing.
    """
    data = random_bytes(BIG)
    transfer_env.put_object("big", data)
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=5MB")
    target = tmp_path / "big"
    argv = ("download-object", "big", str(target))
    point = random.Random(seed).randrange(BIG // 20, BIG * 19 // 20)
    written: list[int] = []

    def count() -> int:
        return transfer_env.sent() if count_recorded(target) else 0

    with transfer_env.strike_at(point, count, lambda: written.append(stop_and_count(process))) as wait:
        process = start(*argv, env=transfer_env.sandbox.environment)
        assert wait(), process.communicate()
    process.kill()
    process.wait()
    assert not (tmp_path / "big").exists()
    storage.faults.clear()
    # On a busy machine, much of what was sent has not been read.
    storage.counters.reset()
    with ResumableFile(str(tmp_path / "big")) as partial:
        recorded = partial.written.total()
    again = start(*argv, env=transfer_env.sandbox.environment)
    said = again.communicate()[1].decode()

    assert 0 == again.returncode, said
    assert "from an earlier run" in said
    assert hashlib.sha256(data).hexdigest() == digest(tmp_path / "big")
    assert written[0] - recorded < BIG * 0.05
    assert transfer_env.sent() < BIG * 1.05 - recorded
    assert ["big"] == files_in(tmp_path)


def test_interrupted(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Ctrl-C exits with 130 and one line; the next run resumes.
    """
    transfer_env.put_object("a", random_bytes(8 * MEBIBYTE))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=2MB")
    process = start("download-object", "a", str(tmp_path / "a"), env=transfer_env.sandbox.environment)
    # More than is worth keeping has arrived, and most has not.
    wait_until(lambda: count_recorded(tmp_path / "a") >= 1.5 * MEBIBYTE, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert (130, b"", 1) == (process.returncode, output, len(errors.strip().splitlines()))
    assert b"again to resume" in errors
    assert [".a.tc-partial", ".a.tc-partial.log"] == files_in(tmp_path)
    storage.faults.clear()
    again = start("download-object", "a", str(tmp_path / "a"), env=transfer_env.sandbox.environment)
    assert b"from an earlier run" in again.communicate()[1]
    assert hashlib.sha256(random_bytes(8 * MEBIBYTE)).hexdigest() == digest(tmp_path / "a")


def test_interrupted_on_a_terminal(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The bar is removed, and the line has neither the bar nor the ^C of the terminal.
    """
    transfer_env.put_object("a", random_bytes(40 * MEBIBYTE))
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    ours, theirs = pty.openpty()
    env = {**transfer_env.sandbox.environment, "TERM": "xterm", "COLUMNS": "100"}
    process = start("download-object", "a", str(tmp_path / "a"), env=env, stderr=theirs)
    os.close(theirs)
    shown = b""
    while b"MB/s" not in shown or count_recorded(tmp_path / "a") < 1.5 * MEBIBYTE:
        shown += os.read(ours, 65536)
    # What the terminal echoes; it is not the controlling one, so this sends no signal.
    os.write(ours, b"\x03")
    process.send_signal(signal.SIGINT)
    *_, before, message, after = (shown + read_terminal(ours)).split(b"\r\n")

    assert 130 == process.wait(30)
    assert message.startswith(b"tc: interrupted")
    assert b"" == after
    assert before.endswith(b"\x1b[2K")


def test_interrupted_while_waiting(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    A server that does not respond is not waited for.
    """
    transfer_env.put_object("a", random_bytes(40 * MEBIBYTE))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=4MB")
    silent = storage.faults.add("latency=50s,skip=1")
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "3", "--timeout", "60s")
    process = start(*argv, env=transfer_env.sandbox.environment)
    wait_until(lambda: silent.count == 2 and count_recorded(tmp_path / "a") >= 1.5 * MEBIBYTE, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert (130, 1) == (process.returncode, len(errors.strip().splitlines()))
    assert [".a.tc-partial", ".a.tc-partial.log"] == files_in(tmp_path)


def test_two_processes_at_once(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Both succeed with the same target.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    processes = [
        start("download-object", "a", str(tmp_path / "a"), env=transfer_env.sandbox.environment) for _ in range(2)
    ]
    errors = [process.communicate()[1] for process in processes]

    assert [0, 0] == [process.returncode for process in processes], errors
    assert DATA == (tmp_path / "a").read_bytes()
    assert ["a"] == files_in(tmp_path)


@pytest.mark.parametrize("connections", ["1", "4"])
def test_file_size_limit(
    transfer_env: TransferEnv, tmp_path: Path, process_environment: dict[str, str], connections: str
) -> None:
    """
    What cannot be written is exit code 3 with one line, and the target is kept.
    """
    transfer_env.put_object("a", DATA)
    (tmp_path / "a").write_text("before")
    argv = [sys.executable, "-m", "tccli", "download-object", "a", str(tmp_path / "a"), "--connections", connections]
    done = subprocess.run(
        argv,
        env={**process_environment, **transfer_env.sandbox.environment},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MEBIBYTE, MEBIBYTE)),
        capture_output=True,
        check=False,
    )

    assert (3, b"", 1) == (done.returncode, done.stdout, done.stderr.count(b"\n")), done.stderr
    assert b"cannot write" in done.stderr
    assert b"File too large" in done.stderr
    assert "before" == (tmp_path / "a").read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """
    A disk of three mebibytes.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_full_disk(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    It is noticed at once if the length is known, else when the disk is full. The target is kept.
    """
    transfer_env.put_object("a", random_bytes(4 * MEBIBYTE))
    (small_disk / "a").write_text("before")
    known = tc("download-object", "a", str(small_disk / "a"), env=transfer_env.sandbox.environment)
    assert (3, 1) == (known.exit_code, known.stderr.count("\n"))
    assert "bytes needed" in known.stderr
    transfer_env.sandbox.storage.faults.add("cut=0")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    found_out = tc("download-object", "a", str(small_disk / "a"), env=transfer_env.sandbox.environment)

    assert (3, 1) == (found_out.exit_code, found_out.stderr.count("\n"))
    assert "No space left on device" in found_out.stderr
    assert "before" == (small_disk / "a").read_text()


def test_disk_without_free_space(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    Not even a journal can be written.
    """
    transfer_env.put_object("a", DATA)
    (small_disk / "ballast").write_bytes(bytes(3 * MEBIBYTE))
    result = tc("download-object", "a", str(small_disk / "a"), env=transfer_env.sandbox.environment)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert str(small_disk) in result.stderr
    assert ["ballast"] == files_in(small_disk)


def test_full_disk_ends_the_downloads_of_a_pattern(
    tc: CommandLine, small_disk: Path, http_server: ScriptedServer
) -> None:
    """
    The others are not requested in vain; one line has the reason. The files that are complete remain.
    """
    task_id, count = slug(), 2000
    body = random_bytes(20_000)
    storage = "/storage"

    def respond(request: Received) -> Response:
        if request.target.split("?")[0].endswith("/artifacts"):
            entry = {"storageType": "s3", "contentType": "a/b", "expires": "2999-01-01T00:00:00.000Z"}
            return json_response({"artifacts": [{**entry, "name": f"public/{n:04}/x"} for n in range(count)]})
        if "/artifact-content/" in request.target:
            return json_response({"storageType": "s3", "url": f"{http_server.url}{storage}"})
        if request.target.startswith("/storage"):
            return response(200, body)
        status = {"taskId": task_id, "state": "completed", "runs": [{"runId": 0, "state": "completed"}]}
        return json_response({"status": status})

    http_server.respond_with(respond)
    argv = ("download-artifact", task_id, "public/**", "-o", str(small_disk))
    result = tc(*argv, env=http_server.env)

    files = [path for path in small_disk.rglob("*") if path.is_file()]
    assert 3 == result.exit_code, result.stderr
    assert 100 < len(files) < 160
    assert all(path.read_bytes() == body for path in files)
    assert len(http_server.requests) < 600
    assert f"cannot download {count - len(files)} of {count} artifacts" in result.stderr
    assert "No space left on device" in result.stderr.splitlines()[-1]
    assert 2 == result.stderr.count("\n")

    # Of a disk that cannot be written, nothing is requested.
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    # The server may still receive requests of the first command, which has ended.
    storage = "/storage-of-read-only"
    result = tc(*argv, env=http_server.env)
    assert (3, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert "read-only" in result.stderr.lower()
    assert not any(request.target == storage for request in http_server.requests)


def test_read_only_directory(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    No request is sent, for root either.
    """
    (small_disk / "a").write_text("before")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = tc("download-object", "a", str(small_disk / "a"), env=transfer_env.sandbox.environment)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "permission denied" in result.stderr
    assert ("before", []) == ((small_disk / "a").read_text(), transfer_env.sandbox.requests)


@pytest.mark.parametrize("target", ["-", "/dev/stdout", "/dev/fd/1"])
def test_stdout(tc_process: CommandLine, transfer_env: TransferEnv, target: str) -> None:
    """
    All its names work, and only the bytes are written.
    """
    transfer_env.put_object("a", DATA)
    result = tc_process("download-object", "a", "-o", target, env=transfer_env.sandbox.environment)

    assert (0, DATA) == (result.exit_code, result.output), result.stderr
    assert 1 == result.stderr.count("\n")
    assert "verified by length, sha256 and sha512" in result.stderr


def test_stdout_into_a_file(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The exit code tells a failure.
    """
    transfer_env.put_object("a", DATA)
    with (tmp_path / "out").open("wb") as out:
        process = start("download-object", "a", "-o", "-", env=transfer_env.sandbox.environment, stdout=out.fileno())
        assert b"verified by" in errors_of(process)
    assert (0, DATA) == (process.returncode, (tmp_path / "out").read_bytes())
    transfer_env.sandbox.storage.faults.add("hashes=wrong")
    with (tmp_path / "out").open("wb") as out:
        process = start("download-object", "a", "-o", "-", env=transfer_env.sandbox.environment, stdout=out.fileno())
        assert b"was expected" in errors_of(process)
    assert 9 == process.returncode


@pytest.mark.parametrize("target", ["-", "PIPE"])
def test_closed_output(start: Start, transfer_env: TransferEnv, tmp_path: Path, target: str) -> None:
    """
    Exit code 141 without a message, as other programs do.
    """
    transfer_env.put_object("a", DATA)
    if target == "PIPE":
        os.mkfifo(tmp_path / "pipe")
        process = start("download-object", "a", str(tmp_path / "pipe"), env=transfer_env.sandbox.environment)
        reader = os.open(tmp_path / "pipe", os.O_RDONLY)
    else:
        process = start("download-object", "a", "-o", "-", env=transfer_env.sandbox.environment)
        assert process.stdout is not None
        reader = os.dup(process.stdout.fileno())
        process.stdout.close()
        process.stdout = None
    assert os.read(reader, 10)
    os.close(reader)

    assert (b"", 141) == (errors_of(process), process.returncode)


@pytest.mark.parametrize("fault", ["hashes=wrong", "status=404"])
def test_failure_into_a_pipe(start: Start, transfer_env: TransferEnv, tmp_path: Path, fault: str) -> None:
    """
    The exit code tells it, and the pipe remains.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add(fault)
    os.mkfifo(tmp_path / "pipe")
    process = start("download-object", "a", str(tmp_path / "pipe"), env=transfer_env.sandbox.environment)
    with (tmp_path / "pipe").open("rb") as reader:
        reader.read()

    assert (9 if fault == "hashes=wrong" else 5) == process.wait(30)
    assert ["pipe"] == files_in(tmp_path)


def test_memory_stays_flat(transfer_env: TransferEnv, tmp_path: Path, process_environment: dict[str, str]) -> None:
    """
    At most 64 MiB for a file of 256 MiB.
    """
    size = 256 * MEBIBYTE
    transfer_env.put_object("big", random_bytes(16 * MEBIBYTE) * 16)
    env = {**process_environment, **transfer_env.sandbox.environment}

    assert peak_memory(["download-object", "big", str(tmp_path / "big"), "-q"], env) <= 64 * MEBIBYTE
    assert size == (tmp_path / "big").stat().st_size


def test_log_lines(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Only long downloads have them.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=4MB")
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "2")
    assert 1 == tc(*argv, env=transfer_env.sandbox.environment).stderr.count("\n")
    monkeypatch.setattr(progress, "LOG_INTERVAL_SECONDS", 0.1)
    (tmp_path / "a").unlink()
    # So slow that a busy machine does not miss them.
    transfer_env.sandbox.storage.faults.clear()
    transfer_env.sandbox.storage.faults.add("slow=1MB")
    lines = tc(*argv, env=transfer_env.sandbox.environment).stderr.splitlines()
    (tmp_path / "a").unlink()
    silent = tc(*argv, "--quiet", env=transfer_env.sandbox.environment)

    assert 2 < len(lines)
    assert all(line.startswith("tc: a: ") for line in lines[:-1]), lines
    # On a busy machine, nothing may have come by the first lines, so that they cannot tell the time that is left.
    told = [line for line in lines[:-1] if not line.endswith(" 0 bytes/s")]
    assert told
    assert all(line.endswith("s left") for line in told), lines
    assert all(" of 2.1 MB (" in line and "%), " in line and "/s, " in line for line in told), lines
    assert lines[-1].startswith("tc: wrote ")
    assert "" == silent.stderr


@pytest.mark.parametrize("quiet", [False, True], ids=["shown", "quiet"])
def test_progress_bar(start: Start, transfer_env: TransferEnv, tmp_path: Path, *, quiet: bool) -> None:
    """
    It is on stderr, with size, rate and remaining time.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    ours, theirs = pty.openpty()
    options = ["--quiet"] if quiet else []
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "1", *options)
    process = start(*argv, env={**transfer_env.sandbox.environment, "TERM": "xterm", "COLUMNS": "120"}, stderr=theirs)
    os.close(theirs)
    shown = read_terminal(ours)

    assert 0 == process.wait(30)
    assert b"" == (process.stdout.read() if process.stdout else b"")
    if quiet:
        assert b"" == shown
    else:
        assert b"\xe2\x94\x81" in shown
        assert b"MB/s" in shown or b"kB/s" in shown
        assert b"tc: wrote " in shown
