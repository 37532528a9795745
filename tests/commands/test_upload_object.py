"""
``tc upload-object``: a complete upload can be downloaded, another one cannot.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.http_server import Received, Response, error_response, json_response, response
from tests.transfer_env import MEBIBYTE, TransferEnv, files_in, peak_memory, random_bytes, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Result, Start
    from tests.http_server import ScriptedServer

DATA = random_bytes(2 * MEBIBYTE)
QUICK = ("--delay-factor", "0")
PROJECT = ("--project-id", "p")
FAR = "2999-01-01T00:00:00.000Z"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    A file of two mebibytes.
    """
    path = tmp_path / "file.html"
    path.write_bytes(DATA)
    return path


def downloaded(tc: CommandLine, transfer_env: TransferEnv, name: str) -> Result:
    """
    Download and verify an object.
    """
    return tc("download-object", name, "-o", "-", env=transfer_env.sandbox.environment)


@pytest.mark.parametrize("command", [["upload-object"], ["upload", "object"], ["uploadObject"]], ids=" ".join)
@pytest.mark.parametrize("size", [0, 1, 8191, 8192, len(DATA)])
def test_uploads(tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, command: list[str], size: int) -> None:
    """
    Nothing is written to stdout; one line summarizes the upload.
    """
    (tmp_path / "f").write_bytes(DATA[:size])
    result = tc(*command, str(tmp_path / "f"), "a/b c", *PROJECT, env=transfer_env.sandbox.environment)

    assert (0, b"") == (result.exit_code, result.output), result.stderr
    assert result.stderr.startswith("tc: uploaded a/b c: ")
    assert result.stderr.endswith("verified by sha256 and sha512\n")
    assert (0, DATA[:size]) == ((got := downloaded(tc, transfer_env, "a/b c")).exit_code, got.output)
    about = json.loads(tc("object", "object", "a/b c", env=transfer_env.sandbox.environment).stdout)
    assert hashlib.sha512(DATA[:size]).hexdigest() == about["hashes"]["sha512"]
    assert "p" == about["projectId"]


@pytest.mark.parametrize("size", [0, 3, 8191, 8192, len(DATA)])
def test_stdin(tc: CommandLine, transfer_env: TransferEnv, size: int) -> None:
    """
    It is copied to disk, so that its length is known.
    """
    result = tc("upload-object", "-", "x", *PROJECT, stdin=DATA[:size], env=transfer_env.sandbox.environment)

    assert 0 == result.exit_code, result.stderr
    assert DATA[:size] == downloaded(tc, transfer_env, "x").output


