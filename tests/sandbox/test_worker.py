"""
The worker: it runs tasks of the official Python client.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.testing.fault_injection import FaultInjector
from tccli.sandbox.worker import artifacts, supervisor
from tccli.sandbox.worker.worker import Worker
from tests.sandbox.queue_client import WORKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tccli.sandbox.server import Server
    from tests.conftest import CommandLine, RunningSandbox, Start

TIMEOUT_SECONDS = 60.0


class TaskRunner:
    """
    The official client of the queue, with short methods to create tasks and wait for them.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        names = {"clientId": "TASKCLUSTER_CLIENT_ID", "accessToken": "TASKCLUSTER_ACCESS_TOKEN"}
        self.options = {
            "rootUrl": environment["TASKCLUSTER_ROOT_URL"],
            "credentials": {name: environment[variable] for name, variable in names.items()},
            "maxRetries": 0,
        }
        self.queue = taskcluster.Queue(self.options)

    def create(self, payload: dict[str, Any], **changes: Any) -> str:
        """
        Create a task.
        """
        metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
        times = {"created": "0 seconds", "deadline": "1 hour", "expires": "1 day"}
        definition = {name: taskcluster.fromNowJSON(offset) for name, offset in times.items()}
        task_id = str(taskcluster.slugId())
        changed = {"taskQueueId": "proj/ci", "payload": payload, "metadata": metadata, **changes}
        self.queue.createTask(task_id, {**definition, **changed})
        return task_id

    def wait(self, task_id: str, *states: str) -> dict[str, Any]:
        """
        Wait until a task is in one of these states, by default resolved, and return its status.
        """
        ends = time.monotonic() + TIMEOUT_SECONDS
        while True:
            status: dict[str, Any] = self.queue.status(task_id)["status"]
            if status["state"] in (states or ("completed", "failed", "exception")):
                return status
            assert time.monotonic() < ends, status
            time.sleep(0.05)

    def read(self, task_id: str, name: str) -> str:
        """
        Return an artifact's text.
        """
        url = self.queue.latestArtifact(task_id, name)["url"]
        with urllib.request.urlopen(url, timeout=60) as response:
            return str(response.read().decode())

    def log(self, task_id: str) -> str:
        """
        Return the log.
        """
        return self.read(task_id, "public/logs/live.log")


@pytest.fixture
def runner(sandbox: RunningSandbox, sandbox_server: Server) -> Iterator[TaskRunner]:
    """
    A sandbox with a worker.
    """
    with Worker(sandbox_server):
        yield TaskRunner(sandbox.environment)


def script(text: str) -> list[list[str]]:
    """
    Return a command that runs a shell script.
    """
    return [["sh", "-c", text]]


def test_a_task_runs_and_uploads_artifacts(runner: TaskRunner) -> None:
    """
    Two commands in one directory, with the task's environment; files and directories become artifacts.
    """
    payload = {
        "command": [["sh", "-c", "mkdir out; echo $GREETING $TASK_ID $RUN_ID > out/a.txt"], ["sh", "-c", "cat out/*"]],
        "env": {"GREETING": "hello"},
        "maxRunTime": 60,
        "artifacts": [
            {"type": "file", "path": "out/a.txt", "name": "public/a.txt"},
            {"type": "directory", "path": "out", "name": "public/all", "expires": taskcluster.fromNowJSON("2 hours")},
        ],
    }
    task_id = runner.create(payload)

    assert "completed" == runner.wait(task_id)["state"]
    assert f"hello {task_id} 0\n" == runner.read(task_id, "public/a.txt") == runner.read(task_id, "public/all/a.txt")
    assert f"\nhello {task_id} 0\n" in runner.log(task_id)
    listed = {entry["name"]: entry for entry in runner.queue.listLatestArtifacts(task_id)["artifacts"]}
    assert {"public/a.txt", "public/all/a.txt", "public/logs/live.log", "public/logs/live_backing.log"} == set(listed)
    assert ("link", "text/plain") == (
        listed["public/logs/live.log"]["storageType"],
        listed["public/a.txt"]["contentType"],
    )
    assert listed["public/all/a.txt"]["expires"] < listed["public/a.txt"]["expires"]


def test_a_command_may_be_a_list_of_strings(runner: TaskRunner) -> None:
    """
    As with docker-worker.
    """
    task_id = runner.create({"command": ["echo", "hello  deployment"]})

    assert "completed" == runner.wait(task_id)["state"]
    assert "\nhello  deployment\n" in runner.log(task_id)


