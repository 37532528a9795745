"""
``tc upload-artifact``: all storage types, for a given run or for that of the current task.
"""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.transfer_env import MEBIBYTE, TransferEnv, later, random_bytes, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.sandbox.server import Server
    from tests.conftest import CommandLine, Start

DATA = random_bytes(MEBIBYTE)
QUICK = ("--delay-factor", "0")
STORAGES = pytest.mark.parametrize("storage", ["s3", "object"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    A file of one mebibyte.
    """
    path = tmp_path / "a.json"
    path.write_bytes(DATA)
    return path


def listed(tc: CommandLine, transfer_env: TransferEnv, task_id: str) -> list[dict[str, Any]]:
    """
    Return the queue's entries of a task's artifacts.
    """
    found = tc("queue", "listArtifacts", task_id, "0", env=transfer_env.sandbox.environment)
    artifacts: list[dict[str, Any]] = json.loads(found.stdout)["artifacts"]
    return artifacts


def downloaded(tc: CommandLine, transfer_env: TransferEnv, task_id: str, name: str = "public/a") -> bytes:
    """
    Download an artifact to stdout.
    """
    result = tc("download-artifact", task_id, name, "-o", "-", env=transfer_env.sandbox.environment)
    assert 0 == result.exit_code, result.stderr
    return result.output


@STORAGES
@pytest.mark.parametrize("size", [0, 5, 8192, len(DATA)])
@pytest.mark.parametrize("source", ["file", "stdin"])
def test_uploads(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, storage: str, size: int, source: str
) -> None:
    """
    Nothing is written to stdout; one line summarizes the upload. The artifact expires with the task.
    """
    task_id = transfer_env.task()
    (tmp_path / "f.json").write_bytes(DATA[:size])
    argv = (str(tmp_path / "f.json"),) if source == "file" else ("-",)
    env = transfer_env.sandbox.environment
    result = tc("upload-artifact", task_id, "0", "public/a", *argv, "--storage", storage, stdin=DATA[:size], env=env)
    (artifact,) = listed(tc, transfer_env, task_id)

    assert (0, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert f"tc: uploaded public/a of task {task_id} run 0: " in result.stderr
    assert ("verified by sha256 and sha512" if storage == "object" else "complete (length only)") in result.stderr
    assert DATA[:size] == downloaded(tc, transfer_env, task_id)
    assert storage == artifact["storageType"]
    assert ("application/json" if source == "file" else "application/octet-stream") == artifact["contentType"]
    assert json.loads(tc("queue", "task", task_id, env=env).stdout)["expires"] == artifact["expires"]


def test_run_of_the_current_task(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    ``TASK_ID`` and ``RUN_ID`` are defaults for the arguments.
    """
    ours, other = transfer_env.task(), transfer_env.task()
    env = {**transfer_env.sandbox.environment, "TASK_ID": ours, "RUN_ID": "0"}
    assert 0 == tc("upload-artifact", "public/a", str(file), env=env).exit_code
    assert 0 == tc("upload", "artifact", other, "0", "public/b", str(file), env=env).exit_code

    assert ["public/a"] == [artifact["name"] for artifact in listed(tc, transfer_env, ours)]
    assert ["public/b"] == [artifact["name"] for artifact in listed(tc, transfer_env, other)]


@pytest.mark.parametrize(
    ("argv", "content"),
    [
        pytest.param(["--link", "public/real"], {"storageType": "link"}, id="link"),
        pytest.param(
            ["--reference", "https://example.com/x", "--content-type", "text/x"],
            {"storageType": "reference", "contentType": "text/x"},
            id="reference",
        ),
        pytest.param(
            ["--error", "file-missing-on-worker", "--message", "no such file"], {"storageType": "error"}, id="error"
        ),
        pytest.param(
            ["--error", "tooLargeFileOnWorker", "--message", "x"], {"storageType": "error"}, id="another spelling"
        ),
    ],
)
def test_artifacts_without_bytes(
    tc: CommandLine, transfer_env: TransferEnv, argv: list[str], content: dict[str, str]
) -> None:
    """
    Links, references and errors are complete at once.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/real", b"real")
    result = tc("upload-artifact", task_id, "0", "public/a", *argv, env=transfer_env.sandbox.environment)
    found = next(artifact for artifact in listed(tc, transfer_env, task_id) if artifact["name"] == "public/a")

    assert (0, b"") == (result.exit_code, result.output), result.stderr
    assert f"tc: created public/a of task {task_id} run 0 ({content['storageType']})\n" == result.stderr
    assert content.items() <= found.items()
    if argv[0] == "--link":
        assert b"real" == downloaded(tc, transfer_env, task_id)
    if argv[0] == "--error":
        failed = tc("download-artifact", task_id, "public/a", "-o", "-", env=transfer_env.sandbox.environment)
        assert (5, b"") == (failed.exit_code, failed.output)
        assert argv[-1] in failed.stderr


def test_expires(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    Before the task, but not after it.
    """
    task_id = transfer_env.task()
    argv = ("upload-artifact", task_id, "0", "public/a", str(file), "--expires")
    late = tc(*argv, "2 days", env=transfer_env.sandbox.environment)
    assert (6, 1) == (late.exit_code, late.stderr.count("\n"))
    assert "after the task expiration" in late.stderr
    assert 0 == tc(*argv, "2 hours", env=transfer_env.sandbox.environment).exit_code

    assert later(hours=1) < listed(tc, transfer_env, task_id)[0]["expires"] < later(hours=3)


@pytest.mark.parametrize(
    ("argv", "env", "says"),
    [
        pytest.param(["public/a", "FILE"], {}, "TASK_ID is not set", id="no task"),
        pytest.param(["public/a", "FILE"], {"TASK_ID": "T"}, "RUN_ID is not set", id="no run"),
        pytest.param(["T", "0", "public/a"], {}, "got 3 arguments", id="no file"),
        pytest.param([], {}, "got 0 arguments", id="nothing"),
        pytest.param(["T", "0", "public/a", "FILE", "--link", "b"], {}, "got 4 arguments", id="link and file"),
        pytest.param(["T", "0", "a", "--link", "b", "--reference", "c"], {}, "--link and --reference", id="two"),
        pytest.param(
            ["T", "0", "a", "--error", "too-large-file-on-worker"], {}, "--error and --message", id="no message"
        ),
        pytest.param(["T", "0", "a", "FILE", "--message", "x"], {}, "--error and --message", id="no reason"),
        pytest.param(["T", "0", "a", "--error", "laziness", "--message", "x"], {}, "laziness", id="no such reason"),
        pytest.param(["T", "0", "a", "FILE", "--storage", "papyrus"], {}, "papyrus", id="no such storage"),
        pytest.param(["T", "0", "a", "none"], {}, "cannot read none", id="no such file"),
        pytest.param(["T", "0", "FILE", "a"], {}, "[TASK RUN] NAME FILE", id="in the wrong order"),
        pytest.param(["T", "0", "a", "FILE", "--expires", "-1 day"], {}, "in the past", id="over"),
    ],
)
def test_usage_errors(
    tc: CommandLine, transfer_env: TransferEnv, file: Path, argv: list[str], env: dict[str, str], says: str
) -> None:
    """
    No request is sent.
    """
    words = [str(file) if word == "FILE" else word for word in argv]
    result = tc("upload-artifact", *words, env={**transfer_env.sandbox.environment, **env})

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert says in result.stderr
    assert [] == transfer_env.sandbox.requests


@STORAGES
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param("status=503,times=3", 0, id="503 three times"),
        pytest.param("drop=500k,times=2", 0, id="dropped"),
        pytest.param("status=400", 6, id="400"),
        pytest.param("status=403", 4, id="403"),
        pytest.param("status=503", 7, id="503"),
        pytest.param("drop=500k", 8, id="always dropped"),
    ],
)
def test_faults(tc: CommandLine, transfer_env: TransferEnv, file: Path, storage: str, fault: str, code: int) -> None:
    """
    Transient failures are retried; after others, nothing can be downloaded.
    """
    task_id = transfer_env.task()
    transfer_env.sandbox.storage.faults.add(f"{fault},verb=put")
    argv = ("upload-artifact", task_id, "0", "public/a", str(file), "--storage", storage, *QUICK)
    result = tc(*argv, env=transfer_env.sandbox.environment)

    assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    if code:
        assert "uploaded" not in result.stderr
        assert (
            5 == tc("download-artifact", task_id, "public/a", "-o", "-", env=transfer_env.sandbox.environment).exit_code
        )
    else:
        assert DATA == downloaded(tc, transfer_env, task_id)