def test_slow_pipe(start: Start, tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    It is read until its writer has closed it.
    """
    process = start("upload-object", "-", "x", *PROJECT, env=transfer_env.sandbox.environment, stdin=subprocess.PIPE)
    assert process.stdin is not None
    for place in range(0, len(DATA), 500_000):
        process.stdin.write(DATA[place : place + 500_000])
        process.stdin.flush()
        time.sleep(0.01)
    _, errors = process.communicate()

    assert 0 == process.returncode, errors
    assert DATA == downloaded(tc, transfer_env, "x").output


@pytest.mark.parametrize(
    ("options", "content_type"),
    [
        pytest.param([], "text/html", id="guessed"),
        pytest.param(["--content-type", "a/b; c=d"], "a/b; c=d", id="given"),
    ],
)
def test_content_types(
    tc: CommandLine, transfer_env: TransferEnv, file: Path, options: list[str], content_type: str
) -> None:
    """
    Guessed from the file's name, or given.
    """
    assert 0 == tc("upload-object", str(file), "x", *PROJECT, *options, env=transfer_env.sandbox.environment).exit_code
    stored = transfer_env.sandbox.storage.files.get("/objects/x")

    assert stored is not None
    assert content_type == stored.content_type


def test_expires(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    After a year, or as given.
    """
    assert 0 == tc("upload-object", str(file), "x", *PROJECT, env=transfer_env.sandbox.environment).exit_code
    argv = ("upload-object", str(file), "y", *PROJECT, "--expires", "2 hours")
    assert 0 == tc(*argv, env=transfer_env.sandbox.environment).exit_code
    transfer_env.sandbox.clock.offset += 364 * 86_400_000
    found = [
        transfer_env.sandbox.storage.files.get("/objects/x"),
        tc("download-object", "y", "-o", "-", env=transfer_env.sandbox.environment).exit_code,
    ]

    assert found[0] is not None
    # Its clock is a year ahead, so nothing that is signed now is accepted.
    assert found[1] in {4, 5}


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        pytest.param(["FILE", "x"], 2, "--project-id", id="no project"),
        pytest.param(["FILE", *PROJECT], 2, "NAME", id="no name"),
        pytest.param(["none", "x", *PROJECT], 2, "cannot read none", id="no file"),
        pytest.param(["x", "FILE", *PROJECT], 2, "usage: tc upload-object FILE NAME", id="in the wrong order"),
        pytest.param([".", "x", *PROJECT], 2, "cannot read .", id="a directory"),
        pytest.param(["FILE", "x", *PROJECT, "--expires", "-1 hour"], 2, "in the past", id="over"),
        pytest.param(["FILE", "x", *PROJECT, "--expires", "soon"], 2, "soon", id="no time"),
        pytest.param(["FILE", "x", *PROJECT, "--root-url", "nonsense"], 3, "", id="no root URL"),
    ],
)
def test_usage_errors(
    tc: CommandLine, transfer_env: TransferEnv, file: Path, argv: list[str], code: int, says: str
) -> None:
    """
    No request is sent.
    """
    words = [str(file) if word == "FILE" else word for word in argv]
    result = tc("upload-object", *words, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert says in result.stderr
    assert [] == transfer_env.sandbox.requests


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(["status=503,times=3"], id="503 three times"),
        pytest.param(["drop=0,times=1", "drop=1MB,times=2"], id="dropped"),
        pytest.param(["reset=1MB,times=2"], id="reset"),
    ],
)
def test_transient_failures(tc: CommandLine, transfer_env: TransferEnv, file: Path, faults: list[str]) -> None:
    """
    Each retry starts with the first byte, and ``-v`` prints it.
    """
    set_ = [transfer_env.sandbox.storage.faults.add(f"{fault},verb=put") for fault in faults]
    result = tc("upload-object", str(file), "x", *PROJECT, *QUICK, "-v", env=transfer_env.sandbox.environment)

    assert 0 == result.exit_code
    assert sum(fault.count for fault in set_) == result.stderr.count("from the first byte; retry")
    assert DATA == downloaded(tc, transfer_env, "x").output


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        pytest.param("status=400", 6, "400: BadRequest Please try again.", id="400"),
        pytest.param("status=403", 4, "403: Forbidden Please try again.", id="403"),
        pytest.param("status=503", 7, "503: ServiceUnavailable Please try again.", id="503"),
        pytest.param("drop=1MB", 8, "dropped the connection", id="dropped"),
    ],
)
def test_exit_codes(tc: CommandLine, transfer_env: TransferEnv, file: Path, fault: str, code: int, says: str) -> None:
    """
    The message is the storage's, without the signature; a 4xx is not retried. There is no object.
    """
    done = transfer_env.sandbox.storage.faults.add(f"{fault},verb=put")
    result = tc("upload-object", str(file), "x", *PROJECT, *QUICK, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert says in result.stderr
    assert "X-Amz-Signature=" not in result.stderr.replace("X-Amz-Signature=…", "")
    assert (1 if code in {4, 6} else 6) == done.count
    assert 5 == downloaded(tc, transfer_env, "x").exit_code


def test_a_failure_to_finish_is_an_error(tc: CommandLine, file: Path, http_server: ScriptedServer) -> None:
    """
    The message is the service's, after all bytes were sent.
    """

    def respond(received: Received) -> Response:
        if received.target.startswith("/put"):
            return response(200)
        if "finish" in received.target:
            return error_response(409, "RequestConflict", "Content hash already exists with a different value")
        method = {"putUrl": {"url": f"{http_server.url}/put", "expires": FAR, "headers": {"x-a": "b"}}}
        return json_response({"projectId": "p", "uploadId": "u", "expires": FAR, "uploadMethod": method})

    http_server.respond_with(respond)
    result = tc("upload-object", str(file), "x", *PROJECT, env=http_server.env)

    assert (6, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert "object.finishUpload: 409 RequestConflict: Content hash already exists" in result.stderr
    assert "uploaded" not in result.stderr
    assert [DATA] == [request.body for request in http_server.requests if request.target == "/put"]


@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(start: Start, tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, seed: int) -> None:
    """
    There is no object, and another upload succeeds.
    """
    size = 4 * MEBIBYTE
    (tmp_path / "f").write_bytes(random_bytes(size))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=16MB,verb=put")
    point = random.Random(seed).randrange(1, size - MEBIBYTE)

    def end() -> None:
        process.send_signal(signal.SIGKILL if seed % 2 else signal.SIGINT)
        process.wait(30)

    with transfer_env.strike_at(point, transfer_env.received, end) as wait:
        process = start("upload-object", str(tmp_path / "f"), "x", *PROJECT, env=transfer_env.sandbox.environment)
        assert wait(), process.communicate()

    assert (-9 if seed % 2 else 130) == process.returncode
    assert 5 == downloaded(tc, transfer_env, "x").exit_code
    storage.faults.clear()
    assert 0 == tc("upload-object", str(tmp_path / "f"), "y", *PROJECT, env=transfer_env.sandbox.environment).exit_code
    assert random_bytes(size) == downloaded(tc, transfer_env, "y").output


def test_shrinking_file(start: Start, tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    There is no object.
    """
    path = tmp_path / "f"
    path.touch()
    os.truncate(path, 64 * MEBIBYTE)
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=4MB,verb=put")
    process = start("upload-object", str(path), "x", *PROJECT, env=transfer_env.sandbox.environment)
    wait_until(lambda: transfer_env.received() > 0, process)
    os.truncate(path, 1000)
    errors = process.communicate()[1]

    assert 3 == process.returncode, errors
    assert b"shorter meanwhile" in errors
    assert 5 == downloaded(tc, transfer_env, "x").exit_code


@pytest.mark.parametrize("retries", [0, 4])
def test_memory_stays_flat(
    transfer_env: TransferEnv, tmp_path: Path, process_environment: dict[str, str], retries: int
) -> None:
    """
    An upload may use 64 MiB, whatever its size (here four times that) and however often it is retried.
    """
    path = tmp_path / "f"
    piece = random_bytes(16 * MEBIBYTE)
    with path.open("wb") as big:
        for _ in range(16):
            big.write(piece)
    env = {**process_environment, **transfer_env.sandbox.environment}

    if retries:
        transfer_env.sandbox.storage.faults.add(f"drop=200MB,verb=put,times={retries}")

    assert peak_memory(["upload-object", str(path), "x", *PROJECT, *QUICK, "-q"], env) <= 64 * MEBIBYTE
    stored = transfer_env.sandbox.storage.files.get("/objects/x")
    assert stored is not None
    assert path.stat().st_size == stored.size


def test_quiet(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    No other file remains.
    """
    result = tc("upload-object", str(file), "x", *PROJECT, "--quiet", env=transfer_env.sandbox.environment)

    assert (0, b"", "") == (result.exit_code, result.output, result.stderr)
    assert [file.name] == files_in(file.parent)


def interrupt(start: Start, transfer_env: TransferEnv, argv: list[str], sig: signal.Signals) -> bytes:
    """
    Interrupt an upload when a part of it was sent; return its stderr.
    """
    slow = transfer_env.sandbox.storage.faults.add("slow=1MB,verb=put")
    process = start(*argv, env=transfer_env.sandbox.environment)
    wait_until(lambda: slow.count > 0, process)
    time.sleep(0.3)
    process.send_signal(sig)
    errors = process.communicate()[1]
    transfer_env.sandbox.storage.faults.clear()
    return errors


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
@pytest.mark.parametrize("changed", [False, True], ids=["same file", "changed file"])
def test_an_interrupted_upload_is_resumed(
    start: Start, tc: CommandLine, transfer_env: TransferEnv, file: Path, sig: signal.Signals, *, changed: bool
) -> None:
    """
    The next run has the same upload id and expiry, so that the service accepts it, also if the file has changed.
    """
    argv = ["upload-object", str(file), "a", *PROJECT]
    errors = interrupt(start, transfer_env, argv, sig)
    assert (b"again to resume" in errors) == (sig == signal.SIGINT)
    if changed:
        file.write_bytes(DATA[::-1])
    result = tc(*argv, *(["--expires", "3 days"] if changed else []), env=transfer_env.sandbox.environment)

    assert 0 == result.exit_code, result.stderr
    assert "resuming the unfinished upload" in result.stderr
    assert changed == ("--expires is not applied" in result.stderr)
    assert (DATA[::-1] if changed else DATA) == downloaded(tc, transfer_env, "a").output
    (directory,) = (file.parent / "home").rglob("uploads")
    assert [] == list(directory.iterdir())


def test_the_record_of_an_upload(start: Start, tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    Only its owner can read it. It is for one name, project and deployment; a damaged or planted one is ignored.
    """
    argv = ["upload-object", str(file), "a", *PROJECT]
    interrupt(start, transfer_env, argv, signal.SIGKILL)
    (directory,) = (file.parent / "home").rglob("uploads")
    (record,) = directory.iterdir()
    assert 0o600 == record.stat().st_mode & 0o777
    other = tc("upload-object", str(file), "b", *PROJECT, env=transfer_env.sandbox.environment)
    assert (0, False) == (other.exit_code, "resuming" in other.stderr)
    upload_id = json.loads(record.read_text())["uploadId"]
    for content in (b"{", b"[]", b'{"uploadId": 5}', b"[" * 4000, b"\xff"):
        record.write_bytes(content)
        refused = tc(*argv, *QUICK, env=transfer_env.sandbox.environment)
        assert (6, 1) == (refused.exit_code, refused.stderr.count("\n"))
        assert "--upload-id" in refused.stderr
    # The expiry must be that of the first run, which is lost.
    assert 6 == tc(*argv, "--upload-id", upload_id, env=transfer_env.sandbox.environment).exit_code


def test_upload_ids(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    One can be given; a malformed one is refused before anything is sent.
    """
    argv = ["upload-object", str(file), "a", *PROJECT, "--format", "json", "--upload-id"]
    for wrong in ("", "x", "A" * 22, "fN1SbArXTPSVFNUvaOlinQ/"):
        assert 2 == tc(*argv, wrong, env=transfer_env.sandbox.environment).exit_code
    assert [] == transfer_env.sandbox.requests
    result = tc(*argv, "fN1SbArXTPSVFNUvaOlinQ", env=transfer_env.sandbox.environment)

    found = json.loads(result.stdout)
    assert ("fN1SbArXTPSVFNUvaOlinQ", "a", len(DATA)) == (found["uploadId"], found["name"], found["size"])
    assert hashlib.sha256(DATA).hexdigest() == found["hashes"]["sha256"]


@pytest.mark.parametrize("changed", [False, True], ids=["same file", "changed file"])
def test_an_upload_that_was_finished_without_a_response(
    tc: CommandLine, file: Path, http_server: ScriptedServer, *, changed: bool
) -> None:
    """
    The next run finds that the object is complete, unless the file has changed.
    """
    urls = {"url": f"{http_server.url}/put", "expires": FAR, "headers": {}}
    created = json_response(
        {"projectId": "p", "uploadId": "fN1SbArXTPSVFNUvaOlinQ", "expires": FAR, "uploadMethod": {"putUrl": urls}}
    )
    http_server.respond_with(created, response(200), error_response(500, "InternalServerError", "no"))
    argv = ["upload-object", str(file), "a", *PROJECT, "--retries", "0"]
    assert 7 == tc(*argv, env=http_server.env).exit_code
    if changed:
        file.write_bytes(b"x" * len(DATA))
    http_server.respond_with(error_response(409, "RequestConflict", "exists"), json_response({}))
    again = tc(*argv, env=http_server.env)

    assert (6 if changed else 0) == again.exit_code, again.stderr
    assert ("bytes of another file" in again.stderr) == changed


@pytest.mark.parametrize("is_same", [False, True], ids=["other bytes", "same bytes"])
def test_an_object_that_exists(tc: CommandLine, transfer_env: TransferEnv, file: Path, *, is_same: bool) -> None:
    """
    The error tells whether it has the bytes of the file. No record remains.
    """
    transfer_env.put_object("a", DATA if is_same else b"other")
    result = tc("upload-object", str(file), "a", *PROJECT, env=transfer_env.sandbox.environment)

    assert (6, 1) == (result.exit_code, result.stderr.count("\n"))
    assert f"complete, with {'the same' if is_same else 'other'} bytes" in result.stderr
    assert [] == list(next((file.parent / "home").rglob("uploads")).iterdir())


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_rejection_by_the_storage_leaves_the_record(
    tc: CommandLine, transfer_env: TransferEnv, file: Path, status: int
) -> None:
    """
    The service has reserved the name for the upload. A failure of the next run's first call changes nothing either.
    """
    argv = ["upload-object", str(file), "a", *PROJECT]
    transfer_env.sandbox.storage.faults.add(f"status={status},verb=put,times=1")
    assert tc(*argv, env=transfer_env.sandbox.environment).exit_code in {4, 5, 6}
    other = ["--upload-id", "fN1SbArXTPSVFNUvaOlinQ"]
    assert 6 == tc(*argv, *other, env=transfer_env.sandbox.environment).exit_code
    assert 4 == tc(*argv, "--authorized-scopes", "[]", env=transfer_env.sandbox.environment).exit_code
    result = tc(*argv, env=transfer_env.sandbox.environment)

    assert (0, True) == (result.exit_code, "resuming" in result.stderr), result.stderr
    assert DATA == downloaded(tc, transfer_env, "a").output


def test_two_uploads_of_one_name_at_once(start: Start, tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    The second one does not take the first one's id, and fails with a hint.
    """
    slow = transfer_env.sandbox.storage.faults.add("slow=1MB,verb=put")
    argv = ["upload-object", str(file), "a", *PROJECT]
    process = start(*argv, env=transfer_env.sandbox.environment)
    wait_until(lambda: slow.count > 0, process)
    second = tc(*argv, env=transfer_env.sandbox.environment)

    assert 6 == second.exit_code
    assert "--upload-id" in second.stderr
    assert 0 == process.wait()
    assert DATA == downloaded(tc, transfer_env, "a").output
