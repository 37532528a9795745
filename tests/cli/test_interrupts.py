"""
Ctrl-C, at any moment of a command that waits, ends it within a second.

``TC_INTERRUPTS=20 pytest tests/cli/test_interrupts.py`` interrupts each of them at 20 moments; ``TC_INTERRUPT_SEED``
repeats a run. Uploads and downloads have tests of their own.
"""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.http_server import (
    CREDENTIALS,
    DROPPED,
    NO_RESPONSE,
    Received,
    Response,
    ScriptedServer,
    error_response,
    json_response,
    response,
)
from tests.seeds import read_seed
from tests.time_limits import check_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COUNT = int(os.environ.get("TC_INTERRUPTS", "1"))
SEED = read_seed("TC_INTERRUPT_SEED")
MAX_MOMENT_SECONDS = 1.0
START_SECONDS = 0.25
"""Half of the moments are in this time, in which modules are imported."""
MAX_SECONDS = float(os.environ.get("TC_INTERRUPT_SECONDS", "3"))
"""``TC_INTERRUPT_SECONDS=1`` is the promise, on a machine that has nothing else to do."""
MAX_HANG_SECONDS = 30
START = """
import builtins, os
from tccli.__main__ import main

def report_first_import(*args, **attributes):
    builtins.__import__ = import_module
    os.close(int(os.environ["STARTED"]))
    return import_module(*args, **attributes)

import_module, builtins.__import__ = builtins.__import__, report_first_import
main()
"""
"""The first statement of main() is an import. Before that, the interpreter itself starts, and ends as it likes."""

TASK_ID = "fN1SbArXTPSVFNUvaOlinQ"
GROUP = ("queue", "listTaskGroup", TASK_ID)
PAYLOAD = '{"taskQueueId": "a/b", "tasks": 1, "workerGroup": "g", "workerId": "w"}'


class Situation(NamedTuple):
    """
    A command, and what makes it wait.

    Attributes:
        argv: ``{url}`` is the URL of the scripted server, ``{dead}`` that of one that does nothing, ``{fifo}``
            a pipe that nothing is written to, ``{document}`` a file, ``{big}`` one of 64 GB that takes no space,
            ``{directory}`` an empty directory.
        script: The responses of the scripted server.
        env: More environment, with the same names.
        is_shown: Whether stdout is a terminal.
        code: The exit code after Ctrl-C.
        lines: What stdin has, before it waits.
    """

    argv: tuple[str, ...]
    script: tuple[Response | Callable[..., Response], ...] = (NO_RESPONSE,)
    env: tuple[tuple[str, str], ...] = ()
    is_shown: bool = False
    code: int = 130
    lines: bytes = b""


def next_page(received: object) -> Response:
    """
    Return a page of a listing that never ends.
    """
    token = re.search(r"continuationToken=(\d+)", str(received))
    number = int(token[1]) + 1 if token else 1
    return json_response({"tasks": [{"a": number}] * 50, "continuationToken": str(number)})


def group_that_runs(_received: object) -> Response:
    """
    Return a group with a task that never ends.
    """
    status = {"taskId": TASK_ID, "state": "running", "runs": [{"runId": 0, "state": "running"}]}
    return json_response({"tasks": [{"status": status, "task": {"metadata": {"name": "a"}}}]})


def group_that_failed(_received: object) -> Response:
    """
    Return a group of tasks whose logs are to be read.
    """
    run = {"runId": 0, "state": "failed", "reasonResolved": "failed"}
    status = {"state": "failed", "runs": [run]}
    ids = [f"{TASK_ID[:-2]}{number}A" for number in range(8)]
    return json_response(
        {"tasks": [{"status": {**status, "taskId": each}, "task": {"metadata": {"name": each}}} for each in ids]}
    )


