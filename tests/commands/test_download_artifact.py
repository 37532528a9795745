"""
``tc download-artifact``: all storage types, one artifact or many.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import mohawk
import pytest

from tccli.core.artifacts.creation import upload_artifact
from tccli.core.transfer.resume import ResumableFile
from tccli.core.transfer.upload import Upload
from tests.http_server import NO_RESPONSE, Received, Response, error_response, json_response, response
from tests.ids import TASK_ID
from tests.time_limits import check_duration
from tests.transfer_env import (
    MEBIBYTE,
    TransferEnv,
    count_recorded,
    files_in,
    later,
    peak_memory,
    random_bytes,
    slug,
    stop_and_count,
    transfer_context,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import ScriptedServer

DATA = random_bytes(100_000)
QUICK = ("--delay-factor", "0")


@pytest.fixture
def task(transfer_env: TransferEnv) -> str:
    """
    A task with ``public/a.bin`` and ``private/b.bin``.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a.bin", DATA)
    transfer_env.artifact(task_id, "private/b.bin", DATA[::-1])
    return task_id


def tree(directory: Path) -> dict[str, bytes]:
    """
    Return all files below a directory.
    """
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        pytest.param(["download-artifact", "TASK", "public/a.bin"], "a.bin", id="its name"),
        pytest.param(["download-artifact", "TASK", "0", "public/a.bin"], "a.bin", id="of a run"),
        pytest.param(["download-artifact", "TASK", "public/a.bin", "x"], "x", id="file"),
        pytest.param(["download-artifact", "TASK", "public/a.bin", "-o", "x"], "x", id="-o"),
        pytest.param(["download-artifact", "TASK", "public/a.bin", "--output", "."], "a.bin", id="directory"),
        pytest.param(["download", "artifact", "TASK", "0", "public/a.bin", "x"], "x", id="as the Go client does"),
        pytest.param(["download-artifact", "ROOT/tasks/TASK/runs/0/public/a.bin"], "a.bin", id="its web address"),
        pytest.param(
            ["download-artifact", "ROOT/api/queue/v1/task/TASK/artifacts/public%2Fa.bin"], "a.bin", id="its API address"
        ),
        pytest.param(["download-artifact", "ROOT/tasks/TASK/runs/0/public/a.bin", "x"], "x", id="its address and file"),
        pytest.param(["download-artifact", "ROOT/tasks/TASK/runs/0/public/a.bin", "-o", "x"], "x", id="address, -o"),
        pytest.param(
            ["download-artifact", "ROOT/tasks/TASK/runs/0/public/a.bin", "0"], "0", id="its address, and a number"
        ),
        pytest.param(
            ["download", "artifact", "ROOT/api/queue/v1/task/TASK/runs/0/artifacts/public%2Fa.bin", "x"],
            "x",
            id="its API address and file",
        ),
        pytest.param(
            ["download-artifact", "ROOT/tasks/TASK/runs/0/logs/live/public/a.bin", "-o", "x"], "x", id="log's and -o"
        ),
        pytest.param(["download-artifact", "ROOT/tasks/TASK", "public/a.bin"], "a.bin", id="web address"),
        pytest.param(["download-artifact", "ROOT/tasks/TASK", "public/a.bin", "x"], "x", id="web address and file"),
        pytest.param(
            ["download-artifact", "ROOT/tasks/TASK", "0", "public/a.bin", "x"], "x", id="web address, run and file"
        ),
        pytest.param(
            ["download-artifact", "ROOT/tasks/TASK/runs/0", "public/a.bin", "x"], "x", id="run's address and file"
        ),
        pytest.param(["download-artifact", "ROOT/tasks/TASK/runs/0", "public/a.bin"], "a.bin", id="run's web address"),
        pytest.param(
            ["download-artifact", "ROOT/tasks/TASK/runs/0/logs/public/logs/live.log", "public/a.bin"],
            "a.bin",
            id="log's web address",
        ),
        pytest.param(["download-artifact", "ROOT/tasks/TASK#artifacts", "public/a.bin"], "a.bin", id="with a fragment"),
        pytest.param(["download-artifact", "ROOT/tasks/TASK?x=1", "0", "public/a.bin"], "a.bin", id="with a query"),
    ],
)
def test_downloads(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str, argv: list[str], name: str
) -> None:
    """
    Task, run and file can be given in all forms; one line summarizes the download.
    """
    words = [word.replace("TASK", task).replace("ROOT", transfer_env.sandbox.root_url) for word in argv]
    result = tc(*words, env=transfer_env.sandbox.environment)

    assert (0, b"") == (result.exit_code, result.output), result.stderr
    assert {name: DATA} == tree(cwd)
    assert f"/{name}: 100 kB in " in f"/{result.stderr.removeprefix('tc: wrote ').removeprefix('./')}"
    assert result.stderr.endswith("complete (length only)\n")


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        pytest.param([], 2, "missing argument TASK and NAME", id="nothing"),
        pytest.param(["TASK"], 2, "missing argument NAME", id="no name"),
        pytest.param(["TASK", "public/a.bin", "x", "y"], 2, "'y'", id="surplus"),
        pytest.param(["https://example.com/tasks/TASK", "a"], 2, "give --root-url https://example.com", id="elsewhere"),
        pytest.param(["ROOT/groups/TASK", "a"], 2, "not the address of a task", id="another page"),
        pytest.param(["ROOT/tasks/TASK/runs/0/a", "x", "y"], 2, "'y'", id="surplus after an artifact's address"),
        pytest.param(["ROOT/tasks/TASK/runs/0/a", "x", "-o", "y"], 2, "both 'x' and -o 'y'", id="2 targets"),
        pytest.param(["TASK", "a", "x", "-o", "y"], 2, "both 'x' and -o 'y'", id="two targets"),
        pytest.param(["TASK", "a", "none/x"], 2, "there is no directory", id="no directory"),
        pytest.param(["TASK", "public/"], 2, "'public/**'", id="no last part"),
    ],
)
def test_usage_errors(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, argv: list[str], code: int, says: str
) -> None:
    """
    No request is sent.
    """
    words = [word.replace("TASK", "A" * 21 + "Q").replace("ROOT", transfer_env.sandbox.root_url) for word in argv]
    result = tc("download-artifact", *words, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert says in result.stderr
    assert ([], {}) == (transfer_env.sandbox.requests, tree(cwd))


def failing_artifact(transfer_env: TransferEnv, kind: str) -> tuple[str, str]:
    """
    Return a task and one of its artifacts, which cannot be downloaded.
    """
    task_id = transfer_env.task(claimed=kind != "no run")
    if kind == "error":
        transfer_env.create(
            task_id, "public/x", storageType="error", reason="file-missing-on-worker", message="no such file"
        )
    if kind == "expired":
        transfer_env.create(task_id, "public/x", storageType="reference", url="http://x/", expires=later(minutes=-5))
    if kind == "link to nothing":
        transfer_env.create(task_id, "public/x", storageType="link", artifact="public/none")
    if kind == "lost":
        transfer_env.artifact(task_id, "public/x", DATA)
        transfer_env.sandbox.storage.files.clear()
    if kind == "unfinished":
        transfer_env.create(task_id, "public/x", storageType="object")
    return (slug() if kind == "no task" else task_id), "public/x"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param("error", "file-missing-on-worker: no such file", id="error artifact"),
        pytest.param("missing", "404 ResourceNotFound: Artifact not found", id="missing"),
        pytest.param("expired", "410 ResourceExpired: Artifact expired", id="expired"),
        pytest.param("no run", "404 ResourceNotFound: Task doesn't have any runs", id="without runs"),
        pytest.param("no task", "404 ResourceNotFound: Task not found", id="no task"),
        pytest.param("link to nothing", "404 ResourceNotFound: Artifact not found", id="link to nothing"),
        pytest.param("lost", "NoSuchKey", id="without bytes"),
        pytest.param("unfinished", "404", id="unfinished upload"),
    ],
)
@pytest.mark.parametrize("before", [None, "before"], ids=["no file", "a file"])
def test_failing_artifacts(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, kind: str, says: str, before: str | None
) -> None:
    """
    Exit code 5, the service's reason in one line, and no change to the directory.
    """
    task_id, name = failing_artifact(transfer_env, kind)
    if before:
        (cwd / "x").write_text(before)
    result = tc("download-artifact", task_id, name, env=transfer_env.sandbox.environment)

    assert (5, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert says in result.stderr
    assert ({"x": b"before"} if before else {}) == tree(cwd)


def test_private_artifacts(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    The credentials go to the deployment only; the storage gets a signed URL.
    """
    argv = ("download-artifact", task, "private/b.bin")
    refused = tc(*argv, "--anonymous", env=transfer_env.sandbox.environment)
    assert (4, {}) == (refused.exit_code, tree(cwd))
    assert "403 InsufficientScopes" in refused.stderr
    assert 0 == tc(*argv, env=transfer_env.sandbox.environment).exit_code

    assert {"b.bin": DATA[::-1]} == tree(cwd)


@contextmanager
def task_proxy(transfer_env: TransferEnv) -> Iterator[str]:
    """
    A proxy as in a task: it signs requests, and sends them to the deployment.
    """
    root = urlsplit(transfer_env.sandbox.root_url)
    credentials = transfer_env.sandbox.credentials

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "authorization" not in self.headers
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            key = {"algorithm": "sha256", "id": credentials["clientId"], "key": credentials["accessToken"]}
            url = transfer_env.sandbox.root_url + self.path
            sender = mohawk.Sender(key, url, self.command, always_hash_content=False)
            connection = http.client.HTTPConnection(root.hostname or "", root.port, timeout=10)
            headers = {"Authorization": sender.request_header, "Content-Type": "application/json"}
            connection.request(self.command, self.path, body or None, headers)
            got = connection.getresponse()
            data = got.read()
            connection.close()
            self.send_response(got.status)
            self.send_header("Content-Type", got.headers["Content-Type"])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_GET  # noqa: N815 - by these names too

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_task_proxy(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    It is used without an option. Objects are downloaded with the credentials of the response.
    """
    made = transfer_env.create(task, "private/o", storageType="object")
    transfer_env.put_object("other", b"")
    with task_proxy(transfer_env) as url:
        env = {"TASKCLUSTER_ROOT_URL": transfer_env.sandbox.root_url, "TASKCLUSTER_PROXY_URL": url}
        uploaded = tc("upload-artifact", task, "0", "private/new", "--storage", "object", "-", stdin=b"new", env=env)
        assert 0 == uploaded.exit_code, uploaded.stderr
        results = [tc("download-artifact", task, name, env=env) for name in ("private/b.bin", "private/new")]

    assert [0, 0] == [result.exit_code for result in results], results
    assert {"b.bin": DATA[::-1], "new": b"new"} == tree(cwd)
    assert made["uploadId"]


def test_references(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str, http_server: ScriptedServer
) -> None:
    """
    No header of ours goes to another host; ``--managed-only`` sends no request to it.
    """
    http_server.respond_with(response(200, b"elsewhere"))
    transfer_env.create(task, "public/ref", storageType="reference", url=f"{http_server.url}/x?token=their-own")
    argv = ("download-artifact", task, "public/ref")
    refused = tc(*argv, "--managed-only", env=transfer_env.sandbox.environment)
    assert (1, {}, []) == (refused.exit_code, tree(cwd), http_server.requests)
    assert "outside of the deployment" in refused.stderr
    fetched = tc(*argv, "--trace-id", "abc", env=transfer_env.sandbox.environment)

    assert (0, {"ref": b"elsewhere"}) == (fetched.exit_code, tree(cwd))
    assert ["/x?token=their-own"] == [request.target for request in http_server.requests]
    headers = http_server.requests[0].headers
    assert set(headers) <= {"host", "accept", "accept-encoding", "user-agent", "range"}
    assert not any(secret in str(headers) for secret in (*transfer_env.sandbox.credentials.values(), "abc", task))


@pytest.mark.parametrize(
    ("options", "encode"),
    [
        pytest.param([], bytes, id="--compressed"),
        pytest.param(["--compressed"], gzip.compress, id="as stored"),
    ],
)
def test_content_encodings(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str, options: list[str], encode: Any
) -> None:
    """
    They are decoded, unless ``--compressed`` is given.
    """
    stored = gzip.compress(DATA[:50_000], mtime=0) + gzip.compress(DATA[50_000:], mtime=0)
    transfer_env.artifact(task, "public/log", stored, "gzip")
    argv = ("download-artifact", task, "public/log", *options)
    to_file = tc(*argv, env=transfer_env.sandbox.environment)
    to_stdout = tc(*argv, "-o", "-", env=transfer_env.sandbox.environment)

    assert (0, 0) == (to_file.exit_code, to_stdout.exit_code)
    assert (DATA if encode is bytes else stored) == tree(cwd)["log"] == to_stdout.output


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("encoding", ["", "gzip"], ids=["plain", "gzip"])
def test_checksums(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str, encoding: str, *, right: bool
) -> None:
    """
    They are those of the decoded bytes.
    """
    transfer_env.artifact(task, "public/x", gzip.compress(DATA) if encoding else DATA, encoding)
    checksum = "sha512:" + hashlib.sha512(DATA if right else b"").hexdigest()
    result = tc("download-artifact", task, "public/x", "--checksum", checksum, env=transfer_env.sandbox.environment)

    assert (0 if right else 9) == result.exit_code
    assert ({"x": DATA} if right else {}) == tree(cwd)
    assert ("verified by length and sha512" if right else "was expected") in result.stderr


@pytest.fixture
def task_with_many(transfer_env: TransferEnv) -> str:
    """
    A task with a dozen artifacts.
    """
    task_id = transfer_env.task()
    for number in range(10):
        transfer_env.artifact(task_id, f"public/build/{number}/{number}.apk", DATA[number:])
    transfer_env.artifact(task_id, "public/build/x.txt", b"text")
    transfer_env.artifact(task_id, "public/a.apk", b"a")
    return task_id


@pytest.mark.parametrize(
    ("argv", "directory"),
    [
        pytest.param(["public/build/**.apk"], ".", id="here"),
        pytest.param(["public/build/*/*.apk", "-o", "new/directory"], "new/directory", id="a new directory"),
        pytest.param(["0", "public/build/[0-9]/?.apk", "new/"], "new", id="of a run, into a directory"),
        pytest.param(["public/build/**.apk", "--connections", "2", "-o", "."], ".", id="over several connections"),
    ],
)
def test_pattern(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, argv: list[str], directory: str
) -> None:
    """
    All artifacts that match are written to the paths of their names; one line summarizes the download.
    """
    result = tc("download-artifact", task_with_many, *argv, env=transfer_env.sandbox.environment)

    expected = {f"public/build/{number}/{number}.apk": DATA[number:] for number in range(10)}
    assert (0, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert expected == tree(cwd / directory)
    assert "wrote 10 files to " in result.stderr


def test_pattern_with_failing_artifacts(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str
) -> None:
    """
    The others are downloaded. The exit code is that of the first failure, and the message has the number.
    """
    transfer_env.create(
        task_with_many, "public/build/e1.apk", storageType="error", reason="too-large-file-on-worker", message="50 GB"
    )
    transfer_env.create(
        task_with_many, "public/build/e2.apk", storageType="error", reason="too-large-file-on-worker", message="60 GB"
    )
    result = tc("download-artifact", task_with_many, "public/build/**.apk", env=transfer_env.sandbox.environment)

    assert 5 == result.exit_code
    assert 10 == len(tree(cwd))
    assert "2 of 12 artifacts; " in result.stderr
    assert "50 GB" in result.stderr
    assert "60 GB" in result.stderr


@pytest.mark.parametrize("name", ["public/../../x", "public//x", "/x", "public/./x", "public/x\\..\\y"])
def test_names_that_lead_out(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, name: str
) -> None:
    """
    They are rejected, and the other artifacts are downloaded.
    """
    transfer_env.create(task_with_many, name, storageType="reference", url=transfer_env.sandbox.root_url)
    result = tc("download-artifact", task_with_many, "**", "-o", "in", env=transfer_env.sandbox.environment)

    assert 9 == result.exit_code
    assert "1 of 13 artifacts" in result.stderr
    assert "leads out of the directory" in result.stderr
    assert 12 == len(tree(cwd))
    assert ["here"] == [path for path in files_in(cwd.parent) if path != "disk"]


@pytest.mark.parametrize("options", [(), ("--flat",)], ids=str)
def test_names_of_partial_files(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, options: tuple[str, ...]
) -> None:
    """
    They are rejected, since the download of the other file would delete them; all others are downloaded, and named.
    """
    for name in ("public/build/.x.txt.tc-partial", "public/build/.x.txt.tc-partial.log"):
        transfer_env.create(task_with_many, name, storageType="reference", url=transfer_env.sandbox.root_url)
    env = transfer_env.sandbox.environment
    argv = ("download-artifact", task_with_many, "public/build/**", *options)
    result = tc(*argv, env=env)

    assert 9 == result.exit_code
    assert "2 of 13 artifacts" in result.stderr
    assert "wrote 11 files" in result.stderr
    assert 11 == len(tree(cwd))
    result = tc("download-artifact", task_with_many, "public/build/.x.txt.tc-partial", env=env)
    assert 2 == result.exit_code
    assert "give -o FILE" in result.stderr
    assert 11 == len(tree(cwd))


def test_a_name_that_is_the_directory_of_another(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str
) -> None:
    """
    It is refused before anything is downloaded; the others are.
    """
    transfer_env.artifact(task_with_many, "public/build", b"a file")
    result = tc("download-artifact", task_with_many, "**", env=transfer_env.sandbox.environment)

    assert 9 == result.exit_code
    assert "1 of 13 artifacts" in result.stderr
    assert "'public/build' below ." in result.stderr.splitlines()[0]
    assert 12 == len(tree(cwd))


def test_links_that_lead_out(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str) -> None:
    """
    They are rejected.
    """
    (cwd.parent / "out").mkdir()
    (cwd / "public").mkdir()
    (cwd / "public" / "build").symlink_to(cwd.parent / "out")
    result = tc("download-artifact", task_with_many, "public/**", env=transfer_env.sandbox.environment)

    assert 3 == result.exit_code
    assert "a link leads out" in result.stderr
    assert [] == os.listdir(cwd.parent / "out")
    assert b"a" == (cwd / "public" / "a.apk").read_bytes()


def test_exact_name_that_is_not_a_file_name(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    It looks like a pattern, so that it is found in the list first: something was sent.
    """
    transfer_env.artifact(task, "public/[a]\\b", DATA)
    named = tc("download-artifact", task, "public/[a]\\b", env=transfer_env.sandbox.environment)
    given = tc("download-artifact", task, "public/[a]\\b", "x", env=transfer_env.sandbox.environment)

    assert (9, 1) == (named.exit_code, named.stderr.count("\n"))
    assert "give -o FILE" in named.stderr
    assert (0, {"x": DATA}) == (given.exit_code, tree(cwd)), given.stderr


def test_name_that_is_also_a_directory(tc: CommandLine, transfer_env: TransferEnv, cwd: Path) -> None:
    """
    One of the two fails, the other is downloaded.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a", b"file")
    transfer_env.artifact(task_id, "public/a/b", b"below")
    transfer_env.artifact(task_id, "public/c", b"other")
    first = tc("download-artifact", task_id, "public/**", env=transfer_env.sandbox.environment)

    assert first.exit_code
    assert {"public/a/b": b"below", "public/c": b"other"} == tree(cwd)
    (cwd / "public/a/b").unlink()
    (cwd / "public/a").rmdir()
    (cwd / "public/a").write_text("before")
    again = tc("download-artifact", task_id, "public/**", env=transfer_env.sandbox.environment)
    assert 3 == again.exit_code
    assert "1 of 3 artifacts" in again.stderr
    assert {"public/a": b"file", "public/c": b"other"} == tree(cwd)


def test_pattern_with_transient_failures(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str
) -> None:
    """
    Each artifact is retried.
    """
    for fault in ("drop=1000,chance=0.3", "status=503,chance=0.2", "latency=20ms,chance=0.3"):
        transfer_env.sandbox.storage.faults.add(f"{fault},times=40")
    result = tc(
        "download-artifact", task_with_many, "**", *QUICK, "--retries", "30", env=transfer_env.sandbox.environment
    )

    assert 0 == result.exit_code, result.stderr
    assert 12 == len(tree(cwd))
    assert DATA[3:] == tree(cwd)["public/build/3/3.apk"]


def test_files_have_usual_modes(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str) -> None:
    """
    Also when several are created at the same time.
    """
    (cwd / "other").touch()
    tc("download-artifact", task_with_many, "**", env=transfer_env.sandbox.environment)

    assert 1 == len({path.stat().st_mode for path in cwd.rglob("*") if path.is_file()})


def test_interrupted_pattern(start: Start, transfer_env: TransferEnv, cwd: Path) -> None:
    """
    Ctrl-C ends all downloads with 130; the next run resumes.
    """
    task_id = transfer_env.task()
    for number in range(3):
        transfer_env.artifact(task_id, f"public/{number}", random_bytes(8 * MEBIBYTE, number))
    storage = transfer_env.sandbox.storage
    storage.faults.add("slow=1MB,verb=get")
    storage.counters.reset()
    process = start("download-artifact", task_id, "public/*", env=transfer_env.sandbox.environment)
    # More than is worth keeping has arrived of each.
    files = [cwd / f"public/{number}" for number in range(3)]
    wait_until(lambda: all(count_recorded(file) >= 1.5 * MEBIBYTE for file in files), process)
    written = stop_and_count(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    errors = process.communicate()[1]

    assert (130, 1) == (process.returncode, len(errors.splitlines()))
    assert b"again to resume" in errors
    assert 12 * MEBIBYTE > transfer_env.sent()
    assert 3 == len([name for name in files_in(cwd / "public") if name.endswith(".tc-partial")])
    storage.faults.clear()
    # On a busy machine, much of what was sent has not been read.
    storage.counters.reset()
    recorded = 0
    for number in range(3):
        with ResumableFile(str(cwd / f"public/{number}")) as partial:
            recorded += partial.written.total()
    again = start("download-artifact", task_id, "public/*", env=transfer_env.sandbox.environment)
    assert b"wrote 3 files" in again.communicate()[1]
    assert {f"public/{number}": random_bytes(8 * MEBIBYTE, number) for number in range(3)} == tree(cwd)
    assert written - recorded < 24 * MEBIBYTE * 0.1
    assert transfer_env.sent() < 24 * MEBIBYTE * 1.1 - recorded


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(NO_RESPONSE, id="silent"),
        pytest.param(error_response(503, "InternalServerError", "no", Retry_After="50"), id="failing"),
        pytest.param(Response(json_response({"storageType": "s3"}).data, pause=0.5), id="slow"),
    ],
)
@pytest.mark.parametrize("name", ["public/*", "public/1"], ids=["many", "one"])
def test_interrupted_while_the_queue_does_not_respond(
    start: Start, cwd: Path, http_server: ScriptedServer, name: str, step: Response
) -> None:
    """
    Ctrl-C ends the command within a second, whatever the queue does, and leaves nothing.
    """
    artifacts = {"artifacts": [{"name": f"public/{number}"} for number in range(60)]}

    def respond(received: Received) -> Response:
        if received.target.endswith("/status"):
            return json_response({"status": {"runs": [{}]}})
        return json_response(artifacts) if received.target.endswith("/artifacts") else step

    http_server.respond_with(respond)
    process = start("download-artifact", TASK_ID, name, env=http_server.env)
    # After the first 503, all wait.
    http_server.wait_for(3 if "*" in name else 1)
    time.sleep(0.1)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=30)[1]

    assert (130, b"") == (process.returncode, errors)
    check_duration(started, 2)
    assert {} == tree(cwd)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        pytest.param(["nothing/*"], "no artifact of task", id="nothing matches"),
        pytest.param(["--list", "nothing/*"], "--list prints", id="nothing to list"),
        pytest.param(["build/*.txt"], "'**/build/*.txt' matches 1", id="the directory above is missing"),
        pytest.param(["build/[x-z].txt"], "'**/build/[x-z].txt' matches 1", id="and a set"),
        pytest.param(["*.tx"], "--list prints", id="a file name"),
        pytest.param(["/public/build/*.txt"], "'**/public/build/*.txt' matches 1", id="a slash at the beginning"),
        pytest.param(["public/build", "--list"], "'public/build/**' matches 11", id="a directory"),
        pytest.param(["public/build/", "--list"], "'public/build/**' matches 11", id="a directory with its slash"),
    ],
)
def test_pattern_without_matches(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, argv: list[str], says: str
) -> None:
    """
    Exit code 5, with a hint.
    """
    result = tc("download-artifact", task_with_many, *argv, env=transfer_env.sandbox.environment)

    assert (5, {}) == (result.exit_code, tree(cwd))
    assert says in result.stderr


