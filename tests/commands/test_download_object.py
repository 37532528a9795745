"""
``tc download-object``: processes that are killed, disks that are full, and outputs that go away.
"""

from __future__ import annotations

import hashlib
import os
import pty
import random
import resource
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tccli.cli.transfers import progress
from tests.transfer_env import MEBIBYTE, TransferEnv, files_in, peak_memory, random_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, Start

DATA = random_bytes(2 * MEBIBYTE)
BIG = 24 * MEBIBYTE
QUICK = ("--delay-factor", "0")


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """
    Return when something has come about; the process has to last that long.
    """
    ends = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends
        time.sleep(0.002)


def errors_of(process: subprocess.Popen[bytes]) -> bytes:
    """
    Return what a process says on stderr until it ends.
    """
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(30)
    return said


def digest(path: Path) -> str:
    """
    Return what tells whether bytes are right.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["download-object", "a/b", "-o", "TARGET"], id="-o"),
        pytest.param(["download", "object", "a/b", "TARGET"], id="as the Go client does"),
        pytest.param(["downloadObject", "a/b", "TARGET"], id="another spelling"),
        pytest.param(["download-object", "a/b", "-o", "FOLDER"], id="a folder"),
        pytest.param(["download-object", "a/b", "--connections", "3", "-o", "FOLDER/"], id="a folder, with a slash"),
    ],
)
def test_downloads(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, argv: list[str]) -> None:
    """
    Nothing on stdout; one line says what it came to.
    """
    transfer_env.put_object("a/b", DATA)
    words = [word.replace("TARGET", str(tmp_path / "b")).replace("FOLDER", str(tmp_path)) for word in argv]
    result = tc(*words, env=transfer_env.sandbox.environment)

    assert (0, b"") == (result.exit_code, result.output)
    assert DATA == (tmp_path / "b").read_bytes()
    assert result.stderr.startswith(f"tc: wrote {tmp_path}/b: 2.1 MB in ")
    assert result.stderr.endswith("/s), verified by length and sha256 and sha512\n")
    assert ["b"] == files_in(tmp_path)


def test_the_name_is_the_last_part(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    In the current folder, where nothing else is said.
    """
    monkeypatch.chdir(tmp_path)
    transfer_env.put_object("a/b.bin", b"")
    assert 0 == tc("download-object", "a/b.bin", env=transfer_env.sandbox.environment).exit_code

    assert ["b.bin"] == files_in(tmp_path)
    assert b"" == (tmp_path / "b.bin").read_bytes()


