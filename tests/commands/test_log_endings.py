"""
How a live log ends, and what is read then: the rest from where the log was stored, or nothing more.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.test_task_log import GONE, LIMITS_SECONDS, LIVE, live_log
from tests.http_server import DROPPED, NO_RESPONSE, Response, ScriptedServer, error_response, json_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv
    from tests.http_server import Received

LOG_NAME = "public/logs/live.log"
BACKING_NAME = "public/logs/live_backing.log"
LINK = {"storageType": "link", "contentType": "text/plain", "artifact": BACKING_NAME}
QUICK = ["--retries", "1", "--delay-factor", "1ms"]
REST = "the rest, which only the stored log has\n"


def chunked(text: str, end: bytes = b"0\r\n\r\n") -> Response:
    """
    Return the response of a live log, which ends as given.
    """
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Response(head + b"%x\r\n%b\r\n" % (len(text), text.encode()) + end, closes=True)


@dataclass
class Deployment:
    """
    A task with one run or several, whose log is at a worker until the run has ended.

    Attributes:
        logs: The responses for the live log, in order; the last one again and again.
        polls: How often the first run is reported as running after its log was looked for.
        stored: The stored log of each run, or None if the worker has not stored it.
        reason: Why the first run ended.
        live_url: Of the log while it is live.
        broken: Responses for the first requests of the status after the log was looked for.
    """

    server: ScriptedServer
    logs: list[Response]
    polls: int = 0
    stored: list[str | None] = field(default_factory=lambda: [None])
    reason: str = "completed"
    live_url: str = ""
    broken: list[Response] = field(default_factory=list)
    is_looked_for: bool = False
    is_over: bool = False

    def __post_init__(self) -> None:
        self.server.respond_with(self.respond)

    def respond(self, request: Received) -> Response:
        """
        Return the response of the deployment, of its storage, or of the worker.
        """
        path = request.target
        if path == "/live":
            return self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]
        if path.startswith("/stored/"):
            text = self.stored[int(path[-1])]
            assert text is not None
            return response(200, text.encode())
        if "artifact" in path:
            return json_response(self.locate(int(path.partition("/runs/")[2][:1] or 0)))
        if path.endswith("/status"):
            if self.is_looked_for and self.broken:
                return self.broken.pop(0)
            return json_response({"status": self.tell_status()})
        return json_response({"metadata": {"name": "n"}, "payload": {}})

    def locate(self, run_id: int) -> dict[str, Any]:
        """
        Return where the log of a run is: it moves when the run has ended, as far as anybody was told.
        """
        self.is_looked_for = True
        if self.is_over and self.stored[run_id] is not None:
            return {"storageType": "s3", "url": f"{self.server.url}/stored/{run_id}"}
        return {"storageType": "reference", "url": self.live_url or f"{self.server.url}/live"}

    def tell_status(self) -> dict[str, Any]:
        """
        Return the status of the task.
        """
        if self.is_looked_for:
            self.is_over = self.is_over or not self.polls
            self.polls = max(self.polls - 1, 0)
        if not self.is_over:
            runs = [{"runId": 0, "state": "running"}]
        else:
            state = "completed" if self.reason == "completed" else "exception"
            runs = [{"runId": 0, "state": state, "reasonResolved": self.reason}]
            runs += [{"runId": n, "state": "completed"} for n in range(1, len(self.stored))]
        return {"taskId": TASK_ID, "state": runs[-1]["state"], "runs": runs}


BEFORE = "line 1\nline 2"
CUT_OFF = chunked(BEFORE, b"")
ENDINGS: dict[str, Callable[[ScriptedServer], list[Response]]] = {
    "end": lambda _: [chunked(BEFORE)],
    "end, gone": lambda _: [chunked(BEFORE), DROPPED],
    "cut off": lambda _: [CUT_OFF],
    "cut off, gone": lambda _: [CUT_OFF, DROPPED],
    "cut off, empty": lambda _: [CUT_OFF, chunked("")],
    "malformed": lambda _: [chunked(BEFORE, b"zz\r\n")],
    "never": lambda _: [DROPPED],
    "403": lambda _: [response(403, b"no")],
    "404": lambda _: [CUT_OFF, response(404, b"no such worker")],
    "410": lambda _: [CUT_OFF, response(410)],
    "502": lambda _: [response(502, b"bad gateway")],
    "not HTTP": lambda _: [Response(b"SSH-2.0-x\r\n", closes=True)],
    "elsewhere": lambda _: [CUT_OFF, response(302, Location=GONE)],
    "nowhere": lambda _: [CUT_OFF, response(302, Location="http://no-such-host.invalid/")],
    "around": lambda server: [CUT_OFF, response(302, Location=f"{server.url}/live")],
}


@pytest.mark.parametrize("options", [[], ["--no-follow"], ["--tail", "5"]], ids=str)
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_rest_is_stored(tc: CommandLine, http_server: ScriptedServer, ending: str, options: list[str]) -> None:
    """
    Whatever ended the live log: the run is over, so the stored log is read on from that byte, without a word.
    """
    Deployment(http_server, ENDINGS[ending](http_server), stored=[BEFORE + REST])
    result = tc(*QUICK, "task", "log", TASK_ID, *options, env=http_server.env)

    # That is all there is by now.
    is_all = options == ["--no-follow"] and ending.startswith("end")
    expected = BEFORE if is_all else BEFORE + REST
    assert (0, expected.encode(), "") == (result.exit_code, result.output, result.stderr)


@pytest.mark.parametrize("url", [GONE, "http://no-such-host.invalid/log", "https://127.0.0.1:1/log"])
def test_a_worker_that_was_never_reached(tc: CommandLine, http_server: ScriptedServer, url: str) -> None:
    """
    Its run ended before the log was read.
    """
    Deployment(http_server, [DROPPED], stored=[BEFORE + REST], live_url=url)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, (BEFORE + REST).encode(), "") == (result.exit_code, result.output, result.stderr)


@pytest.mark.parametrize("reason", ["completed", "canceled", "worker-shutdown"])
def test_a_log_that_was_read_to_its_end(tc: CommandLine, http_server: ScriptedServer, reason: str) -> None:
    """
    Where nothing was stored, that is all, and its server is not asked again once the run has ended.

    Of a run that the queue has ended, the worker may have written more.
    """
    Deployment(http_server, [chunked(BEFORE), DROPPED], reason=reason)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, BEFORE.encode()) == (result.exit_code, result.output)
    assert (reason != "completed") == result.stderr.count("\n") == result.stderr.count(f"ended as {reason}")
    assert 1 == sum(request.target == "/live" for request in http_server.requests)


@pytest.mark.parametrize(("reason", "code"), [("completed", 8), ("canceled", 0), ("claim-expired", 0)])
def test_a_log_that_was_cut_off_is_not_complete(
    tc: CommandLine, http_server: ScriptedServer, reason: str, code: int
) -> None:
    """
    What was read is printed. That the rest is lost is an error, or a note where the queue has ended the run.
    """
    Deployment(http_server, [CUT_OFF, DROPPED], reason=reason)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (code, BEFORE.encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n"))


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_that_goes_on(tc: CommandLine, http_server: ScriptedServer, ending: str) -> None:
    """
    Its log is read again, at the next byte, after a line for each thing that was wrong.
    """
    first, *others = ENDINGS[ending](http_server)
    whole = BEFORE + " and more\n"
    Deployment(http_server, [CUT_OFF, first, first, *others * 2, chunked(whole)], polls=40)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, whole.encode()) == (result.exit_code, result.output)
    assert result.stderr.count("\n") <= 2


@pytest.mark.usefixtures("quick_polls")
def test_a_run_that_goes_on_with_another_log(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Its parts do not belong together.
    """
    Deployment(http_server, [CUT_OFF, chunked("something else")], polls=12)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (9, BEFORE.encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n"))


def test_no_right_to_the_log(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The queue says so at once, whether or not the run goes on.
    """
    deployment = Deployment(http_server, [], polls=12)
    respond = deployment.respond
    refused = error_response(403, "InsufficientScopes", "no")
    http_server.respond_with(lambda request: refused if "artifact" in request.target else respond(request))
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (4, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))


@pytest.mark.parametrize("logs", [[chunked(BEFORE)], [CUT_OFF]], ids=["end", "cut off"])
def test_the_next_run_follows(tc: CommandLine, http_server: ScriptedServer, logs: list[Response]) -> None:
    """
    After a worker that was shut down, of which notes tell.
    """
    Deployment(http_server, [*logs, DROPPED], reason="worker-shutdown", stored=[None, "run 1\n"])
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, f"{BEFORE}run 1\n".encode()) == (result.exit_code, result.output)
    assert "next is run 1" in result.stderr
    assert 2 == result.stderr.count("\n")


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("failures", "code"), [(4, 0), (100, 7)])
def test_a_queue_that_fails_for_a_while(tc: CommandLine, http_server: ScriptedServer, failures: int, code: int) -> None:
    """
    It does not end a log at once.
    """
    broken = [error_response(503, "InternalServerError", "x")] * failures
    Deployment(http_server, [CUT_OFF], stored=[BEFORE + REST], broken=broken)
    result = tc("--retries", "0", "task", "log", TASK_ID, env=http_server.env)

    assert code == result.exit_code, result.stderr
    assert (BEFORE + ("" if code else REST)).encode() == result.output


def test_the_time_is_up_while_the_queue_is_silent(
    tc: CommandLine, http_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    That is all there is to tell.
    """
    monkeypatch.setattr("tccli.core.tasks.pauses.MAX_LAST_POLL_SECONDS", 0.1)
    for seconds in LIMITS_SECONDS:
        Deployment(http_server, [CUT_OFF], broken=[NO_RESPONSE])
        result = tc("--retries", "0", "task", "log", TASK_ID, "--timeout", str(seconds), env=http_server.env)
        if result.output:
            break

    assert (124, BEFORE.encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b""], ids=["end", "cut off"])
@pytest.mark.parametrize(
    "words",
    [
        ["task", "wait", "TASK", "--log"],
        ["task", "rerun", "TASK", "--log"],
        ["group", "logs", "GROUP", "-f", "--prefix", "none"],
        ["group", "rerun", "GROUP", "--failed", "-f", "--log"],
    ],
    ids=" ".join,
)
def test_a_worker_that_is_gone_before_the_run_has_ended(
    start_quick: Start, group_env: GroupEnv, words: list[str], end: bytes
) -> None:
    """
    Each command that follows logs reads on where the log was stored, and has nothing to tell about it.
    """
    run_id = 1 if "rerun" in words else 0
    task_id = group_env.add("build", "failed" if run_id else "running")
    given = {"TASK": task_id, "GROUP": group_env.group_id}
    line = [given.get(word, word) for word in words]
    whole = BEFORE + REST if not end else BEFORE
    with ScriptedServer() as worker:
        worker.respond_with(chunked(BEFORE, end))
        process = start_quick("--retries", "8", "--delay-factor", "50ms", *line, env=group_env.environment)
        if run_id:
            wait_for_runs(group_env, task_id, 2)
            group_env.claim("build", run_id)
        group_env.transfers.create(task_id, LOG_NAME, run_id=str(run_id), url=f"{worker.url}/live", **LIVE)
        assert process.stdout is not None
        assert b"line 1\n" == process.stdout.readline()
    if not end:
        group_env.transfers.artifact(task_id, BACKING_NAME, whole.encode(), run_id=str(run_id))
        group_env.transfers.create(task_id, LOG_NAME, run_id=str(run_id), **LINK)
    group_env.resolve("build", "completed", run_id)
    # Not by communicate(), which would lose what readline() has read ahead.
    rest = process.stdout.read().decode()
    _, err = process.communicate(timeout=60)

    assert (0, whole.rstrip()) == (process.returncode, f"line 1\n{rest}".rstrip()), err.decode()
    assert b"connection" not in err


def wait_for_runs(group_env: GroupEnv, task_id: str, count: int) -> None:
    """
    Wait until a task has that many runs.
    """
    deadline = time.monotonic() + 30
    while len(group_env.call("status", task_id)["status"]["runs"]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("target", ["-", "x.log"])
@pytest.mark.parametrize("ending", [name for name in ENDINGS if name not in {"never", "end", "end, gone"}])
def test_a_download_of_a_live_log(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, ending: str, target: str
) -> None:
    """
    It has all of the log, whatever ended the live one.
    """
    Deployment(http_server, [CUT_OFF, *ENDINGS[ending](http_server)], stored=[BEFORE + REST], polls=2)
    path = target if target == "-" else str(tmp_path / target)
    result = tc(*QUICK, "download", "artifact", TASK_ID, LOG_NAME, path, env=http_server.env)

    found = result.output.decode() if target == "-" else (tmp_path / target).read_text()
    assert (0, BEFORE + REST) == (result.exit_code, found), result.stderr


@pytest.mark.parametrize("run", [[], ["0"]], ids=["latest", "run 0"])
def test_a_download_whose_end_is_lost(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, run: list[str]
) -> None:
    """
    It is not complete, and the log of another run is not its rest.
    """
    for target in ("-", str(tmp_path / "x.log")):
        logs = [CUT_OFF, DROPPED]
        Deployment(http_server, logs, reason="worker-shutdown", stored=[None, BEFORE + REST], polls=2)
        result = tc(*QUICK, "download", "artifact", TASK_ID, *run, LOG_NAME, target, env=http_server.env)

        assert (5, BEFORE if target == "-" else "") == (result.exit_code, result.stdout), result.stderr
        assert "worker-shutdown" in result.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("*.log"))


@pytest.mark.parametrize(("digest", "code"), [(hashlib.sha256(BEFORE.encode()).hexdigest(), 0), ("0" * 64, 9)])
def test_the_checksum_of_a_live_log(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, digest: str, code: int
) -> None:
    """
    It is that of the whole log. A file with another one does not appear.
    """
    Deployment(http_server, [chunked(BEFORE)], polls=2)
    options = ["--checksum", f"sha256:{digest}", "-o", str(tmp_path / "x.log"), "--format", "json"]
    result = tc(*QUICK, "download", "artifact", TASK_ID, LOG_NAME, *options, env=http_server.env)

    assert code == result.exit_code, result.stderr
    assert bool(code) != (tmp_path / "x.log").exists()
    if not code:
        described = json.loads(result.stdout)
        assert (len(BEFORE), "text/plain", ["sha256"]) == tuple(
            described[name] for name in ("size", "contentType", "verifiedBy")
        )


def test_a_run_that_ends_while_its_log_is_located(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The stored log is downloaded, as that of any run that has ended.
    """
    Deployment(http_server, [DROPPED], stored=[BEFORE + REST])
    result = tc(*QUICK, "download", "artifact", TASK_ID, LOG_NAME, "-", env=http_server.env)

    assert (0, (BEFORE + REST).encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n"))


def test_a_live_log_may_be_silent(start: Start, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    For longer than a request may take, but not for longer than the deadline of the download.
    """
    task_id = group_env.add("build", "running")
    line = ["download", "artifact", task_id, LOG_NAME, "-", "--transfer-timeout", "300ms"]
    with live_log(group_env, "build", tmp_path) as log:
        log.write(b"one\n")
        process = start(*line, env=group_env.environment)
        limited = start(*line, "--deadline", "2s", env=group_env.environment)
        assert process.stdout is not None
        assert b"one\n" == process.stdout.readline()
        out, err = limited.communicate(timeout=60)
        assert (8, b"one\n", 2) == (limited.returncode, out, err.count(b"\n")), err
        time.sleep(0.4)
        log.write(b"two\n")
        assert b"two\n" == process.stdout.readline()
    group_env.resolve("build", "completed")
    _, err = process.communicate(timeout=60)

    assert 0 == process.returncode, err


def cut_log(size: int, **headers: str) -> Response:
    """
    Return a complete response that has only the first bytes of the log.
    """
    return response(200, (BEFORE + REST).encode()[:size], **headers)


def chunked_page() -> Response:
    """
    Return a page as a server sends it that does not know its length.
    """
    data = chunked(PAGE.decode()).data
    return Response(data.replace(b"text/plain", b"text/html"), closes=True)


PAGE = b"<!doctype html><title>Sign in</title>" + b" " * 200
OTHERS: dict[str, Callable[[], Response]] = {
    "shorter": lambda: cut_log(5),
    "empty": lambda: cut_log(0),
    "other text": lambda: response(200, b"not so", Content_Type="text/plain"),
    "short page": lambda: response(200, PAGE[:8], Content_Type="text/html; charset=utf-8"),
    "long page": lambda: response(200, PAGE, Content_Type="text/html"),
    "page in chunks": chunked_page,
    "shorter in chunks": lambda: chunked(BEFORE[:5]),
    "gzip": lambda: response(200, gzip.compress(BEFORE[:5].encode()), Content_Encoding="gzip"),
    "empty gzip": lambda: response(200, b"", Content_Encoding="gzip"),
    "range": lambda: response(416, b"", Content_Range="bytes */5"),
}
"""Complete responses in place of a log of which more was printed."""


@pytest.mark.parametrize("other", OTHERS)
def test_something_else_is_stored(tc: CommandLine, http_server: ScriptedServer, other: str) -> None:
    """
    When the run has ended, that is final: there is no retry, which could not change it.
    """
    deployment = Deployment(http_server, [CUT_OFF, OTHERS[other]()])
    result = tc("--delay-factor", "1ms", "task", "log", TASK_ID, env=http_server.env)

    assert (9, BEFORE.encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert deployment.is_over
    # The last one for the run that has ended.
    assert sum(request.target == "/live" for request in http_server.requests) <= 3


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("other", OTHERS)
def test_something_else_comes_for_a_while(tc: CommandLine, http_server: ScriptedServer, other: str) -> None:
    """
    While the task runs, its log is waited for, after a line that tells why.
    """
    whole = BEFORE + " and more\n"
    Deployment(http_server, [CUT_OFF, *[OTHERS[other]()] * 3, chunked(whole)], polls=40)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, whole.encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert "waiting for the log" in result.stderr


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("other", [lambda: response(502, b"bad"), lambda: response(404, b"no")], ids=["502", "404"])
def test_a_failure_that_is_not_the_end_of_a_worker(
    tc: CommandLine, http_server: ScriptedServer, other: Callable[[], Response]
) -> None:
    """
    It is reported at the first retry, while the task runs.
    """
    Deployment(http_server, [CUT_OFF, other(), other(), chunked(BEFORE + REST)], polls=40)
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, (BEFORE + REST).encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert "waiting for the log" in result.stderr


@pytest.mark.usefixtures("quick_polls")
def test_a_silent_connection_after_the_end(
    tc: CommandLine, monkeypatch: pytest.MonkeyPatch, http_server: ScriptedServer
) -> None:
    """
    The status is requested while a live log is silent, so that the stored log is read on.
    """
    monkeypatch.setattr("tccli.core.tasks.log_follow.MIN_STATUS_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("tccli.core.tasks.log_reader.IDLE_SECONDS", 0.01)
    silent = Response(chunked(BEFORE, b"").data, closes=False)
    Deployment(http_server, [silent], polls=2, stored=[BEFORE + REST])
    result = tc(*QUICK, "task", "log", TASK_ID, env=http_server.env)

    assert (0, (BEFORE + REST).encode(), "") == (result.exit_code, result.output, result.stderr)
    assert 1 == sum(request.target == "/live" for request in http_server.requests)


def test_a_storage_that_fails(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The rest of a run that has ended is requested again, after a line that tells why.
    """
    deployment = Deployment(http_server, [CUT_OFF], stored=[BEFORE + REST])
    respond = deployment.respond
    broken = [response(503, b"busy")] * 3

    def fail_at_first(request: Received) -> Response:
        return broken.pop() if broken and request.target.startswith("/stored/") else respond(request)

    http_server.respond_with(fail_at_first)
    result = tc("--delay-factor", "1ms", "task", "log", TASK_ID, env=http_server.env)

    assert (0, (BEFORE + REST).encode(), 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert "trying again" in result.stderr
