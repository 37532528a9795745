"""
The sandbox's own features: clock, outbox, call log and fault injection.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import sys
import time
import urllib.parse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster
import taskcluster.exceptions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tccli.core.http.fake import load_fake_responses
from tccli.sandbox.scheduler import Scheduler
from tccli.sandbox.testing.controls import PREFIX
from tccli.sandbox.testing.fault_injection import FaultInjector, parse_fault
from tccli.sandbox.units import parse_delay, parse_probability, parse_share
from tests.http_server import response
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tccli.sandbox.server import Server
    from tccli.sandbox.state import State
    from tests.conftest import CommandLine, RunningSandbox, Start
    from tests.http_server import ScriptedServer
    from tests.sandbox.conftest import HttpResponse, Signer
    from tests.sandbox.queue_client import QueueClient


@pytest.fixture
def injector(sandbox: RunningSandbox, sandbox_server: Server) -> Iterator[FaultInjector]:
    """
    Injects faults for one test.
    """
    assert sandbox.root_url
    sandbox_server.sandbox.fault_injector = made = FaultInjector()
    yield made
    sandbox_server.sandbox.fault_injector = FaultInjector()


def test_the_clock_moves(sandbox: RunningSandbox, queue: QueueClient, tc: CommandLine) -> None:
    """
    Forwards, backwards, and back to the real time; deadlines take effect at once.
    """
    task_id = queue.create()
    env = {"TASKCLUSTER_ROOT_URL": sandbox.root_url}
    before = tc("sandbox", "clock", env=env).stdout
    moved = tc("sandbox", "clock", "+2h", env=env)

    assert 0 == moved.exit_code
    assert before < moved.stdout
    assert 7_200_000 == sandbox.clock.offset
    assert [("scheduled", "exception", "deadline-exceeded")] == queue.runs(task_id)
    assert ["*"] == json.loads(tc("auth", "currentScopes", env=sandbox.environment).stdout)["scopes"]
    tc("sandbox", "clock", "-1h30m", env=env)
    assert 1_800_000 == sandbox.clock.offset
    tc("sandbox", "clock", "2", "days", env=env)
    assert 2 * 86_400_000 + 1_800_000 == sandbox.clock.offset
    tc("sandbox", "clock", "real", env=env)
    assert 0 == sandbox.clock.offset


def test_the_clock_is_stored(start: Start, tc: CommandLine, tmp_path: Path) -> None:
    """
    The offset survives a kill of the sandbox.
    """

    def begin() -> tuple[Any, dict[str, str]]:
        process = start("sandbox", "start", "--data", str(tmp_path / "data"))
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        return process, {"TASKCLUSTER_ROOT_URL": line.split("=", 1)[1].strip()}

    process, env = begin()
    moved = tc("sandbox", "clock", "10 years", env=env).stdout
    process.kill()
    process.wait()
    _, env = begin()

    assert moved[:4] == tc("sandbox", "clock", env=env).stdout[:4]


def test_calls_are_logged_without_secrets(sandbox: RunningSandbox, queue: QueueClient, tc: CommandLine) -> None:
    """
    Each with method, client and status; bewits are masked.
    """
    task_id = queue.create()
    queue.send("GET", "/api/secrets/v1/secret/none?bewit=c2VjcmV0", signed=False)
    queue.send("GET", "/nowhere", signed=False)
    listed = tc("sandbox", "calls", "--format", "jsonl", env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})
    calls = [json.loads(line) for line in listed.stdout.splitlines()][-3:]

    assert [("queue.createTask", 200), ("secrets.get", 401), (None, 404)] == [
        (call["method"], call["status"]) for call in calls
    ]
    assert ("PUT", f"/api/queue/v1/task/{task_id}", "static/taskcluster/root") == (
        calls[0]["verb"],
        calls[0]["path"],
        calls[0]["clientId"],
    )
    assert "c2VjcmV0" not in listed.stdout


def test_the_outbox_is_printed(sandbox: RunningSandbox, tc: CommandLine) -> None:
    """
    An empty one as an empty list.
    """
    shown = tc("sandbox", "outbox", env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})

    assert [] == json.loads(shown.stdout)


def test_web_pages_have_no_access_to_controls(sandbox: RunningSandbox, send: Callable[..., HttpResponse]) -> None:
    """
    403 for a request with an origin; 400 for an invalid time.
    """
    assert sandbox.root_url
    stranger = send("GET", "/sandbox/calls", signed=False, headers={"origin": "https://example.com"})

    assert 403 == stranger.status
    assert 400 == send("POST", "/sandbox/clock", {"advance": "x"}, signed=False).status
    assert 400 == send("POST", "/sandbox/clock", {"advance": 10**20}, signed=False).status
    assert 404 == send("GET", "/sandbox/x", signed=False).status


def test_a_missing_sandbox_is_an_error(tc: CommandLine, closed_port: int) -> None:
    """
    Exit code 8.
    """
    result = tc("sandbox", "clock", env={"TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{closed_port}"})

    assert 8 == result.exit_code
    assert 1 == result.stderr.count("\n")


def test_calls_fail_on_demand(injector: FaultInjector, queue: QueueClient) -> None:
    """
    The given number of times, with the given status; failing calls have no effect.
    """
    injector.add("queue.createTask=503x2")
    injector.add("queue.st*=404")
    task_id, definition = taskcluster.slugId(), queue.definition()
    responses = [queue.send("PUT", f"/api/queue/v1/task/{task_id}", definition) for _ in range(3)]

    assert [503, 503, 200] == [response.status for response in responses]
    assert "InternalServerError" == responses[0].code
    missing = queue.send("GET", f"/api/queue/v1/task/{task_id}/status")
    assert (404, "ResourceNotFound") == (missing.status, missing.code)


@pytest.mark.parametrize(("fault", "status"), [("drop", 404), ("lost", 200)])
def test_responses_get_lost(injector: FaultInjector, queue: QueueClient, fault: str, status: int) -> None:
    """
    The connection is closed; ``drop`` before and ``lost`` after the call takes effect.
    """
    injector.add(f"queue.createTask={fault}x1")
    task_id = taskcluster.slugId()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        queue.send("PUT", f"/api/queue/v1/task/{task_id}", queue.definition())

    assert status == queue.send("GET", f"/api/queue/v1/task/{task_id}").status


def test_the_official_client_retries_after_faults(injector: FaultInjector, sandbox: RunningSandbox) -> None:
    """
    After a status of 503, and after a closed connection.
    """
    for spec in ("auth.currentScopes=503x1", "auth.currentScopes=dropx1"):
        injector.add(spec)
    auth = taskcluster.Auth(
        {"rootUrl": sandbox.root_url, "credentials": sandbox.credentials, "maxRetries": 3, "delayFactor": 0.001}
    )

    assert ["*"] == auth.currentScopes()["scopes"]


def test_a_client_that_gives_up_leaves_no_trace(tc_process: CommandLine) -> None:
    """
    The sandbox prints no error when it ends while a request has no response.
    """
    call = (sys.executable, "-m", "tccli", "--timeout", "0.5", "--retries", "0", "queue", "ping")
    result = tc_process("sandbox", "run", "--latency", "20s", "--", *call)

    assert (8, 1) == (result.exit_code, result.stderr.count("\n"))


def test_shares_of_calls_are_dropped(injector: FaultInjector, queue: QueueClient) -> None:
    """
    All of them, with a share of one.
    """
    injector.drop_probability = 1.0
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        queue.get("/ping")


def test_fake_responses_come_from_a_file(injector: FaultInjector, queue: QueueClient, tmp_path: Path) -> None:
    """
    Lists one after the other; methods that are not in the file work as usual.
    """
    file = tmp_path / "answers.json"
    file.write_text('{"queue.status": [{"a": 1}, {"status": 404, "body": {"code": "X"}}], "queue.ping": {"alive": 0}}')
    injector.fake_responses = load_fake_responses(str(file), ["queue.status", "queue.ping"])
    path = f"/api/queue/v1/task/{queue.create()}/status"
    responses = [queue.send("GET", path) for _ in range(3)]

    assert [200, 404, 500] == [response.status for response in responses]
    assert ({"a": 1}, {"code": "X"}) == (responses[0].json, responses[1].json)
    assert {"alive": 0} == queue.get("/ping")


@pytest.mark.parametrize("spec", ["queue.createTsk=503", "queue.createtask=503", "queu.*=drop", "*.createTsk=lost"])
def test_a_fault_of_no_method_is_an_error(tc: CommandLine, spec: str) -> None:
    """
    The message names the method, and similar ones.
    """
    result = tc("sandbox", "run", "--fault", spec, "--", "true")

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert repr(spec.partition("=")[0]) in result.stderr
    assert ("queue.createTask" in result.stderr) == (not spec.startswith("queu."))


@pytest.mark.parametrize("spec", ["", "queue.createTask", "queue.createTask=200", "x=503", "a.b=503x", "a.b=503x0"])
def test_an_invalid_fault_is_an_error(spec: str) -> None:
    """
    The message shows the format.
    """
    with pytest.raises(ValueError, match="is not a fault"):
        parse_fault(spec)


def test_shares_are_parsed() -> None:
    """
    As numbers, and as percentages.
    """
    assert (0.01, 0.5) == (parse_probability("1%"), parse_probability("0.5"))
    with pytest.raises(ValueError, match="2"):
        parse_probability("2")


@pytest.mark.parametrize(
    ("text", "share"), [("0", 0), ("0%", 0), ("0.01", 0.01), (".5", 0.5), ("1%", 0.01), ("100%", 1), ("0.5%", 0.005)]
)
def test_shares_of_calls(text: str, share: float) -> None:
    """
    With a %, or below 1.
    """
    assert share == parse_share(text)


@pytest.mark.parametrize("text", ["1", "1.0", "2", "50", "100", "101%", "-1%", "nan", "inf%", "", "%", "x"])
def test_ambiguous_shares(tc: CommandLine, text: str) -> None:
    """
    1 may be 1% or 100%.
    """
    with pytest.raises(ValueError, match=r"1% or 100%|is not a share"):
        parse_share(text)
    if text:
        result = tc("sandbox", "run", "--drop", text, "--", "true")
        assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
        assert "%" in result.stderr


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("50ms", 0.05), ("2s", 2), (" 2 s", 2), ("1m", 60)])
def test_delays(text: str, seconds: float) -> None:
    """
    With a unit, or 0.
    """
    assert seconds == parse_delay(text)


@pytest.mark.parametrize("text", ["50", "0.5", "5.", " 1 "])
@pytest.mark.parametrize("option", ["--latency", "--storage-fault"])
def test_delays_without_a_unit(tc: CommandLine, option: str, text: str) -> None:
    """
    They may be milliseconds or seconds.
    """
    word = text if option == "--latency" else f"latency={text}"
    result = tc("sandbox", "run", option, word, "--", "true")

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert f"{text.strip()}ms or {text.strip()}s" in result.stderr


def test_faults_with_a_chance() -> None:
    """
    A fault whose chance does not come true does not count, and leaves the call to the next one.
    """
    numbers = iter([0.05, 0.5, 0.05, 0.05])
    injector = FaultInjector(_random=lambda: next(numbers))
    injector.add("queue.*=503x2,chance=10%")
    injector.add("queue.ping=404")
    faults = [injector.next_fault("queue.ping") for _ in range(4)]

    assert [503, 404, 503, 404] == [fault.status for fault in faults if fault]
    assert (0.5, 1, 0.25) == (
        parse_fault("a.b=drop,chance=.5").chance,
        parse_fault("a.b=lostx1").chance,
        parse_fault("a.b=503,chance=25%").chance,
    )
    for spec in ("a.b=503,chance=", "a.b=503,chance=2", "a.b=503,chance=200%", "a.b=503,often=1", "a.b=503,chance=.."):
        with pytest.raises(ValueError, match="is not a"):
            parse_fault(spec)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--fault", "x"], "--fault: 'x'", id="fault"),
        pytest.param(["--latency", "soon"], "--latency", id="latency"),
        pytest.param(["--drop", "200%"], "--drop: 200%", id="drop"),
        pytest.param(["--listen", "0.0.0.0"], "--listen: 0.0.0.0", id="all addresses"),
        pytest.param(["--listen", "localhost"], "--listen: 'localhost'", id="a name"),
        pytest.param(["--listen", "224.0.0.1"], "--listen: 224.0.0.1", id="many machines"),
        pytest.param(["--listen", "255.255.255.255"], "--listen: 255.255.255.255", id="all machines"),
        pytest.param(["--listen", "1.2.3.4"], "give an address of this machine", id="another machine"),
    ],
)
def test_invalid_options_are_errors(tc: CommandLine, words: list[str], expected: str) -> None:
    """
    Exit code 2 before anything starts; the message names the option.
    """
    result = tc("sandbox", "start", *words)

    assert 2 == result.exit_code
    assert expected in result.stderr
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"advance": ' + b"9" * 5000 + b"}", b"{", b"5", b'{"advance": 1e400}']
)
def test_a_body_that_is_not_a_time_is_rejected(sandbox: RunningSandbox, body: bytes) -> None:
    """
    Whatever Python's parser raises for it.
    """
    connection = http.client.HTTPConnection(sandbox.root_url.removeprefix("http://"), timeout=60)
    connection.request("POST", f"{PREFIX}clock", body, {"Content-Type": "application/json"})

    assert 400 == connection.getresponse().status
    connection.close()


def test_a_deep_response_is_not_that_of_a_sandbox(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    The other side may be anything.
    """
    http_server.respond_with(response(200, b"[" * 100_000, Content_Type="application/json"))
    result = tc("sandbox", "clock", env=http_server.env)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "not a sandbox" in result.stderr