def logs_of_a_group(received: Received) -> Response:
    """
    Return failed tasks, with logs that take a regular expression for ever.
    """
    if received.target == "/storage":
        return response(200, b"a" * 60 + b"!\n")
    if "/artifact-content/" in received.target:
        return json_response({"storageType": "reference", "url": f"http://{received.headers['host']}/storage"})
    run = {"runId": 0, "state": "failed", "reasonResolved": "failed", "started": "2026-01-01T00:00:00.000Z"}
    ids = [f"{TASK_ID[:-2]}{number}A" for number in range(8)]
    entries = [
        {
            "taskId": each,
            "status": {"taskId": each, "state": "failed", "runs": [run]},
            "task": {"metadata": {"name": each}},
        }
        for each in ids
    ]
    if received.verb == "POST":
        return json_response({"statuses": entries, "tasks": entries})
    if "/task-group/" in received.target:
        return json_response({"taskGroupId": TASK_ID, "tasks": entries})
    named = re.search(r"/task/([^/]+)", received.target)
    status = {"taskId": named[1] if named else TASK_ID, "state": "failed", "runs": [run]}
    return json_response({"status": status, "metadata": {"name": "a"}, "payload": {}})


def slow_names(_received: object) -> Response:
    """
    Return tasks with names that take a regular expression for ever.
    """
    run = {"runId": 0, "state": "running", "started": "2026-01-01T00:00:00.000Z"}
    status = {"taskId": TASK_ID, "state": "running", "runs": [run]}
    task = {"metadata": {"name": "a" * 60 + "!"}, "payload": {}, "dependencies": []}
    return json_response({"taskGroupId": TASK_ID, "tasks": [{"status": status, "task": task}]})


def running_task(received: Received) -> Response:
    """
    Return what the queue responds while a task runs, and a storage that adds a byte to its log now and then.
    """
    if received.target.startswith("/storage"):
        return Response(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"line\n" * 1000, pause=0.05)
    if "/artifact-content/" in received.target:
        return json_response({"storageType": "reference", "url": f"http://{received.headers['host']}/storage"})
    named = re.search(r"/task/([^/]+)", received.target)
    status = {
        "taskId": named[1] if named else TASK_ID,
        "taskGroupId": TASK_ID,
        "taskQueueId": "a/b",
        "state": "running",
        "runs": [{"runId": 0, "state": "running"}],
    }
    task = {"metadata": {"name": "n", "owner": "a@b"}, "dependencies": []}
    if received.verb == "POST" and received.target.endswith(("/tasks/status", "/tasks")):
        ids = json.loads(received.body)["taskIds"]
        entries = [{"taskId": each, "status": {**status, "taskId": each}, "task": task} for each in ids]
        return json_response({"statuses" if received.target.endswith("/status") else "tasks": entries})
    if "/task-group/" in received.target:
        return json_response({"taskGroupId": TASK_ID, "tasks": [{"status": status, "task": task}]})
    has_status = "/status" in received.target or received.verb in {"POST", "PUT"}
    return json_response({"status": status} if has_status else task)


def existing_object(received: Received) -> Response:
    """
    Return a conflict, and the digest of other bytes, so that those of the file are computed.
    """
    if received.verb == "PUT":
        return error_response(409, "RequestConflict", "Object already exists")
    return json_response({"projectId": "p", "expires": "2999-01-01T00:00:00.000Z", "hashes": {"sha256": "0" * 64}})


def artifacts_of_a_group(received: Received) -> Response:
    """
    Return what is asked for about a group with one task, which has one artifact.
    """
    if "/artifacts" in received.target:
        entry = {"name": "public/a", "storageType": "s3", "expires": "2999-01-01T00:00:00.000Z", "contentType": "a/b"}
        return json_response({"artifacts": [entry]})
    return response(200, b"a") if received.target == "/storage" else running_task(received)


SILENT = Response(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na line\r\n1\r\n\n\r\n"
)
"""A log that grows, and does not at the moment."""


def silent_log(received: Received, log: Response = SILENT, state: str = "running") -> Response:
    """
    Return what is asked for about a task that runs, and has a log.
    """
    target, host = received.target, received.headers["host"]
    run = {"runId": 0, "state": state, **({"started": "2026-01-01T00:00:00.000Z"} if state == "running" else {})}
    status = {"taskId": TASK_ID, "state": state, "runs": [run]}
    task = {"metadata": {"name": "a"}, "payload": {}, "dependencies": []}
    if target.startswith("/log"):
        return log
    if "/artifact-content/" in target:
        return json_response({"storageType": "reference", "url": f"http://{host}/log"})
    if target.endswith("/tasks/status"):
        return json_response({"statuses": [{"taskId": TASK_ID, "status": status}]})
    if target.endswith("/tasks"):
        return json_response({"tasks": [{"taskId": TASK_ID, "task": task}]})
    if target.endswith("/list"):
        return json_response({"taskGroupId": TASK_ID, "tasks": [{"status": status, "task": task}]})
    return json_response({"status": status, **task})