def test_a_failed_task_can_be_rerun(runner: TaskRunner, tmp_path: Path) -> None:
    """
    It fails first, and succeeds then.
    """
    task_id = runner.create({"command": script(f"test -e {tmp_path}/flag")})
    assert "failed" == runner.wait(task_id)["state"]
    assert "Exit code: 1" in runner.log(task_id)
    (tmp_path / "flag").touch()
    runner.queue.rerunTask(task_id)

    assert ["failed", "completed"] == [run["state"] for run in runner.wait(task_id, "completed")["runs"]]


@pytest.mark.parametrize(
    ("payload", "reason", "expected"),
    [
        pytest.param({"command": []}, "malformed-payload", "payload.command", id="no command"),
        pytest.param({"command": ["a"], "env": {"A": 1}}, "malformed-payload", "payload.env", id="env"),
        pytest.param(
            {"command": ["a"], "artifacts": [{"path": "a", "type": "volume"}]}, "malformed-payload", "type", id="type"
        ),
        pytest.param({"command": ["no-such-program"]}, "failed", "cannot run", id="no program"),
        pytest.param({"command": ["sleep", "60"], "maxRunTime": 0.3}, "failed", "maxRunTime", id="too long"),
        pytest.param({"command": ["true"], "artifacts": [{"path": "a"}]}, "failed", "Artifact a: a ", id="no artifact"),
        pytest.param({"command": ["true", "x" * 3_000_000]}, "failed", "Cannot start the command", id="too long"),
        pytest.param({"command": ["true"], "env": {"A=B": "c"}}, "malformed-payload", "payload.env", id="env name"),
        pytest.param({"command": ["true"], "env": {"": "c"}}, "malformed-payload", "payload.env", id="no env name"),
        pytest.param({"command": ["true"], "features": []}, "malformed-payload", "payload.features", id="features"),
        pytest.param({"command": ["true"], "surprise": 1}, "completed", "Ignored: payload.surprise", id="unknown part"),
    ],
)
def test_failures_have_a_reason(runner: TaskRunner, payload: dict[str, Any], reason: str, expected: str) -> None:
    """
    In the status and in the log.
    """
    task_id = runner.create(payload)

    assert reason == runner.wait(task_id)["runs"][0]["reasonResolved"]
    assert expected in runner.log(task_id)


def test_only_missing_features_are_ignored(runner: TaskRunner) -> None:
    """
    Not those that every task has here, nor those that the payload disables.
    """
    features = {"taskclusterProxy": True, "liveLog": True, "chainOfTrust": True, "interactive": False}
    task_id = runner.create({"command": ["true"], "features": features})
    runner.wait(task_id)

    lines = [line for line in runner.log(task_id).splitlines() if "Ignored" in line]
    assert [True] == [line.endswith("Ignored: payload.features.chainOfTrust") for line in lines]


def test_exit_codes_can_be_retried(runner: TaskRunner) -> None:
    """
    While retries are left.
    """
    task_id = runner.create({"command": script("exit 75"), "onExitStatus": {"retry": [75]}}, retries=1)

    assert ["intermittent-task"] * 2 == [run["reasonResolved"] for run in runner.wait(task_id)["runs"]]


def test_a_missing_artifact_is_an_error_artifact(runner: TaskRunner) -> None:
    """
    It names the reason.
    """
    task_id = runner.create({"command": ["true"], "artifacts": [{"path": "a", "name": "public/a"}]})
    runner.wait(task_id)

    assert "file-missing-on-worker" == runner.queue.latestArtifact(task_id, "public/a")["reason"]


def test_the_log_is_live(runner: TaskRunner, tmp_path: Path) -> None:
    """
    It can be read while the task runs, up to its end.
    """
    task_id = runner.create(
        {"command": script(f"echo begun; until test -e {tmp_path}/go; do sleep .05; done; echo end")}
    )
    runner.wait(task_id, "running")
    ends = time.monotonic() + TIMEOUT_SECONDS
    while "public/logs/live.log" not in str(runner.queue.listLatestArtifacts(task_id)):
        assert time.monotonic() < ends
        time.sleep(0.05)
    with urllib.request.urlopen(
        runner.queue.latestArtifact(task_id, "public/logs/live.log")["url"], timeout=60
    ) as live:
        seen = [live.readline()]
        while seen[-1] != b"begun\n":
            seen.append(live.readline())
        (tmp_path / "go").touch()
        rest = live.read().decode()

    assert "end\n" in rest
    assert "completed" == runner.wait(task_id)["state"]