@pytest.mark.parametrize(
    "body",
    [b'{"alive":NaN}', b'{"alive":true}', b"NaN", b"[]", b'"x"', b"null", b"", b"<html>", b'{"a":1e999}', b"\xff"],
)
def test_stop_waits_for_sandboxes_only(tc: CommandLine, http_server: ScriptedServer, body: bytes) -> None:
    """
    A server that is not one does not end.
    """
    http_server.respond_with(response(200, body, Content_Type="application/json"))
    began = time.monotonic()
    result = tc("sandbox", "stop", env=http_server.env)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "not a sandbox" in result.stderr
    check_duration(began, 5)


@pytest.mark.parametrize("word", ["reset", "real"])
def test_the_clock_is_reset(sandbox: RunningSandbox, tc: CommandLine, word: str) -> None:
    """
    To the real time.
    """
    moved = tc("sandbox", "clock", "+2h", env=sandbox.environment)
    reset = tc("sandbox", "clock", word, env=sandbox.environment)
    now = datetime.now(UTC)

    assert (0, 0) == (moved.exit_code, reset.exit_code), reset.stderr
    assert datetime.fromisoformat(moved.stdout.strip()) - now > timedelta(hours=1)
    assert abs(datetime.fromisoformat(reset.stdout.strip()) - now) < timedelta(minutes=5)