def pending_task(received: Received) -> Response:
    """
    Return what is asked for about a task that waits for a worker.
    """
    return silent_log(received, state="pending")


SLOW = "(a+)+$"
"""In many letters and another one, its time is exponential."""
RETRIES = ("--retries", "1000", "--max-delay", "60")
DRIP = Response(json_response({"status": {}}).data, pause=0.3)
CALLS = ("batch", "auth", "resetAccessToken", "--jobs", "8")
LINES = b"a\n" * 100
SITUATIONS = {
    "no response": Situation(("queue", "status", TASK_ID)),
    "a response byte by byte": Situation(("queue", "status", TASK_ID), (DRIP,)),
    "no connection": Situation(("queue", "status", TASK_ID, "--root-url", "{dead}")),
    "no TLS": Situation(("queue", "ping", "--root-url", "{dead_tls}")),
    "no proxy": Situation(("queue", "ping", "--root-url", "http://a.example"), env=(("http_proxy", "{dead}"),)),
    "retries": Situation(("queue", "status", TASK_ID, *RETRIES), (error_response(500, "InternalServerError", "m"),)),
    "long waits": Situation(("queue", "status", TASK_ID, *RETRIES, "--delay-factor", "30"), (response(503),)),
    "Retry-After": Situation(("queue", "ping", "--max-delay", "60"), (response(429, Retry_After="60"),)),
    "dropped connections": Situation(("queue", "ping", *RETRIES), (DROPPED,)),
    "verbose": Situation(("-vv", "queue", "ping", *RETRIES), (response(502),)),
    "claimWork": Situation(("queue", "claimWork", "a/b", "--data", PAYLOAD, "--no-validate")),
    "claimWork after claimWork": Situation(
        ("queue", "claimWork", "a/b", "--data", PAYLOAD, "--no-validate", *RETRIES, "--retry-unsafe"), (response(500),)
    ),
    "endless pages": Situation((*GROUP, "--paginate"), (next_page,)),
    "endless lines": Situation((*GROUP, "--paginate", "--format", "jsonl"), (next_page,)),
    "an endless table": Situation((*GROUP, "--paginate", "--format", "table"), (next_page,)),
    "endless pages to a file": Situation((*GROUP, "--paginate", "-o", "{directory}/out"), (next_page,)),
    "a filter of each line": Situation((*GROUP, "--paginate", "--format", "jsonl", "--jq", ".a"), (next_page,)),
    "a second page": Situation((*GROUP, "--paginate"), (next_page, NO_RESPONSE)),
    "an endless filter": Situation(
        ("queue", "status", TASK_ID, "--jq", "last(repeat(1))"), (json_response({"status": {}}),)
    ),
    "endless outputs": Situation(("queue", "status", TASK_ID, "--jq", "repeat(1)"), (json_response({"status": {}}),)),
    "results with an endless filter": Situation((*CALLS, "--jq", "last(repeat(1))"), (json_response({}),), lines=LINES),
    "results with endless outputs": Situation((*CALLS, "--jq", "repeat(1)"), (json_response({}),), lines=LINES),
    "results with a slow filter": Situation((*CALLS, "--jq", "[range(3e5)]|length"), (json_response({}),), lines=LINES),
    "a table of results with an endless filter": Situation(
        (*CALLS, "--columns", "id", "--jq", "repeat({id})"), (json_response({}),), lines=LINES
    ),
    "results on a terminal with endless outputs": Situation(
        (*CALLS, "--jq", "repeat(1)"), (json_response({}),), is_shown=True, lines=LINES
    ),
    "actions with an endless filter": Situation(
        ("group", "cancel", TASK_ID, "--force", "--format", "jsonl", "--jq", "repeat(1)"), (running_task,)
    ),
    "artifacts with an endless filter": Situation(
        ("group", "artifacts", TASK_ID, "--format", "jsonl", "--jq", "repeat(1)"), (artifacts_of_a_group,)
    ),
    "downloads with an endless filter": Situation(
        ("group", "download", TASK_ID, "*", "-o", "{directory}/data", "--format", "jsonl", "--jq", "repeat(1)"),
        (artifacts_of_a_group,),
    ),
    "a pager": Situation((*GROUP, "--paginate"), (next_page,), (("TC_PAGER", "sleep 60"),), is_shown=True),
    "a pager that reads": Situation(
        (*GROUP, "--paginate", "--format", "jsonl"),
        (next_page,),
        (("TC_PAGER", "sh -c 'cat; sleep 60'"),),
        is_shown=True,
    ),
    "a help in a pager": Situation(("queue", "createTask", "--help"), env=(("TC_PAGER", "sleep 60"),), is_shown=True),
    "a sign-in": Situation(("signin", "--no-browser")),
    "a sign-in in a browser": Situation(("signin",), env=(("BROWSER", "sh -c 'sleep 5' %s"),)),
    "stdin": Situation(("secrets", "set", "s")),
    "lines of calls": Situation(("batch",)),
    "a payload": Situation(("secrets", "set", "s", "--data", "@{fifo}")),
    "a document": Situation(("validate", "secrets", "set", "{fifo}")),
    "a schema": Situation(("validate-json", "{url}/schema.json", "{document}")),
    "references": Situation(("references", "update", *RETRIES)),
    "a comparison": Situation(("references", "diff", *RETRIES)),
    "a reference": Situation(("--reference", "{url}/api.json", "queue", "ping")),
    "a watch": Situation(("group", "watch", TASK_ID), (group_that_runs,), is_shown=True),
    "a watch in a pipe": Situation(("group", "watch", TASK_ID), (group_that_runs,)),
    "a log": Situation(("task", "log", TASK_ID), (silent_log,)),
    "a log on a terminal": Situation(
        ("task", "log", TASK_ID, "--tail", "5", "--grep", "b"), (silent_log,), is_shown=True
    ),
    "a log without a response": Situation(
        ("task", "log", TASK_ID), (lambda received: silent_log(received, NO_RESPONSE),)
    ),
    "a log of a task that waits": Situation(("task", "log", TASK_ID, "--wait"), (pending_task,)),
    "logs of a group": Situation(("group", "logs", TASK_ID, "-f"), (silent_log,)),
    "a wait with logs": Situation(("task", "wait", TASK_ID, "--log"), (silent_log,)),
    "logs of failures": Situation(("group", "failures", TASK_ID, *RETRIES), (group_that_failed, NO_RESPONSE)),
    "a slow expression": Situation(("group", "logs", TASK_ID, "--grep", SLOW), (logs_of_a_group,)),
    "a slow expression in tails": Situation(
        ("group", "logs", TASK_ID, "--grep", SLOW, "--tail", "1"), (logs_of_a_group,)
    ),
    "a slow expression in logs that are followed": Situation(
        ("group", "logs", TASK_ID, "-f", "--grep", SLOW), (logs_of_a_group,)
    ),
    "a slow expression in tails that are followed": Situation(
        ("group", "logs", TASK_ID, "-f", "--grep", SLOW, "--tail", "1"), (logs_of_a_group,)
    ),
    "a slow expression selects logs that are followed": Situation(
        ("group", "logs", TASK_ID, "-f", "--grep", "b", "--name", f"~{SLOW}"), (slow_names,)
    ),
    "a slow expression selects names": Situation(("group", "wait", TASK_ID, "--name", f"~{SLOW}"), (slow_names,)),
    "a slow expression in a log": Situation(("task", "log", TASK_ID, "--grep", SLOW), (logs_of_a_group,)),
    "a slow expression in logs of failures": Situation(
        ("group", "failures", TASK_ID, "--log-match", SLOW), (logs_of_a_group,)
    ),
    "a slow expression selects tasks": Situation(("group", "list", TASK_ID, "--log-match", SLOW), (logs_of_a_group,)),
    "whoami": Situation(("whoami",)),
    "scopes": Situation(("scopes", "expand", "a")),
    "a check of scopes": Situation(("scopes", "check", "queue", "ping")),
    "a bewit from the proxy": Situation(
        ("signed-url", "queue", "getLatestArtifact", TASK_ID, "private/a", "--proxy"),
        env=(("TASKCLUSTER_PROXY_URL", "{url}"),),
    ),
    "fakes": Situation(("queue", "ping", "--fake", "{fifo}")),
    "exec": Situation(("exec", "--", "sleep", "60")),
    "exec and no response": Situation(("exec", "--secret", "a:b", "--", "true")),
    "exec with a file": Situation(
        ("exec", "--secret-file", "a:b={directory}/new/file", "--", "sh", "-c", "sleep 60; sleep 60"),
        (json_response({"secret": {"b": "v"}, "expires": "2099-01-01T00:00:00.000Z"}),),
    ),
    "sandbox run": Situation(("sandbox", "run", "--", "sleep", "60")),
    "sandbox run and a shell": Situation(("sandbox", "run", "--worker", "--", "sh", "-c", "sleep 60; sleep 60")),
    "sandbox start": Situation(("sandbox", "start"), code=0),
    "sandbox start with a worker": Situation(("sandbox", "start", "--worker", "--data", "{directory}/data"), code=0),
    "sandbox tour": Situation(("sandbox", "tour")),
    "sandbox start in the background": Situation(("sandbox", "start", "--detach", "--amqp", "{dead_amqp}")),
    "sandbox clock": Situation(("sandbox", "clock")),
    "sandbox stop": Situation(("sandbox", "stop")),
    "sandbox stop of one that does not end": Situation(("sandbox", "stop"), (json_response({}),)),
    "task wait": Situation(("task", "wait", TASK_ID), (running_task,)),
    "task wait without a response": Situation(("task", "wait", TASK_ID)),
    "task wait and failures": Situation(("task", "wait", TASK_ID, "--timeout", "1h"), (response(503),)),
    "group wait": Situation(("group", "wait", TASK_ID), (running_task,)),
    "group wait for an end": Situation(("group", "wait", TASK_ID, "--for", "resolved"), (running_task,)),
    "group wait without a group": Situation(
        ("group", "wait", TASK_ID, "--appear", "1h"), (error_response(404, "ResourceNotFound", "m"),)
    ),
    "task rerun and wait": Situation(("task", "rerun", TASK_ID, "--force", "--wait"), (running_task,)),
    "group rerun and wait": Situation(
        ("group", "rerun", TASK_ID, "--failed", "-f", "--wait", *RETRIES), (group_that_failed, NO_RESPONSE)
    ),
    "a group's tasks": Situation(("group", "list", TASK_ID, *RETRIES), (response(503),)),
    "actions that are not answered": Situation(
        ("task", "cancel", *(f"{TASK_ID[:-2]}{number}A" for number in range(8))), (NO_RESPONSE,)
    ),
    "artifacts of a group": Situation(("group", "artifacts", TASK_ID, *RETRIES), (group_that_failed, NO_RESPONSE)),
    "task run and wait": Situation(("task", "run", "--queue", "a/b", "--wait", "--", "x"), (running_task,)),
    "task retrigger and a log": Situation(("task", "retrigger", TASK_ID, "--log", *RETRIES), (NO_RESPONSE,)),
    "task log": Situation(("task", "log", TASK_ID), (running_task,)),
    "task log to a terminal": Situation(("task", "log", TASK_ID), (running_task,), is_shown=True),
    "task log to a file": Situation(("task", "log", TASK_ID, "-o", "{directory}/log"), (running_task,)),
    "an upload of an existing object": Situation(
        ("upload-object", "{big}", "a/b", "--project-id", "p"), (existing_object,)
    ),
}