@STORAGES
@pytest.mark.parametrize("percent", [1, 40, 90])
def test_killed_anywhere(
    start: Start, tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, storage: str, percent: int
) -> None:
    """
    What can be downloaded afterwards, if anything, is complete.
    """
    task_id, size = transfer_env.task(), 4 * MEBIBYTE
    (tmp_path / "f").write_bytes(random_bytes(size))
    transfer_env.sandbox.storage.faults.add("slow=16MB,verb=put")
    argv = ("upload-artifact", task_id, "0", "public/a", str(tmp_path / "f"), "--storage", storage)

    def kill() -> None:
        process.kill()
        process.wait(30)

    with transfer_env.strike_at(size * percent // 100, transfer_env.received, kill) as wait:
        process = start(*argv, env=transfer_env.sandbox.environment)
        assert wait(), process.communicate()
    result = tc("download-artifact", task_id, "public/a", "-o", "-", env=transfer_env.sandbox.environment)

    assert (5, b"") == (result.exit_code, result.output) or (storage, random_bytes(size)) == ("s3", result.output)


POINTS = {
    "createUpload": ("PUT", "/api/object/v1/upload/"),
    "the bytes": ("", ""),
    "finishUpload": ("POST", "/api/object/v1/finish-upload/"),
    "finishArtifact": ("PUT", "/api/queue/v1/task/"),
}


def interrupt(
    start: Start, transfer_env: TransferEnv, server: Server, argv: list[str], point: str, sig: signal.Signals
) -> bytes:
    """
    Interrupt an upload when a call arrives, which the service then does, or in the middle of the bytes.
    """
    verb, path = POINTS.get(point, ("POST", "/api/queue/v1/task/"))
    fault = transfer_env.sandbox.storage.faults.add("slow=2MB,verb=put") if not path else None
    watched, reached = server.sandbox.on_request, threading.Event()

    def stop(got_verb: str, target: str) -> None:
        assert watched is not None
        watched(got_verb, target)
        if path and got_verb == verb and target.startswith(path):
            process.send_signal(sig)
            process.wait(30)
            reached.set()

    server.sandbox.on_request = stop
    process = start(*argv, env=transfer_env.sandbox.environment)
    if fault is not None:
        wait_until(lambda: fault.count > 0, process)
        process.send_signal(sig)
        reached.set()
    assert reached.wait(60), process.communicate()
    server.sandbox.on_request = watched
    transfer_env.sandbox.storage.faults.clear()
    return process.communicate()[1]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
@pytest.mark.parametrize("point", POINTS)
def test_an_object_artifact_is_resumed(
    start: Start,
    tc: CommandLine,
    transfer_env: TransferEnv,
    sandbox_server: Server,
    file: Path,
    point: str,
    sig: signal.Signals,
) -> None:
    """
    With the upload id of the first run: the queue creates the artifact once only. Nothing remains in the cache.
    """
    task_id = transfer_env.task()
    argv = ["upload-artifact", task_id, "0", "public/a", str(file), "--storage", "object"]
    errors = interrupt(start, transfer_env, sandbox_server, argv, point, sig)
    assert (b"again to resume" in errors) == (sig == signal.SIGINT)
    (directory,) = (file.parent / "home").rglob("uploads")
    (record,) = directory.iterdir()
    assert 0o600 == record.stat().st_mode & 0o777
    result = tc(*argv, env=transfer_env.sandbox.environment)

    assert 0 == result.exit_code, result.stderr
    assert "resuming the unfinished upload" in result.stderr
    assert DATA == downloaded(tc, transfer_env, task_id)
    created = [target for verb, target in transfer_env.sandbox.requests if verb == "POST" and "/artifacts/" in target]
    assert 1 == len(created)
    assert [] == list(directory.iterdir())


def test_an_object_artifact_is_resumed_with_other_options(
    start: Start, tc: CommandLine, transfer_env: TransferEnv, sandbox_server: Server, file: Path
) -> None:
    """
    The bytes are those of now; expiry and content type remain, and a note tells so. The credentials may have expired.
    """
    task_id = transfer_env.task()
    argv = ["upload-artifact", task_id, "0", "public/a", str(file), "--storage", "object"]
    interrupt(start, transfer_env, sandbox_server, argv, "the bytes", signal.SIGKILL)
    (record,) = next((file.parent / "home").rglob("uploads")).iterdir()
    content = json.loads(record.read_text())
    certificate = json.loads(content["created"]["credentials"]["certificate"])
    content["created"]["credentials"]["certificate"] = json.dumps({**certificate, "expiry": 1})
    record.write_text(json.dumps(content))
    file.write_bytes(b"other")
    result = tc(*argv, "--content-type", "text/x", "--expires", "1 hour", env=transfer_env.sandbox.environment)

    assert (0, 3) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert "FILE has changed" in result.stderr
    assert "remains application/json and expires" in result.stderr
    assert b"other" == downloaded(tc, transfer_env, task_id)


def test_an_object_artifact_whose_other_bytes_are_stored(
    start: Start, tc: CommandLine, transfer_env: TransferEnv, sandbox_server: Server, file: Path
) -> None:
    """
    Another file than the first run's is refused. The first one can still be finished.
    """
    task_id = transfer_env.task()
    argv = ["upload-artifact", task_id, "0", "public/a", str(file), "--storage", "object"]
    interrupt(start, transfer_env, sandbox_server, argv, "finishUpload", signal.SIGKILL)
    file.write_bytes(b"other")
    refused = tc(*argv, env=transfer_env.sandbox.environment)
    assert (6, True) == (refused.exit_code, "another file" in refused.stderr)
    file.write_bytes(DATA)

    assert 0 == tc(*argv, env=transfer_env.sandbox.environment).exit_code
    assert DATA == downloaded(tc, transfer_env, task_id)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"uploadId": "a", "expires": "b", "created": {"name": 5}}'])