def test_the_proxy_signs_requests_of_a_task(runner: TaskRunner) -> None:
    """
    With the task's scopes only; it signs URLs, too.
    """
    child = str(taskcluster.slugId())
    text = (
        "import os, json, urllib.request as u, urllib.error\n"
        "import sys; sys.path[:0] = json.loads(os.environ['THEIR_PATH'])\n"
        "import taskcluster\n"
        "queue = taskcluster.Queue({'rootUrl': os.environ['TASKCLUSTER_PROXY_URL'], 'maxRetries': 0})\n"
        "task = queue.task(os.environ['TASK_ID'])\n"
        "new = {n: task[n] for n in ('taskQueueId', 'metadata', 'deadline', 'created')}\n"
        f"queue.createTask('{child}', {{**new, 'payload': {{'command': ['echo', 'child']}}, 'schedulerId': 'x'}})\n"
        "try:\n"
        f"    queue.cancelTask('{child}')\n"
        "except taskcluster.exceptions.TaskclusterFailure as error:\n"
        "    print('error', error.status_code)\n"
        "class Stay(u.HTTPRedirectHandler):\n"
        "    def redirect_request(self, *args): return None\n"
        "url = os.environ['TASKCLUSTER_ROOT_URL'] + '/api/auth/v1/scopes/current'\n"
        "try:\n"
        "    u.build_opener(Stay).open(os.environ['TASKCLUSTER_PROXY_URL'] + '/bewit', url.encode())\n"
        "except urllib.error.HTTPError as error:\n"
        "    print(error.code, 'queue:create-task' in u.urlopen(error.headers['location']).read().decode())\n"
    )
    scopes = ["queue:create-task:lowest:proj/ci", "queue:scheduler-id:x", "queue:create-task:project:none"]
    env = {"THEIR_PATH": json.dumps([path for path in sys.path if path])}
    task_id = runner.create({"command": [[sys.executable, "-c", text]], "env": env}, scopes=scopes)

    assert "completed" == runner.wait(task_id)["state"], runner.log(task_id)
    assert "completed" == runner.wait(child)["state"]
    assert "\nerror 403\n303 True\n" in runner.log(task_id)


def test_the_credentials_of_a_claim_create_tasks(sandbox: RunningSandbox) -> None:
    """
    Without the sandbox's worker.
    """
    runner = TaskRunner(sandbox.environment)
    scopes = ["queue:create-task:lowest:proj/*", "queue:scheduler-id:-", "queue:create-task:project:none"]
    runner.create({}, scopes=scopes)
    claim = runner.queue.claimWork("proj/ci", {**WORKER, "tasks": 1})["tasks"][0]
    theirs = TaskRunner(sandbox.environment)
    theirs.queue = taskcluster.Queue({**runner.options, "credentials": claim["credentials"]})
    made = theirs.create({}, taskQueueId="proj/other")

    assert "pending" == runner.queue.status(made)["status"]["state"]
    with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as error:
        theirs.create({}, taskQueueId="other/ci")
    assert 403 == error.value.status_code