@pytest.fixture(scope="module")
def dead_port() -> Iterator[int]:
    """
    A port where connections are accepted by the system, and by nothing else.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", SITUATIONS)
def test_ctrl_c_ends_it(
    name: str, http_server: ScriptedServer, dead_port: int, process_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    With exit code 130, silently, and with nothing half-done in the directory.
    """
    situation = SITUATIONS[name]
    draw = random.Random(f"{SEED} {name}")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "document").write_text("{}")
    with (tmp_path / "big").open("wb") as big:
        big.truncate(64 << 30)
    (tmp_path / "directory").mkdir()
    places = {
        "url": http_server.url,
        "dead": f"http://127.0.0.1:{dead_port}",
        "dead_amqp": f"amqp://a:b@127.0.0.1:{dead_port}/v",
        "dead_tls": f"https://127.0.0.1:{dead_port}",
        "fifo": tmp_path / "fifo",
        "document": tmp_path / "document",
        "big": tmp_path / "big",
        "directory": tmp_path / "directory",
    }

    def fill(text: str) -> str:
        return re.sub(
            r"\{(url|dead|dead_tls|dead_amqp|fifo|document|big|directory)\}", lambda found: str(places[found[1]]), text
        )

    env = {
        **process_environment,
        **CREDENTIALS,
        "TASKCLUSTER_ROOT_URL": http_server.url,
        "TERM": "xterm",
        **{key: fill(value) for key, value in situation.env},
    }
    for _ in range(COUNT):
        http_server.respond_with(*situation.script)
        moment = draw.uniform(0, draw.choice([START_SECONDS, MAX_MOMENT_SECONDS]))
        code, seconds, errors = interrupt(
            [fill(word) for word in situation.argv], env, moment, shown=situation.is_shown, lines=situation.lines
        )
        where = f"TC_INTERRUPT_SEED={SEED}, after {moment:.3f} s: {errors}"
        # Before a sandbox is ready, it is interrupted like any other command.
        assert code in {130, situation.code}, where
        check_seconds(seconds, MAX_SECONDS, where)
        assert "Traceback" not in errors, where
        assert "ignored" not in errors, where
        assert not [file for file in os.listdir(tmp_path / "directory") if file != "data"], where


