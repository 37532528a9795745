"""
What the network can do to a request, each over a real socket.
"""

from __future__ import annotations

import gzip
import os
import re
import signal
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import DROPPED, NO_RESPONSE, Received, Response, error_response, json_response, response
from tests.ids import TASK_ID
from tests.ports import refuse_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import CommandLine, Result, Start
    from tests.http_server import ScriptedServer

QUICK = ("--delay-factor", "0")
TASK = ("queue", "task", TASK_ID, *QUICK)
LONG = b'{"a": "' + b"x" * 5000 + b'"}'
EMAIL = '{"address": "a@example.com", "subject": "s", "content": "c"}'
INTERNAL = error_response(500, "InternalServerError", "Internal Server Error, incidentId 1")
GATEWAY = response(
    502,
    b"<html><head><title>502</title><style>a{}</style></head>\n<body><h1>502 Bad Gateway</h1></body></html>",
    Content_Type="text/html",
)


def cut_short(data: bytes) -> Response:
    """
    Return an answer that promises ten bytes more than it holds.
    """
    return Response(response(200, data, Content_Length=str(len(data) + 10)).data, closes=True)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", **headers: str) -> Response:
    """
    Return an answer in chunks; without its end, the connection drops.
    """
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return Response(
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{head}\r\n".encode() + body + end, closes=not end
    )


def check_failure(result: Result, code: int, *pieces: str) -> None:
    """
    Hold a result against what every failure promises: the code, one line that says these things, and nothing on stdout.
    """
    assert code == result.exit_code, result.stderr
    assert b"" == result.output
    assert 1 == result.stderr.count("\n"), result.stderr
    assert result.stderr.startswith("tc: ")
    assert "Traceback" not in result.stderr
    assert all(piece in result.stderr for piece in pieces), result.stderr


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "requests"),
    [
        pytest.param(400, "InputValidationError", 6, 1, id="400"),
        pytest.param(401, "AuthenticationFailed", 4, 1, id="401"),
        pytest.param(403, "InsufficientScopes", 4, 1, id="403"),
        pytest.param(404, "ResourceNotFound", 5, 1, id="404"),
        pytest.param(409, "RequestConflict", 6, 1, id="409"),
        pytest.param(410, "ResourceExpired", 5, 1, id="410"),
        pytest.param(424, "", 5, 1, id="424"),
        pytest.param(429, "TooManyRequests", 7, 6, id="429"),
        pytest.param(500, "InternalServerError", 7, 6, id="500"),
        pytest.param(503, "", 7, 6, id="503"),
    ],
)
def test_an_error_names_the_reason_and_the_host(
    tc: CommandLine, http_server: ScriptedServer, status: int, code: str, exit_code: int, requests: int
) -> None:
    """
    Method, status, code, the service's own words without their trailer, and the URL.
    """
    http_server.respond_with(error_response(status, code, "some words\nand more"))

    check_failure(
        tc(*TASK, env=http_server.env),
        exit_code,
        f"tc: queue.task: {status} {code}".rstrip(),
        ": some words and more (",
        f"({http_server.url}/api/queue/v1/task/{TASK_ID})",
    )
    assert requests == len(http_server.requests)


def test_the_rest_of_a_refusal_is_there_for_the_asking(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With ``-v``.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "no such task"))

    assert "errorCode" not in tc(*TASK, env=http_server.env).stderr
    assert "errorCode:  ResourceNotFound" in tc(*TASK, "-v", env=http_server.env).stderr


@pytest.mark.parametrize(("hours", "said"), [(2, "behind"), (-2, "ahead of")], ids=["late", "early"])
def test_a_wrong_clock_is_named(tc: CommandLine, http_server: ScriptedServer, hours: int, said: str) -> None:
    """
    With the difference to the server's.
    """
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    http_server.respond_with(error_response(401, "AuthenticationFailed", "Unauthorized: Stale timestamp", Date=date))

    result = tc(*TASK, env=http_server.env)

    check_failure(result, 4, "Stale timestamp", f"s {said} the server's")
    assert re.search(r"clock is (719\d|720\d) s", result.stderr)