def test_an_object_artifact_whose_upload_id_is_lost(
    start: Start, tc: CommandLine, transfer_env: TransferEnv, sandbox_server: Server, file: Path, damage: bytes
) -> None:
    """
    The queue refuses to create it again, as a failure of its own, which is explained.
    """
    task_id = transfer_env.task()
    argv = ["upload-artifact", task_id, "0", "public/a", str(file), "--storage", "object"]
    interrupt(start, transfer_env, sandbox_server, argv, "the bytes", signal.SIGKILL)
    (record,) = next((file.parent / "home").rglob("uploads")).iterdir()
    record.write_bytes(damage)
    result = tc(*argv, "--retries", "0", env=transfer_env.sandbox.environment)

    assert (7, True) == (result.exit_code, "earlier upload of this artifact" in result.stderr), result.stderr


def test_rejections(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    A run that has ended, or that the user may not write to, is the queue's error.
    """
    task_id = transfer_env.task()
    argv = ("upload-artifact", task_id, "0", "public/a", str(file))
    refused = tc(*argv, "--authorized-scopes", "[]", env=transfer_env.sandbox.environment)
    assert 4 == refused.exit_code
    assert 0 == tc("queue", "reportCompleted", task_id, "0", env=transfer_env.sandbox.environment).exit_code
    over = tc(*argv, env=transfer_env.sandbox.environment)

    assert (6, 1) == (over.exit_code, over.stderr.count("\n"))
    assert "409 RequestConflict" in over.stderr
    assert 0 == transfer_env.received()


def test_uploading_again(tc: CommandLine, transfer_env: TransferEnv, file: Path) -> None:
    """
    In s3, the latest bytes count.
    """
    task_id = transfer_env.task()
    argv = ("upload-artifact", task_id, "0", "public/a", str(file))
    assert 0 == tc(*argv, env=transfer_env.sandbox.environment).exit_code
    file.write_bytes(b"newer")
    assert 0 == tc(*argv, env=transfer_env.sandbox.environment).exit_code

    assert b"newer" == downloaded(tc, transfer_env, task_id)


@pytest.mark.parametrize("content_type", ["a/b\r\nX: y", "a/b\n", "text", "", "a/b; c=\u00fc", "a b/c"])
@pytest.mark.parametrize("options", [["FILE"], ["--reference", "https://example.com/"]], ids=["file", "reference"])
def test_content_types_that_are_not(
    tc: CommandLine, transfer_env: TransferEnv, tmp_path: Path, content_type: str, options: list[str]
) -> None:
    """
    Exit code 2 before any request.
    """
    (tmp_path / "file").write_bytes(b"x")
    words = [str(tmp_path / "file") if word == "FILE" else word for word in options]
    argv = ("upload-artifact", "T" * 22, "0", "public/x", *words, "--content-type", content_type)
    result = tc(*argv, env=transfer_env.sandbox.environment)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert [] == transfer_env.sandbox.requests