SWALLOWED = """
import builtins, os, signal, sys, time, weakref
from tccli.__main__ import main

class Referent:
    pass

def send(_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

def import_late(*args, **attributes):
    builtins.__import__ = import_module
    referent = Referent()
    reference = weakref.ref(referent, send)
    del referent
    time.sleep(120)
    return import_module(*args, **attributes)

import_module, builtins.__import__ = builtins.__import__, import_late
main()
"""
"""Python ignores exceptions in a callback of a weak reference, as imports use them too."""


def test_ctrl_c_where_exceptions_are_ignored(process_environment: dict[str, str]) -> None:
    """
    It ends the command nevertheless, silently.
    """
    result = subprocess.run(
        [sys.executable, "-c", SWALLOWED, "from-now", "1 day"],
        env=process_environment,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (130, b"", b"") == (result.returncode, result.stdout, result.stderr)


def interrupt(
    argv: list[str], env: dict[str, str], moment: float, *, shown: bool, lines: bytes
) -> tuple[int, float, str]:
    """
    Start a command, and send what Ctrl-C on its terminal sends.

    Args:
        moment: Seconds after the start.
        shown: Whether stdout is a terminal.
        lines: What stdin has, before it waits.

    Returns:
        The exit code, the seconds from the signal to the end of all its processes' output, and what it wrote to stderr.
    """
    ours, theirs = pty.openpty() if shown else os.pipe()
    unwritten, writer = os.pipe()
    os.write(writer, lines)
    started, starting = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", START, *argv],
        env={**env, "STARTED": str(starting)},
        pass_fds=[starting],
        stdin=unwritten,
        stdout=theirs,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        os.close(starting)
        os.read(started, 1)
        drain(ours, moment)
        began = time.monotonic()
        assert process.poll() is None, process.communicate()
        os.killpg(process.pid, signal.SIGINT)
        drain(ours, MAX_HANG_SECONDS)
        try:
            _, errors = process.communicate(timeout=MAX_HANG_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, errors = process.communicate()
        seconds = time.monotonic() - began
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for fd in (ours, unwritten, writer, started):
        os.close(fd)
    return process.returncode, seconds, errors.decode()


def drain(fd: int, seconds: float) -> None:
    """
    Read for some seconds, or to the end.
    """
    import select

    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([fd], [], [], left)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                return