def is_alive(pid: int) -> bool:
    """
    Return whether a process exists and is not a zombie.
    """
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def wait_for(happens: Callable[[], bool]) -> None:
    """
    Wait until a condition is true.
    """
    ends = time.monotonic() + TIMEOUT_SECONDS
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_cancelled_tasks_are_killed(runner: TaskRunner, tmp_path: Path) -> None:
    """
    With their background processes.
    """
    task_id = runner.create(
        {"command": script(f"sleep 300 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait")}
    )
    wait_for((tmp_path / "pid").exists)
    runner.queue.cancelTask(task_id)

    wait_for(lambda: not is_alive(int((tmp_path / "pid").read_text())))
    assert "canceled" == runner.queue.status(task_id)["status"]["runs"][0]["reasonResolved"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_processes_do_not_outlive_the_sandbox(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    """
    However it ends. After SIGTERM, the task is reported as worker-shutdown, which is retried.
    """
    env = {"TMPDIR": str(tmp_path)}
    process = start("sandbox", "start", "--worker", "--data", str(tmp_path / "data"), env=env)
    assert process.stdout is not None
    lines = [process.stdout.readline().decode().removeprefix("export ").strip() for _ in range(4)]
    runner = TaskRunner(dict(line.split("=", 1) for line in lines))
    runner.create({"command": script(f"sleep 300 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait")})
    wait_for((tmp_path / "pid").exists)
    os.kill(process.pid, number)
    process.wait(60)

    wait_for(lambda: not is_alive(int((tmp_path / "pid").read_text())))
    wait_for(lambda: not list(tmp_path.glob("tc-task-*")))


def test_a_command_that_ends_as_the_worker_dies_leaves_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Its supervisor learns of the worker's end last.
    """
    read = os.read

    def read_late(descriptor: int, count: int) -> bytes:
        time.sleep(0.3)
        return read(descriptor, count)

    monkeypatch.setattr(os, "read", read_late)
    (tmp_path / "task").mkdir()
    reading, writing = os.pipe()
    os.close(writing)
    supervisor.main(reading, str(tmp_path / "task"), ["true"])
    os.close(reading)

    assert [] == list(tmp_path.iterdir())


def test_a_worker_of_one_queue(sandbox: RunningSandbox, sandbox_server: Server) -> None:
    """
    It does not claim tasks of others.
    """
    with Worker(sandbox_server, "proj/one"):
        runner = TaskRunner(sandbox.environment)
        other = runner.create({"command": ["true"]})
        runner.wait(runner.create({"command": ["true"]}, taskQueueId="proj/one"))

        assert "pending" == runner.queue.status(other)["status"]["state"]


def test_run_with_a_worker(tc_process: CommandLine) -> None:
    """
    The command is run; an invalid queue is an error.
    """
    wrong = tc_process("sandbox", "run", "--worker", "echo", "x")
    result = tc_process("sandbox", "run", "--worker", "--", sys.executable, "-m", "tccli", "queue", "listTaskQueues")

    assert 2 == wrong.exit_code
    assert "--worker: 'echo'" in wrong.stderr
    assert (0, {"taskQueues": []}) == (result.exit_code, json.loads(result.stdout))


def test_a_rejected_artifact_fails_the_task(runner: TaskRunner) -> None:
    """
    The log has the reason.
    """
    task_id = runner.create({"command": script("echo x > a"), "artifacts": [{"path": "a", "name": "ä"}]})

    assert "failed" == runner.wait(task_id)["state"]
    assert "Artifact ä: " in runner.log(task_id)


@pytest.mark.parametrize("fault", ["drop=0", "reset=100", "status=503"])
def test_uploads_are_retried(
    runner: TaskRunner, sandbox: RunningSandbox, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    As workers do.
    """
    sandbox.storage.faults.add(f"{fault},verb=put,times=2")
    payload = {
        "command": script("seq 1000 > f"),
        "maxRunTime": 60,
        "artifacts": [{"type": "file", "path": "f", "name": "public/f"}],
    }
    task_id = runner.create(payload)

    assert "completed" == runner.wait(task_id)["state"]
    assert "".join(f"{number}\n" for number in range(1, 1001)) == runner.read(task_id, "public/f")
    assert "Resolved: completed" in runner.log(task_id)
    assert "" == capfd.readouterr().err


@pytest.mark.parametrize("match", ["*/public/f", "*"])
def test_failed_uploads_resolve_the_task(
    runner: TaskRunner,
    sandbox: RunningSandbox,
    match: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    A storage that never accepts the bytes is not the task's fault; the log of the sandbox tells about it.
    """
    monkeypatch.setattr(artifacts, "UPLOAD_RETRY_DELAYS", (0.01,))
    sandbox.storage.faults.add(f"drop=0,verb=put,match={match}")
    payload = {
        "command": script("seq 1000 > f"),
        "maxRunTime": 60,
        "artifacts": [{"type": "file", "path": "f", "name": "public/f"}],
    }
    task_id = runner.create(payload)
    status = runner.wait(task_id)

    assert ("exception", "internal-error") == (status["state"], status["runs"][0]["reasonResolved"])
    names = ["public/f", "public/logs/live_backing.log"][: 1 if match != "*" else 2]
    assert names == [name for name in names if any(task_id in line and name in line for line in caplog.messages)]
    if match != "*":
        assert "cannot upload public/f" in runner.log(task_id)


@pytest.mark.parametrize("fault", ["queue.createArtifact=503", "queue.reportCompleted=503", "queue.report*=drop"])
def test_failed_calls_are_logged(
    runner: TaskRunner,
    sandbox_server: Server,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    They tell why a task does not end as its commands did.
    """
    injector = FaultInjector()
    injector.add(fault)
    monkeypatch.setattr(sandbox_server.sandbox, "fault_injector", injector)
    task_id = runner.create({"command": script("true"), "maxRunTime": 60})
    wait_for(lambda: any(task_id in line for line in caplog.messages))


def test_readers_of_a_live_log_may_disconnect(
    runner: TaskRunner, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    The task continues, and no error is printed.
    """
    waits = f"until test -e {tmp_path}/go; do sleep .05; done"
    task_id = runner.create({"command": script(f"yes | head -c 3000000; {waits}; yes | head -c 3000000")})
    runner.wait(task_id, "running")
    wait_for(lambda: "public/logs/live.log" in str(runner.queue.listLatestArtifacts(task_id)))
    with urllib.request.urlopen(
        runner.queue.latestArtifact(task_id, "public/logs/live.log")["url"], timeout=60
    ) as live:
        live.read(10)
    (tmp_path / "go").touch()

    assert "completed" == runner.wait(task_id)["state"]
    assert "" == capfd.readouterr().err