@pytest.mark.parametrize("words", [["download", "artifact"], ["signed-url", "artifact"]], ids=" ".join)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("public/build/x.tx", "did you mean public/build/x.txt?"),
        ("x.txt", "did you mean public/build/x.txt?"),
        ("target.tar.gz", "prints all names"),
    ],
)
def test_names_that_are_nearly_right(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, words: list[str], name: str, says: str
) -> None:
    """
    Exit code 5 with what the name may be, or what prints the names.
    """
    result = tc(*words, task_with_many, name, env=transfer_env.sandbox.environment)

    assert (5, 1, {}) == (result.exit_code, result.stderr.count("\n"), tree(cwd))
    assert says in result.stderr


def test_artifacts_of_a_task_without_runs(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    One line says that there are none yet, since the task has not started.
    """
    group_env.add("first")
    task_id = group_env.add("second", "unscheduled", needs=["first"])
    for words, code in (
        (["task", "artifacts", task_id], 0),
        (["download", "artifact", task_id, "--list"], 5),
        (["download", "artifact", task_id, "*.log"], 5),
        (["download", "artifact", task_id, "public/x"], 5),
    ):
        result = tc(*words, env=group_env.environment)
        assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), words
        assert "unscheduled" in result.stderr, words
    usage = tc("download", "artifact", task_id, env=group_env.environment)
    assert "usage: tc download artifact TASK" in usage.stderr


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        pytest.param(["**", "-o", "-"], "give a directory", id="stdout"),
        pytest.param(["**", "-o", "file"], "file: it is not a directory", id="a file"),
        pytest.param(["**", "--checksum", "sha256:" + "0" * 64], "--checksum", id="checksum"),
    ],
)
def test_options_that_exclude_patterns(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str, argv: list[str], says: str
) -> None:
    """
    Nothing is downloaded.
    """
    (cwd / "file").touch()
    transfer_env.sandbox.storage.counters.reset()
    result = tc("download-artifact", task_with_many, *argv, env=transfer_env.sandbox.environment)

    assert (2, {"file": b""}, 0) == (result.exit_code, tree(cwd), transfer_env.sandbox.storage.counters.requests)
    assert says in result.stderr


def test_list(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task_with_many: str) -> None:
    """
    Names, one per line; or the queue's entries in any format. Nothing is downloaded.
    """
    transfer_env.sandbox.storage.counters.reset()
    env = transfer_env.sandbox.environment
    bare = tc("download-artifact", task_with_many, "public/*", "--list", env=env)
    whole = tc("download-artifact", task_with_many, "public/build/*", "--list", "--format", "json", env=env)
    one = tc("download-artifact", task_with_many, "public/a.apk", "--list", env=env)

    assert (0, "public/a.apk\n", "") == (bare.exit_code, bare.stdout, bare.stderr)
    assert bare.stdout == one.stdout
    (entry,) = json.loads(whole.stdout)
    assert ("public/build/x.txt", "s3") == (entry["name"], entry["storageType"])
    assert (0, {}) == (transfer_env.sandbox.storage.counters.requests, tree(cwd))


def test_index(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, http_server: ScriptedServer) -> None:
    """
    The task can be given by an index path.
    """
    transfer_env.sandbox.storage.store("b", "x", DATA, "text/x")
    url = transfer_env.sandbox.storage.get_url("b", "x", 60)

    def respond(received: Received) -> Response:
        if received.target == "/api/index/v1/task/project.latest.build":
            times = {"expires": "2999-01-01T00:00:00.000Z"}
            return json_response(
                {"namespace": "project.latest.build", "taskId": TASK_ID, "rank": 0, "data": {}, **times}
            )
        assert f"/api/queue/v1/task/{TASK_ID}/artifact-content/public%2Fx" == received.target
        return json_response({"storageType": "s3", "url": url})

    http_server.respond_with(respond)
    result = tc("download-artifact", "--index", "project.latest.build", "public/x", "y", env=http_server.env)

    assert (0, {"y": DATA}) == (result.exit_code, tree(cwd)), result.stderr


def test_unknown_index_path(tc: CommandLine, cwd: Path, http_server: ScriptedServer) -> None:
    """
    Exit code 5, with the service's message.
    """
    http_server.respond_with(json_response({"code": "ResourceNotFound", "message": "Indexed task not found"}, 404))
    result = tc("download-artifact", "--index", "no.such", "public/x", env=http_server.env)

    assert (5, {}) == (result.exit_code, tree(cwd))
    assert "Indexed task not found" in result.stderr
    assert "no task is indexed at no.such" in result.stderr
    for path in ("a/b", ""):
        for words in (["--index", path], [f"index:{path}"]):
            refused = tc("download-artifact", *words, "public/x", env=http_server.env)
            assert (2, 1) == (refused.exit_code, refused.stderr.count("\n"))
            assert "the index path" in refused.stderr


def test_url_with_the_root_url(tc: CommandLine, transfer_env: TransferEnv, cwd: Path, task: str) -> None:
    """
    It is compared with the normalized root URL.
    """
    address = f"{transfer_env.sandbox.root_url}/tasks/{task}"
    env = {**transfer_env.sandbox.environment, "TASKCLUSTER_ROOT_URL": f"{transfer_env.sandbox.root_url}/"}

    assert 0 == tc("download-artifact", address, "public/a.bin", env=env).exit_code
    assert {"a.bin": DATA} == tree(cwd)


@pytest.mark.parametrize(("count", "max_mebibytes"), [pytest.param(1, 64, id="one"), pytest.param(60, 96, id="many")])
def test_memory_is_bounded(
    transfer_env: TransferEnv, tmp_path: Path, process_environment: dict[str, str], count: int, max_mebibytes: int
) -> None:
    """
    One download may use 64 MiB, and a pattern that matches 60 artifacts 96 MiB, with two hashes for each.
    """
    data = random_bytes(3 * MEBIBYTE)
    task_id = transfer_env.task()
    for number in range(count):
        upload = Upload(io.BytesIO(data), len(data), "text/x")
        content = {"storageType": "object", "contentType": "text/x", "expires": later(hours=1)}
        artifact = (task_id, "0", f"public/{number}")
        upload_artifact(transfer_env.client, transfer_context(), artifact, upload, content)
    env = {**process_environment, **transfer_env.sandbox.environment}
    peak = peak_memory(["download-artifact", task_id, "public/*", "-o", str(tmp_path / "out"), "-q"], env)

    assert [data] * count == [path.read_bytes() for path in (tmp_path / "out" / "public").iterdir()]
    assert peak <= max_mebibytes * MEBIBYTE


@pytest.mark.parametrize("name", ["a b", "a(1)", "a,b", "a%b", "a=b", "a'b", "a#b?c", "[a]"])
@pytest.mark.parametrize("run", [(), ("0",)], ids=["latest", "of a run"])
def test_object_artifacts_with_any_name(
    tc: CommandLine, transfer_env: TransferEnv, cwd: Path, name: str, run: tuple[str, ...]
) -> None:
    """
    The queue names the credentials after the artifact, and the object service fails on many names of clients.
    """
    task_id = transfer_env.task()
    env = transfer_env.sandbox.environment
    uploaded = tc("upload-artifact", task_id, "0", f"public/{name}", "-", "--storage", "object", stdin=DATA, env=env)
    assert 0 == uploaded.exit_code, uploaded.stderr
    result = tc("download-artifact", task_id, *run, f"public/{name}", "out/", *QUICK, env=env)
    named = tc("download-artifact", task_id, *run, f"public/{name}", "file", *QUICK, env=env)

    assert 0 == named.exit_code, named.stderr
    assert DATA == (cwd / "file").read_bytes()
    assert "sha256 and sha512" in named.stderr
    assert result.exit_code in {0, 2}


def test_percent_sign_in_a_public_name(tc: CommandLine, transfer_env: TransferEnv, cwd: Path) -> None:
    """
    The queue's URL leads elsewhere; the message says why.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a%20b", DATA)
    result = tc("download-artifact", task_id, "public/a%20b", env=transfer_env.sandbox.environment)

    assert (5, {}) == (result.exit_code, tree(cwd))
    assert "%" in result.stderr.partition(";")[2]


def test_a_body_without_a_length_is_passed_on_at_once(start: Start, http_server: ScriptedServer) -> None:
    """
    It may be a log that grows: what comes next may take minutes.
    """
    first = Response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n")
    found = json_response({"storageType": "s3", "url": f"{http_server.url}/log"})
    http_server.respond_with(lambda request: first if request.target == "/log" else found)
    process = start("download-artifact", TASK_ID, "a", "-", env=http_server.env)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert (b"first\n", 130) == (line, process.returncode), err.decode()