def test_a_wrong_clock_without_a_date_is_named_too(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Without a difference.
    """
    http_server.respond_with(error_response(401, "AuthenticationFailed", "Stale timestamp"))

    check_failure(tc(*TASK, env=http_server.env), 4, "check this machine's clock")


@pytest.mark.parametrize(
    ("body", "piece"),
    [
        pytest.param(b"<html><body><h1>Bad</h1>\n gateway", "502: Bad gateway (", id="HTML"),
        pytest.param(b"", "502: no text (", id="nothing"),
        pytest.param(b'{"error": "Not found"}', "502: Not found (", id="a router's"),
        pytest.param(b"\x1b[31mred\x00", "[31mred", id="control characters"),
        pytest.param(b"[" * 100_000, "…", id="deep and long"),
        pytest.param(b"\xff\xfe", "502", id="not UTF-8"),
        pytest.param(b'{"message": 3}', '{"message": 3}', id="another shape"),
        pytest.param(b'{"code": "C", "message": "a\\u001b[31mb\\nc"}', "502 C: a", id="control characters in JSON"),
    ],
)
def test_an_error_in_any_form_is_shown(tc: CommandLine, http_server: ScriptedServer, body: bytes, piece: str) -> None:
    """
    An excerpt in one line that a terminal can take.
    """
    http_server.respond_with(response(502, body))

    result = tc("queue", "task", TASK_ID, "--retries", "0", env=http_server.env)

    check_failure(result, 7, piece)
    assert "\x1b" not in result.stderr
    assert len(result.stderr) < 500


@pytest.mark.parametrize(
    ("answers", "exit_code", "requests", "piece"),
    [
        pytest.param([GATEWAY], 7, 6, "502: 502 502 Bad Gateway (", id="HTML 502"),
        pytest.param([INTERNAL], 7, 6, "incidentId 1", id="500, six times"),
        pytest.param([response(200, b'{"a": ')], 9, 1, "not JSON", id="broken JSON"),
        pytest.param([response(200, b"<html>")], 9, 1, "not JSON", id="a login page"),
        pytest.param([response(200)], 9, 1, "not JSON", id="empty"),
        pytest.param([DROPPED], 8, 6, "dropped the connection without a response (tried 6 times)", id="dropped"),
        pytest.param([cut_short(LONG)], 9, 6, "dropped the connection after 5009 of 5019 bytes", id="dropped half way"),
        pytest.param(
            [Response(b"HTTP/1.1 200 OK\r\nConten", closes=True)], 8, 6, "dropped", id="dropped in the headers"
        ),
        pytest.param([chunked(LONG, end=b"")], 9, 6, "dropped the connection", id="chunks cut short"),
        pytest.param([Response(b"SSH-2.0-OpenSSH_9\r\n", closes=True)], 9, 1, "is not HTTP", id="another protocol"),
        pytest.param([Response(b"HTTP/1.1 abc\r\n\r\n", closes=True)], 9, 1, "is not HTTP", id="a status that is none"),
        pytest.param(
            [response(200, gzip.compress(LONG)[:-20], Content_Encoding="gzip")], 9, 1, "cut short", id="gzip cut short"
        ),
        pytest.param(
            [Response(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(LONG)[:-20], closes=True)],
            9,
            1,
            "cut short",
            id="gzip cut short, without a length",
        ),
        pytest.param([response(200, LONG, Content_Encoding="gzip")], 9, 1, "broken", id="not gzip"),
        pytest.param([response(200, LONG, Content_Encoding="br")], 9, 1, "'br'", id="an encoding nobody asked for"),
        pytest.param([response(302, Location="https://sso/")], 9, 1, "https://sso/", id="a redirect where none is"),
        pytest.param([response(302, b"<html>", Location="/x")], 9, 1, "to /x", id="a redirect with a body"),
        pytest.param([response(418, b"{}")], 6, 1, "418", id="an odd status"),
    ],
)
def test_no_answer_is_taken_for_one(
    tc: CommandLine, http_server: ScriptedServer, answers: list[Response], exit_code: int, requests: int, piece: str
) -> None:
    """
    What is lost is tried again, what is broken is said; nothing goes to stdout.
    """
    http_server.respond_with(*answers)

    check_failure(tc(*TASK, env=http_server.env), exit_code, "queue.task", piece)
    assert requests == len(http_server.requests)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(response(200, LONG), id="plain"),
        pytest.param(response(200, gzip.compress(LONG), Content_Encoding="gzip"), id="gzip"),
        pytest.param(response(200, zlib.compress(LONG), Content_Encoding="deflate"), id="deflate"),
        pytest.param(chunked(LONG[:10], LONG[10:]), id="chunks"),
        pytest.param(chunked(gzip.compress(LONG), Content_Encoding="gzip"), id="gzip in chunks"),
        pytest.param(Response(b"HTTP/1.0 200 OK\r\n\r\n" + LONG, closes=True), id="until the end of the connection"),
        pytest.param(Response(b"HTTP/1.1 100 Continue\r\n\r\n" + response(200, LONG).data), id="after a 100"),
    ],
)
@pytest.mark.parametrize(
    "first",
    [DROPPED, cut_short(b"{"), INTERNAL, GATEWAY, error_response(429, "X", "slow down", Retry_After="0")],
    ids=repr,
)
def test_passing_trouble_passes(tc: CommandLine, http_server: ScriptedServer, first: Response, last: Response) -> None:
    """
    Twice bad, then good: the answer is whole, and stderr is silent.
    """
    http_server.respond_with(first, first, last)

    result = tc(*TASK, env=http_server.env)

    assert (0, LONG + b"\n", "") == (result.exit_code, result.output, result.stderr)
    assert 3 == len(http_server.requests)


def test_every_attempt_is_signed_anew(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A repeated nonce would be a replay, and an old timestamp is stale.
    """
    http_server.respond_with(INTERNAL, DROPPED, json_response({}))
    tc(*TASK, env=http_server.env)

    assert 3 == len({re.sub(r".*nonce", "", received.headers["authorization"]) for received in http_server.requests})


def test_retries_are_told_when_asked(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A line for each with ``-v``, none without.
    """
    http_server.respond_with(INTERNAL, json_response({}))

    lines = tc(*TASK, "-v", env=http_server.env).stderr.splitlines()

    assert ["tc: queue.task: status 500; retry 1 of 5 now"] == [line for line in lines if "; retry" in line]


@pytest.mark.parametrize("header", ["1", format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), "x", "-1"])
def test_any_retry_after_is_survived(tc: CommandLine, http_server: ScriptedServer, header: str) -> None:
    """
    Both forms, and nonsense.
    """
    http_server.respond_with(error_response(429, "TooManyRequests", "slow down", Retry_After=header), json_response({}))

    assert 0 == tc(*TASK, env=http_server.env).exit_code


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_counted(tc: CommandLine, http_server: ScriptedServer, retries: int) -> None:
    """
    So many more than the first attempt.
    """
    http_server.respond_with(INTERNAL)
    tc(*TASK, "--retries", str(retries), env=http_server.env)

    assert retries + 1 == len(http_server.requests)


NOT_IDEMPOTENT = [
    pytest.param(("auth", "resetAccessToken", "a"), "", id="auth.resetAccessToken"),
    pytest.param(("github", "cancelBuilds", "a", "b"), "", id="github.cancelBuilds"),
    pytest.param(("github", "createComment", "a", "b", "1"), '{"body": "x"}', id="github.createComment"),
    pytest.param(("hooks", "resetTriggerToken", "a", "b"), "", id="hooks.resetTriggerToken"),
    pytest.param(("hooks", "triggerHook", "a", "b"), "{}", id="hooks.triggerHook"),
    pytest.param(("hooks", "triggerHookWithToken", "a", "b", "c"), "{}", id="hooks.triggerHookWithToken"),
    pytest.param(("notify", "email"), EMAIL, id="notify.email"),
    pytest.param(("notify", "matrix"), "{}", id="notify.matrix"),
    pytest.param(("notify", "pulse"), "{}", id="notify.pulse"),
    pytest.param(("notify", "slack"), "{}", id="notify.slack"),
    pytest.param(("queue", "changeTaskPriority", TASK_ID), "{}", id="queue.changeTaskPriority"),
    pytest.param(("queue", "claimWork", "a/b"), "{}", id="queue.claimWork"),
    pytest.param(("worker-manager", "registerWorker"), "{}", id="worker-manager.registerWorker"),
    pytest.param(("worker-manager", "reportWorkerError", "a/b"), "{}", id="worker-manager.reportWorkerError"),
    pytest.param(("worker-manager", "reregisterWorker"), "{}", id="worker-manager.reregisterWorker"),
]


@pytest.mark.parametrize(("call", "payload"), NOT_IDEMPOTENT)
@pytest.mark.parametrize(
    ("trouble", "exit_code"), [(DROPPED, 8), (cut_short(b"{"), 9), (INTERNAL, 7)], ids=["dropped", "half", "500"]
)
def test_what_would_double_is_sent_once(
    tc: CommandLine, http_server: ScriptedServer, call: tuple[str, ...], payload: str, trouble: Response, exit_code: int
) -> None:
    """
    Unless asked to; and the message says what may have happened, and how to ask.
    """
    no_validate = ("--no-validate",) if payload else ()
    http_server.respond_with(trouble)

    check_failure(
        tc(*call, *QUICK, *no_validate, stdin=payload, env=http_server.env),
        exit_code,
        "may have taken effect",
        "--retry-unsafe",
    )
    assert 1 == len(http_server.requests)

    tc(*call, *QUICK, *no_validate, "--retry-unsafe", "--retries", "2", stdin=payload, env=http_server.env)
    assert 1 + 3 == len(http_server.requests)


def test_what_would_double_is_sent_again_after_a_keep_alive_is_over(
    tc: CommandLine, http_server: ScriptedServer
) -> None:
    """
    Pages reuse a connection, and a server may close it in between: that is no reason to fail.
    """
    http_server.respond_with(
        Response(json_response({"tasks": [1], "continuationToken": "x", "taskGroupId": "g"}).data, closes=True),
        json_response({"tasks": [2], "taskGroupId": "g"}),
    )
    result = tc("queue", "listTaskGroup", TASK_ID, "--paginate", *QUICK, env=http_server.env)

    assert 0 == result.exit_code
    assert b'{"tasks":[1,2],"taskGroupId":"g"}\n' == result.output


@pytest.fixture
def closed_port() -> Iterator[int]:
    """
    A port that refuses connections.
    """
    with refuse_connections() as port:
        yield port


@pytest.mark.parametrize("call", [TASK, ("notify", "email", *QUICK)], ids=["idempotent", "not idempotent"])
def test_a_refused_connection_is_tried_again(tc: CommandLine, closed_port: int, call: tuple[str, ...]) -> None:
    """
    Nothing went out, so nothing can double.
    """
    env = {"TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{closed_port}"}

    check_failure(tc(*call, stdin=EMAIL, env=env), 8, f"127.0.0.1:{closed_port}", "refused", "(tried 6 times)")


def test_an_unknown_host_is_named(tc: CommandLine) -> None:
    """
    With the usual cause.
    """
    env = {"TASKCLUSTER_ROOT_URL": "http://tc.invalid"}

    check_failure(tc(*TASK, "--retries", "1", env=env), 8, "tc.invalid", "right?")


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(NO_RESPONSE, id="says nothing"),
        pytest.param(Response(json_response({"a": "x" * 500}).data, pause=0.05), id="a byte at a time"),
        pytest.param(Response(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400, pause=0.05), id="headers a byte at a time"),
        pytest.param(Response(b"HTTP/1.1 100 Continue\r\n\r\n" * 40, pause=0.01), id="100 for ever"),
    ],
)
def test_the_timeout_is_for_the_whole_request(tc: CommandLine, http_server: ScriptedServer, trouble: Response) -> None:
    """
    However the bytes come in.
    """
    http_server.respond_with(trouble)

    check_failure(
        tc(*TASK, "--timeout", "0.4", "--retries", "1", env=http_server.env), 8, "within 0.4 s", "(tried 2 times)"
    )
    # The server may read the last one later than the client waits.
    http_server.wait_for(2)
    assert 2 == len(http_server.requests)


def test_an_interrupted_wait_ends_at_once(start: Start, http_server: ScriptedServer) -> None:
    """
    Ctrl-C while waiting for a retry: 130, without a word.
    """
    http_server.respond_with(INTERNAL)
    process = start("queue", "task", TASK_ID, "--delay-factor", "30s", "-v", env=http_server.env)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    assert b"retry 1 of 5" in lines[-1]
    assert (130, b"", b"") == (process.returncode, output, errors.strip())
    assert 1 == len(http_server.requests)


def test_an_interrupted_request_ends_at_once(start: Start, http_server: ScriptedServer) -> None:
    """
    Ctrl-C while waiting for an answer.
    """
    http_server.respond_with(NO_RESPONSE)
    process = start(*TASK, env=http_server.env)
    http_server.wait_for(1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    assert (130, b"", b"") == (process.returncode, output, errors.strip())


def test_redirects_are_not_followed(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Nothing of ours goes where an answer points.
    """
    http_server.respond_with(response(303, b"", Location=f"{http_server.url}/elsewhere"))
    result = tc("object", "download", "a/b", env=http_server.env)

    assert (0, f"{http_server.url}/elsewhere\n") == (result.exit_code, result.stdout)
    assert ["/api/object/v1/download/a%2Fb"] == [received.target for received in http_server.requests]


@pytest.fixture
def proxied(http_server: ScriptedServer) -> Callable[..., dict[str, str]]:
    """
    Makes an environment with an HTTP proxy, which is the scripted server.
    """

    def environment(name: str, root: str, **more: str) -> dict[str, str]:
        return {name: http_server.url.replace("http://", "http://me:p%40ss@"), "TASKCLUSTER_ROOT_URL": root, **more}

    return environment


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY", "all_proxy"])
def test_goes_through_an_http_proxy(tc: CommandLine, http_server: ScriptedServer, proxied: Any, name: str) -> None:
    """
    With the whole URL, and the proxy's own credentials.
    """
    result = tc(*TASK, env=proxied(name, "http://tc.invalid"))

    assert 0 == result.exit_code, result.stderr
    assert f"http://tc.invalid/api/queue/v1/task/{TASK_ID}" == http_server.requests[0].target
    assert "Basic bWU6cEBzcw==" == http_server.requests[0].headers["proxy-authorization"]
    assert "tc.invalid" == http_server.requests[0].headers["host"]


def test_tunnels_through_an_https_proxy(tc: CommandLine, http_server: ScriptedServer, proxied: Any) -> None:
    """
    The proxy sees the host only; when it refuses, it is named, without its password.
    """
    http_server.respond_with(response(403))
    result = tc("queue", "ping", "--retries", "0", env=proxied("HTTPS_PROXY", "https://tc.invalid"))

    check_failure(result, 8, "tc.invalid", "proxy")
    assert ("CONNECT", "tc.invalid:443") == (http_server.requests[0].verb, http_server.requests[0].target)
    assert "authorization" not in http_server.requests[0].headers
    assert "p%40ss" not in result.stderr


@pytest.mark.parametrize("bypass", ["127.0.0.1", "*", "example.com, 127.0.0.1"])
def test_no_proxy_is_honoured(tc: CommandLine, http_server: ScriptedServer, proxied: Any, bypass: str) -> None:
    """
    A host that is named there is reached directly.
    """
    assert 0 == tc(*TASK, env=proxied("http_proxy", http_server.url, no_proxy=bypass)).exit_code
    assert f"/api/queue/v1/task/{TASK_ID}" == http_server.requests[0].target


def test_a_proxy_of_another_kind_is_refused(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Rather than going around it.
    """
    env = {**http_server.env, "all_proxy": "ftp://me:secret@127.0.0.1:1"}
    result = tc(*TASK, env=env)

    check_failure(result, 3, "not supported", "http://")
    assert "secret" not in result.stderr
    assert [] == http_server.requests


@pytest.mark.parametrize(
    "proxy", ["x" * 100, " ", "[]", "http://[", "/dev/null", "http://h:x", "http://h:99999", "a b", "é"]
)
def test_a_malformed_proxy_is_refused(tc: CommandLine, http_server: ScriptedServer, proxy: str) -> None:
    """
    As an error of the configuration; its password stays out of it.
    """
    for value in (proxy, f"http://me:hunter2@{proxy}"):
        result = tc(*TASK, env={**http_server.env, "http_proxy": value})

        check_failure(result, 3, "the proxy of http_proxy")
        assert "hunter2" not in result.stderr
        assert [] == http_server.requests


def test_certificates_that_are_not_there_are_named(tc: CommandLine, tmp_path: Any) -> None:
    """
    Before anything is sent.
    """
    (tmp_path / "empty.pem").write_text("")
    for path in ("/nowhere.pem", str(tmp_path / "empty.pem")):
        env = {"TASKCLUSTER_ROOT_URL": "https://127.0.0.1:1", "SSL_CERT_FILE": path}
        check_failure(tc(*TASK, env=env), 3, "SSL_CERT_FILE")


def test_a_server_without_tls_is_no_deployment(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    ``https://`` to a port that speaks plain HTTP.
    """
    env = {"TASKCLUSTER_ROOT_URL": http_server.url.replace("http://", "https://")}
    result = tc(*TASK, "--retries", "0", "--timeout", "5", env=env)

    check_failure(result, 8, "secure connection")


def test_sends_what_a_service_needs(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Host, length and type of the body, who it is, and a trace id when there is one.
    """
    received: list[Received] = []

    def keep(request: Received) -> Response:
        received.append(request)
        return json_response({})

    http_server.respond_with(keep)
    tc("notify", "email", "--data", EMAIL, "--trace-id", "trace-1", env=http_server.env)
    headers = received[0].headers

    assert EMAIL.encode() == received[0].body
    assert http_server.url.removeprefix("http://") == headers["host"]
    assert str(len(EMAIL)) == headers["content-length"]
    assert "application/json" == headers["content-type"]
    assert headers["user-agent"].startswith("tc/")
    assert "trace-1" == headers["x-taskcluster-trace-id"]
    assert headers["authorization"].startswith("Hawk ")
    assert "very-secret-token" not in str(received)


@pytest.mark.parametrize("method", ["resetAccessToken", "enableClient"])
def test_a_post_without_a_payload_has_an_empty_body(tc: CommandLine, http_server: ScriptedServer, method: str) -> None:
    """
    Said by its length, as some proxies want it.
    """
    tc("auth", method, "a", stdin="not read", env=http_server.env)

    assert "0" == http_server.requests[0].headers["content-length"]
    assert "content-type" not in http_server.requests[0].headers


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts open files")
def test_connections_are_reused_and_closed(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Pages come over one connection; none stays open.
    """
    page = {"tasks": [1], "taskGroupId": "g"}
    http_server.respond_with(
        *(json_response({**page, "continuationToken": str(number)}) for number in range(5)), json_response(page)
    )
    tc("queue", "listTaskGroup", TASK_ID, "--paginate", env=http_server.env)
    opened = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        tc("queue", "ping", env=http_server.env)

    assert 6 + 3 == len(http_server.requests)
    assert 1 + 3 == http_server.connections
    assert len(os.listdir("/proc/self/fd")) <= opened + 3