def test_quiet_says_nothing(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    But errors.
    """
    transfer_env.put_object("a", DATA)
    result = tc("download-object", "a", str(tmp_path / "a"), "--quiet", env=transfer_env.sandbox.environment)
    assert (0, "") == (result.exit_code, result.stderr)
    missing = tc("download-object", "b", str(tmp_path / "b"), "-q", env=transfer_env.sandbox.environment)

    assert (5, 1) == (missing.exit_code, missing.stderr.count("\n"))


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        pytest.param(["a", "FOLDER/none/x"], 2, "there is no directory", id="no folder"),
        pytest.param(["a", "x", "-o", "y"], 2, "both 'x' and -o 'y'", id="two targets"),
        pytest.param(["a/", "-o", "FOLDER"], 2, "give -o FILE", id="no last part"),
        pytest.param(["a/.."], 2, "give -o FILE", id="dots"),
        pytest.param(["a", "--checksum", "sha256:00"], 2, "write sha256:HEX", id="no checksum"),
        pytest.param(["a", "--connections", "0"], 2, "0", id="no connection"),
        pytest.param(["a", "--checksum", "sha256:" + "0" * 64, "--compressed"], 2, "--compressed", id="both"),
        pytest.param(["a", "--root-url", "nonsense"], 3, "", id="no root URL"),
    ],
)
def test_what_cannot_be_is_said_at_once(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, argv: list[str], code: int, says: str
) -> None:
    """
    Nothing is asked of anybody.
    """
    words = [word.replace("FOLDER", str(tmp_path)) for word in argv]
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
        pytest.param("drop=0", 8, "dropped", id="dropped"),
    ],
)
def test_exit_codes(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, fault: str, code: int, says: str
) -> None:
    """
    One line; what was there stays, with its mode, and nothing is left beside it.
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
def test_a_checksum_is_verified(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, *, right: bool) -> None:
    """
    Beside those that come with the object, which it may contradict.
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
    ``kill -9`` loses what the process has in its hands, and no more; the next run fetches the rest.
    """
    data = random_bytes(BIG)
    transfer_env.put_object("big", data)
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=5MB")
    argv = ("download-object", "big", str(tmp_path / "big"))
    point = random.Random(seed).randrange(BIG // 20, BIG * 19 // 20)
    process = start(*argv, env=transfer_env.sandbox.environment)
    wait_until(lambda: transfer_env.sent() >= point, process)
    process.kill()
    process.wait()
    assert not (tmp_path / "big").exists()
    storage.faults.clear()
    again = start(*argv, env=transfer_env.sandbox.environment)
    said = again.communicate()[1].decode()

    assert 0 == again.returncode, said
    assert "from an earlier run" in said
    assert hashlib.sha256(data).hexdigest() == digest(tmp_path / "big")
    assert BIG * 1.05 > transfer_env.sent()
    assert ["big"] == files_in(tmp_path)


def test_interrupted(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Ctrl-C ends it with 130 and not one word; the next run goes on.
    """
    transfer_env.put_object("a", random_bytes(8 * MEBIBYTE))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=2MB")
    process = start("download-object", "a", str(tmp_path / "a"), env=transfer_env.sandbox.environment)
    wait_until(lambda: transfer_env.sent() > 3 * MEBIBYTE, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert (130, b"", b"") == (process.returncode, output, errors.strip())
    assert [".a.tc-partial", ".a.tc-partial.log"] == files_in(tmp_path)
    storage.faults.clear()
    again = start("download-object", "a", str(tmp_path / "a"), env=transfer_env.sandbox.environment)
    assert b"from an earlier run" in again.communicate()[1]
    assert hashlib.sha256(random_bytes(8 * MEBIBYTE)).hexdigest() == digest(tmp_path / "a")


def test_interrupted_while_nothing_comes(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    A server that does not answer is not waited for.
    """
    transfer_env.put_object("a", random_bytes(40 * MEBIBYTE))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=4MB")
    silent = storage.faults.add("latency=50s,skip=1")
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "3", "--timeout", "60s")
    process = start(*argv, env=transfer_env.sandbox.environment)
    wait_until(lambda: silent.count == 2 and transfer_env.sent() > 2 * MEBIBYTE, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert (130, b"") == (process.returncode, errors.strip())
    assert [".a.tc-partial", ".a.tc-partial.log"] == files_in(tmp_path)


def test_two_processes_at_once(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    To the same target: both succeed.
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
def test_a_limit_on_file_sizes(
    transfer_env: TransferEnv, tmp_path: Path, process_environment: dict[str, str], connections: str
) -> None:
    """
    What cannot be written is this machine's fault: 3, one line, and what was there stays.
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


def test_a_full_disk(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    Said before anything is fetched where the length is known; else when it is full. What is there stays.
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


def test_a_disk_without_any_room(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    Not even a journal can be written.
    """
    transfer_env.put_object("a", DATA)
    (small_disk / "ballast").write_bytes(bytes(3 * MEBIBYTE))
    result = tc("download-object", "a", str(small_disk / "a"), env=transfer_env.sandbox.environment)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert str(small_disk) in result.stderr
    assert ["ballast"] == files_in(small_disk)


def test_a_folder_that_cannot_be_written_to(tc: CommandLine, transfer_env: TransferEnv, small_disk: Path) -> None:
    """
    Not by root either; nothing is asked of anybody.
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
    The bytes and nothing else, by any of its names.
    """
    transfer_env.put_object("a", DATA)
    result = tc_process("download-object", "a", "-o", target, env=transfer_env.sandbox.environment)

    assert (0, DATA) == (result.exit_code, result.output), result.stderr
    assert 1 == result.stderr.count("\n")
    assert "verified by length and sha256 and sha512" in result.stderr


def test_stdout_into_a_file(start: Start, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    A failure is told by the exit code.
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
def test_a_reader_that_goes_away(start: Start, transfer_env: TransferEnv, tmp_path: Path, target: str) -> None:
    """
    141, silently, as all programs do.
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
def test_a_pipe_is_told_by_the_exit_code(start: Start, transfer_env: TransferEnv, tmp_path: Path, fault: str) -> None:
    """
    And stays.
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
    At most 64 MiB, whatever the size; here four times that.
    """
    size = 256 * MEBIBYTE
    transfer_env.put_object("big", random_bytes(16 * MEBIBYTE) * 16)
    env = {**process_environment, **transfer_env.sandbox.environment}

    assert peak_memory(["download-object", "big", str(tmp_path / "big"), "-q"], env) <= 64 * MEBIBYTE
    assert size == (tmp_path / "big").stat().st_size


def test_a_log_has_a_line_now_and_then(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Only when it takes that long.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "2")
    assert 1 == tc(*argv, env=transfer_env.sandbox.environment).stderr.count("\n")
    monkeypatch.setattr(progress, "LOG_INTERVAL_SECONDS", 0.2)
    lines = tc(*argv, env=transfer_env.sandbox.environment).stderr.splitlines()
    silent = tc(*argv, "--quiet", env=transfer_env.sandbox.environment)

    assert 2 < len(lines)
    assert all(line.startswith("tc: a: ") and line.endswith("s left") for line in lines[1:-1]), lines
    assert all(" of 2.1 MB (" in line and "%), " in line and "/s, " in line for line in lines[1:-1]), lines
    assert lines[-1].startswith("tc: wrote ")
    assert "" == silent.stderr


@pytest.mark.parametrize("quiet", [False, True], ids=["shown", "quiet"])
def test_a_terminal_has_a_bar(start: Start, transfer_env: TransferEnv, tmp_path: Path, *, quiet: bool) -> None:
    """
    On stderr, with what is there, the rate and the time that is left.
    """
    transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=1MB")
    ours, theirs = pty.openpty()
    options = ["--quiet"] if quiet else []
    argv = ("download-object", "a", str(tmp_path / "a"), "--connections", "1", *options)
    process = start(*argv, env={**transfer_env.sandbox.environment, "TERM": "xterm", "COLUMNS": "120"}, stderr=theirs)
    os.close(theirs)
    show_progress = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            show_progress += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)

    assert 0 == process.wait(30)
    assert b"" == (process.stdout.read() if process.stdout else b"")
    if quiet:
        assert b"" == show_progress
    else:
        assert b"\xe2\x94\x81" in show_progress
        assert b"MB/s" in show_progress or b"kB/s" in show_progress
        assert b"tc: wrote " in show_progress