COUNT = int(os.environ.get("TC_FUZZ_COUNT", "60"))
WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "-",
            "--",
            "0",
            "-1",
            "1h",
            "nan",
            "1e999",
            "9" * 400,
            "1%",
            "drop=1",
            "queue.ping=503",
            "a/b",
            "..",
            "*=drop",
        ]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)
OPTIONS = st.sampled_from(
    [
        *("--data", "--listen", "--worker", "--provider", "--amqp", "--fault", "--drop", "--fake"),
        *("--storage-fault", "--port", "--missing", "--format", "--jq", "-o", "-r", "-h", "-x"),
    ]
)


@settings(max_examples=COUNT, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    st.sampled_from(["run", "start", "stop", "clock", "outbox", "calls", "methods", "tour"]),
    st.lists(st.one_of(OPTIONS, WORDS), max_size=4),
)
def test_any_words_after_a_subcommand(
    tc: CommandLine, closed_port: int, tmp_path_factory: pytest.TempPathFactory, subcommand: str, words: list[str]
) -> None:
    """
    Exit code 0 to 9, with one line on stderr if it is not 0; nothing starts, since one option is not valid.
    """
    directory = tmp_path_factory.mktemp("here")
    first = ["--latency", "wrong"] if subcommand == "run" else []
    last = {"start": ["--latency", "wrong"], "tour": ["surplus"]}.get(subcommand, [])
    env = {"TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{closed_port}"}
    with contextlib.chdir(directory):
        result = tc("--retries", "0", "sandbox", subcommand, *first, *words, *last, env=env)

    assert 0 <= result.exit_code <= 9, result.stderr
    assert result.exit_code == 0 or result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr


def test_jobs_run_on_a_state_that_is_not_closed_meanwhile(sandbox_server: Server) -> None:
    """
    They look at it when they have the lock that a reset takes.
    """
    scheduler = Scheduler()
    locked: list[bool] = []

    def get_state() -> State:
        locked.append(scheduler.lock.locked())
        return sandbox_server.sandbox.state

    asyncio.run(scheduler.run_due(get_state))

    assert [True] == locked
    assert not scheduler.lock.locked()


def test_a_reset_disconnects_all_clients(
    sandbox: RunningSandbox, sandbox_server: Server, sign: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """
    One that waits for work, and one that may send another request; no request fails because its deployment is gone.
    """
    address = urllib.parse.urlsplit(sandbox.root_url)
    waiting, idle = [http.client.HTTPConnection(address.hostname or "", address.port, timeout=60) for _ in range(2)]
    idle.request("GET", "/api/queue/v1/ping")
    idle.getresponse().read()
    target, worker = "/api/queue/v1/claim-work/proj%2Fci", {"workerGroup": "g", "workerId": "w", "tasks": 1}
    headers = {"authorization": sign("POST", target), "content-type": "application/json"}
    waiting.request("POST", target, json.dumps(worker), headers)
    while ("POST", target) not in sandbox.requests:
        time.sleep(0.01)
    sandbox_server.reset()
    time.sleep(0.3)

    for connection in (waiting, idle):
        assert b"" == connection.sock.recv(1)
        connection.close()
    assert [] == caplog.messages
