"""
Connections: reused while they live, replaced when they do not, aborted from other threads, and in time.
"""

from __future__ import annotations

import gzip
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tccli.core.http import network
from tccli.core.http.deadline import Cancellation
from tccli.core.http.httpx_import import httpx
from tccli.core.http.messages import Request
from tccli.core.http.network_stream import NetworkStream
from tccli.core.http.retry import RetryPolicy, send_with_retries
from tccli.core.http.transport import MAX_RESPONSE_BYTES, HttpTransport
from tccli.errors import BrokenAnswerError, NoAnswerError, TcError, UsageError
from tests.http_server import DROPPED, NO_RESPONSE, Response, ScriptedServer, json_response, response
from tests.ports import refuse_connections
from tests.time_limits import check_duration

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def transport(trust: dict[str, str]) -> Iterator[HttpTransport]:
    """
    A transport that waits longer than any of these tests takes.
    """
    made = HttpTransport(60, trust)
    yield made
    made.close()


def get(server: ScriptedServer, path: str = "/x") -> Request:
    """
    Return a request without a body.
    """
    return Request("GET", server.url + path, {})


def post(server: ScriptedServer, size: int = 3) -> Request:
    """
    Return a request with a body.
    """
    return Request("POST", f"{server.url}/x", {}, b"x" * size)


@pytest.fixture(params=["plain", "TLS"])
def server(request: pytest.FixtureRequest, tls: ssl.SSLContext) -> Iterator[ScriptedServer]:
    """
    A scripted server, with and without TLS.
    """
    with ScriptedServer(tls=tls if request.param == "TLS" else None) as made:
        yield made


def test_a_connection_closed_while_idle_is_replaced(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    Before anything is sent: no attempt is lost, whatever the method.
    """
    for count in (1, 2, 3):
        assert 200 == transport.send(post(server)).status
        server.close_connections()
        time.sleep(0.05)

        assert (count, count) == (server.connections, len(server.requests))


def test_a_connection_closed_just_before_the_write_costs_no_retry(
    transport: HttpTransport, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nothing tells whether the request arrived; what may be received twice is sent again at once, signed anew.
    """
    transport.send(post(server))
    look = NetworkStream.is_stale

    def close_after_the_look(stream: NetworkStream) -> bool:
        stale = look(stream)
        server.close_connections()
        time.sleep(0.05)
        return stale

    monkeypatch.setattr(NetworkStream, "is_stale", close_after_the_look)
    with pytest.raises(NoAnswerError) as caught:
        transport.send(post(server))
    assert (True, True) == (caught.value.stale, caught.value.sent)

    transport.send(post(server))
    made = []

    def make_request() -> Request:
        made.append(post(server))
        return made[-1]

    policy = RetryPolicy(retries=0)
    response = send_with_retries(transport, make_request, policy, idempotent=True, report=pytest.fail)
    assert (200, 2) == (response.status, len(made))


def test_a_response_that_ends_after_the_transport_is_closed(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    Its connection is closed, too: threads of an interrupted command end later than the command.
    """
    with transport.stream(get(server)) as stream:
        transport.close()
        assert b"{}" == stream.read(10)
    server.wait_for_disconnection()


def test_what_must_not_be_received_twice_gets_a_new_connection(
    transport: HttpTransport, server: ScriptedServer
) -> None:
    """
    The server may close an idle connection at any moment, and the request would be uncertain.
    """
    transport.send(post(server))
    transport.send(post(server)._replace(may_repeat=False))

    assert (2, 2) == (server.connections, len(server.requests))


def test_a_request_that_arrived_is_not_sent_again(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    When the server hangs up instead of responding, the call may have taken effect.
    """
    server.respond_with(json_response({}), DROPPED)
    transport.send(post(server))
    with pytest.raises(NoAnswerError, match="dropped") as caught:
        transport.send(post(server)._replace(may_repeat=False))

    assert (True, False) == (caught.value.sent, caught.value.stale)
    assert (2, 2) == (server.connections, len(server.requests))


def test_a_reset_is_not_the_end_of_a_body() -> None:
    """
    Without a length, only an orderly end of the connection ends the body.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection = listener.accept()[0]
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(NoAnswerError, match="after 4 bytes"):
            HttpTransport(60, {}).send(Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", {}))
        thread.join()


def test_nothing_sent_is_known() -> None:
    """
    A refused connection, and TLS to a server that does not speak it.
    """
    with refuse_connections() as port, ScriptedServer() as plain:
        for url in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{plain.port}"):
            with pytest.raises(NoAnswerError) as caught:
                HttpTransport(60, {}).send(Request("POST", url, {}, b"x"))

            assert not caught.value.sent


def test_an_untrusted_certificate_is_final(tls_server: ScriptedServer) -> None:
    """
    It will not be another one a second later.
    """
    with pytest.raises(NoAnswerError, match="secure connection") as caught:
        HttpTransport(60, {}).send(get(tls_server))

    assert (True, False) == (caught.value.final, caught.value.sent)


def test_an_unknown_host_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A lookup that failed for now is not.
    """
    for code, final in ((socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)):

        def fail(*_args: object, _code: int = code, **_options: object) -> None:
            raise socket.gaierror(_code, "no")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(NoAnswerError, match=r"tc\.example\.com") as caught:
            HttpTransport(60, {}).send(Request("GET", "http://tc.example.com/", {}))

        assert (final, False) == (caught.value.final, caught.value.sent)


@pytest.mark.parametrize("size", [10, 30_000_000])
@pytest.mark.parametrize("closes", [True, False])
def test_an_early_response_to_a_body(transport: HttpTransport, size: int, *, closes: bool) -> None:
    """
    The server responds after the head and reads no further; a 103 is not the response.
    """
    with EarlyServer(response(103).data + response(413, b"too large").data, closes=closes) as url:
        request = Request("PUT", url, {"Content-Length": str(size)}, blocks=iter([b"x" * (size // 10)] * 10))
        with transport.stream(request) as stream:
            assert (413, b"too large") == (stream.status, stream.read(100))
        other = HttpTransport(60, {})
        assert 413 == other.send(Request("PUT", url, {}, b"x" * size)).status
        other.close()


@pytest.mark.parametrize(
    "interim", [b"103 Early Hints", b"102 Processing", b"100 Continue", b"199 Whatever"], ids=bytes.decode
)
def test_interim_responses_do_not_end_an_upload(transport: HttpTransport, interim: bytes) -> None:
    """
    The server sends them while it reads; the final response comes after all bytes.
    """
    size = 20_000_000
    received = bytearray()

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            while b"\r\n\r\n" not in received:
                received.extend(sock.recv(65536))
            del received[: received.index(b"\r\n\r\n") + 4]
            while len(received) < size:
                sock.sendall(b"HTTP/1.1 " + interim + b"\r\nLink: HTTP/1.1 500 no\r\n\r\n")
                received.extend(sock.recv(1_000_000))
            sock.sendall(response(200, b"done").data)
            sock.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        blocks = iter([b"x" * (size // 20)] * 20)
        result = transport.send(Request("PUT", url, {"Content-Length": str(size)}, blocks=blocks))
        transport.close()
        thread.join(10)

    assert (200, b"done") == (result.status, result.body)
    assert size == len(received)


class EarlyServer:
    """
    Responds to the head of a request, and does not read its body.
    """

    def __init__(self, data: bytes, *, closes: bool) -> None:
        self._data = data
        self._closes = closes
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/x"

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for sock in self._open:
            sock.close()

    def _serve(self) -> None:
        for _ in range(2):
            sock, _ = self._listener.accept()
            self._open.append(sock)
            while b"\r\n\r\n" not in sock.recv(65536, socket.MSG_PEEK):
                pass
            sock.sendall(self._data)
            if self._closes:
                # The client may be done already, and the socket closed.
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    "interim", ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"], ids=["100", "103"]
)
def test_interim_responses_are_skipped(transport: HttpTransport, server: ScriptedServer, interim: str) -> None:
    """
    However many; the connection is of use afterwards.
    """
    server.respond_with(Response(interim.encode() * 3 + response(200, b"x").data))

    assert [b"x", b"x"] == [transport.send(get(server)).body for _ in range(2)]
    assert 1 == server.connections


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", BrokenAnswerError, id="two"
        ),
        pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", BrokenAnswerError, id="negative"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", BrokenAnswerError, id="no chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", NoAnswerError, id="cut chunk"),
        pytest.param(b"220 smtp.example.com ESMTP\r\n", BrokenAnswerError, id="SMTP"),
        pytest.param(HEAD + b"X: " + b"x" * 200_000, BrokenAnswerError, id="an endless head"),
    ],
)
def test_what_is_not_http_is_an_error(
    transport: HttpTransport, server: ScriptedServer, data: bytes, error: type[Exception]
) -> None:
    """
    And not a response.
    """
    server.respond_with(Response(data, closes=True))
    with pytest.raises(error):
        transport.send(get(server))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [
            response(200, b"{}", Content_Encoding="gzip").data,
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
            response(103, Link="x").data + response(303, Location="http://h/").data,
        ]
    ),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_no_bytes_are_a_bug(http_server: ScriptedServer, data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """
    Whatever comes, there is a response or an error with a code.
    """
    for position, length, more in changes:
        data = data[:position] + more + data[position + length :]
    http_server.respond_with(Response(data, closes=True))
    transport = HttpTransport(60, {})
    with suppress(TcError):
        transport.send(get(http_server))
    with suppress(TcError), transport.stream(get(http_server)) as stream:
        stream.read(100)
    transport.close()


def test_the_request_is_sent_as_it_is(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    The path byte for byte, no header but those given, no cookies.
    """
    path = "/a/../b/./c//%2F%2f?x=%20&y=[|]&"
    server.respond_with(json_response({}, Set_Cookie="a=b"))
    for _ in range(2):
        transport.send(Request("GET", server.url + path, {"X-Name": "value"}))

    assert [path] * 2 == [received.target for received in server.requests]
    assert {"host", "x-name"} == set(server.requests[1].headers)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/",
        "file:///etc/passwd",
        "host",
        "//host/",
        "http://",
        "http:///x",
        "http://h/a b",
        "http://h/\n",
        "http://h/\x7f",
        "http://h/\u00e4",
        "http://t\u00e4st.example/",
        "http://[::/",
        "http://[::1",
        "http://[x]/",
        "http://::1/",
        "http://h:x/",
        "http://h:/",
        "http://h:0/",
        "http://h:65536/",
        f"http://h:{'9' * 5000}/",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 127}com/",
        f"http://h h/{'x' * 90_000}",
        "http://a..b/",
        "http://.a/",
        "http://user:password@h/",
        "http://h\\@evil/",
    ],
    ids=lambda url: url[:40],
)
@pytest.mark.parametrize("is_from_service", [False, True], ids=["typed", "from a service"])
def test_a_url_that_cannot_be_requested(transport: HttpTransport, url: str, *, is_from_service: bool) -> None:
    """
    Whoever chose it is at fault. Nothing is sent, and the message is short.
    """
    with pytest.raises(BrokenAnswerError if is_from_service else UsageError) as caught:
        transport.send(Request("GET", url, {}, is_from_service=is_from_service))

    assert len(str(caught.value)) < 400
    assert str(caught.value).replace("…", "").isascii()
    assert "password" not in str(caught.value).replace("user or password in it", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nb: c"),
        ("X", "a\nb"),
        ("X", "\0"),
        ("X", "\x1b[31m"),
        ("X", "\u00e4"),
        ("X", "\ud800"),
        ("X", " a"),
        ("X", "a\t"),
        ("", "a"),
        ("X Y", "a"),
        ("X:", "a"),
        ("X\r\nY", "a"),
        ("\u00e4", "a"),
        ("X" * 90_000 + " ", "a"),
    ],
    ids=lambda text: ascii(text[:20]),
)
@pytest.mark.parametrize("is_from_service", [False, True], ids=["typed", "from a service"])
def test_a_header_that_cannot_be_sent(
    transport: HttpTransport, server: ScriptedServer, name: str, value: str, *, is_from_service: bool
) -> None:
    """
    Whoever chose it is at fault. Nothing is sent, and the message is short.
    """
    with pytest.raises(BrokenAnswerError if is_from_service else UsageError) as caught:
        transport.send(Request("PUT", server.url, {name: value}, b"x", is_from_service=is_from_service))

    assert [] == server.requests
    assert len(str(caught.value)) < 400
    assert str(caught.value).replace("…", "").isascii()


@pytest.mark.parametrize(
    "name", ["Transfer-Encoding", "transfer-encoding", "Connection", "TE", "Upgrade", "Expect", "Trailer"]
)
def test_a_service_does_not_choose_how_a_message_is_framed(
    transport: HttpTransport, server: ScriptedServer, name: str
) -> None:
    """
    Such as ``Transfer-Encoding: chunked`` with a length: servers and proxies would disagree on where the body ends.
    """
    with pytest.raises(BrokenAnswerError, match=name):
        transport.send(Request("PUT", server.url, {name: "chunked"}, b"x", is_from_service=True))

    assert [] == server.requests


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"a" * 90_000 + b"\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 90_000 + b" OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + b"x" * 9000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: " + b"x" * 9000 + b"\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"z" * 900 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX\x1b]0;title\x07: y\r\n\r\n",
    ],
    ids=["a header line", "a status", "a length", "an encoding", "a content encoding", "a chunk", "control characters"],
)
def test_a_message_has_an_excerpt_only(transport: HttpTransport, server: ScriptedServer, data: bytes) -> None:
    """
    Of what is wrong, in one line.
    """
    server.respond_with(Response(data, closes=True))
    with pytest.raises(BrokenAnswerError) as caught:
        transport.send(get(server))

    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()
    assert "bytearray" not in str(caught.value)


def test_an_ipv6_root_url(transport: HttpTransport) -> None:
    """
    In brackets, in the Host header too.
    """
    with ScriptedServer(host="::1") as server:
        assert 200 == transport.send(get(server)).status
        assert f"[::1]:{server.port}" == server.requests[0].headers["host"]


def test_several_gzip_members_are_one_body(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    As gzip itself reads them.
    """
    packed = gzip.compress(b"one") + gzip.compress(b"two") + gzip.compress(b"")
    server.respond_with(response(200, packed, Content_Encoding="gzip"))

    assert b"onetwo" == transport.send(get(server)).body


def test_a_response_is_bounded(transport: HttpTransport, http_server: ScriptedServer) -> None:
    """
    Decompressed as well.
    """
    bomb = gzip.compress(bytes(MAX_RESPONSE_BYTES + 1), compresslevel=1)
    http_server.respond_with(response(200, bomb, Content_Encoding="gzip"))
    with pytest.raises(BrokenAnswerError, match="larger than 128 MiB"):
        transport.send(get(http_server))


TRICKLE = response(200, b"x" * 500)


@pytest.mark.parametrize(
    "step",
    [
        NO_RESPONSE,
        Response(TRICKLE.data, pause=0.05),
        Response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100, pause=0.05),
        Response(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40, pause=0.05),
    ],
    ids=["silent", "a byte at a time", "a chunk at a time", "interim for ever"],
)
def test_the_deadline_is_for_the_whole_call(
    transport: HttpTransport, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, step: Response
) -> None:
    """
    A drop of progress does not extend it.
    """
    server.respond_with(json_response({}), step)
    # On a busy machine, a handshake may take longer than the time for the call.
    transport.send(get(server))
    monkeypatch.setattr(transport, "_timeout", 0.5)
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"within 0\.5 s") as caught:
        transport.send(get(server))

    check_duration(started, 3)
    assert caught.value.sent


def test_a_stream_may_take_longer_than_the_timeout(server: ScriptedServer, trust: dict[str, str]) -> None:
    """
    As long as something comes.
    """
    # The timeout is for the whole head, which comes at once.
    data = response(200, b"x" * 150).data
    server.respond_with(Response(data, pause=0.01, prompt=len(data) - 150))
    with HttpTransport(1, trust) as transport, transport.stream(get(server)) as stream:
        body = b""
        buffer = memoryview(bytearray(100))
        while count := stream.readinto(buffer):
            body += buffer[:count]

    assert b"x" * 150 == body


def test_a_slow_lookup_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The system's call cannot be interrupted, so another thread waits for it.
    """

    def slow(*_args: object, flags: int = 0, **_options: object) -> None:
        # The first try is whether the name is an address.
        time.sleep(0 if flags else 3)
        raise socket.gaierror(socket.EAI_AGAIN, "no")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"within 0\.3 s"):
        HttpTransport(0.3, {}).send(Request("GET", "http://tc.example.com/", {}))

    check_duration(started, 2)


@pytest.mark.parametrize("step", [NO_RESPONSE, Response(response(200, b"x" * 100, Content_Length="200").data)])
def test_another_thread_ends_a_wait(transport: HttpTransport, server: ScriptedServer, step: Response) -> None:
    """
    For the head, and for the body.
    """
    server.respond_with(step)
    check_cancel(lambda cancellation: transport.stream(get(server)._replace(cancellation=cancellation)).read(1000))
    check_cancel(lambda cancellation: transport.send(get(server)._replace(cancellation=cancellation)))


def test_another_thread_ends_a_lookup_and_a_connection(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Before there is a connection.
    """
    # Full, so that the handshake of a further connection is not completed.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as one, socket.socket() as two:
        for sock in (one, two):
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        full = Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", {})
        check_cancel(lambda cancellation: transport.send(full._replace(cancellation=cancellation)))
    monkeypatch.setattr(
        network, "_resolve", lambda _host, _port, exchange: exchange.run_in_thread(lambda: time.sleep(4))
    )
    unknown = Request("GET", "http://tc.example.com/", {})
    check_cancel(lambda cancellation: transport.send(unknown._replace(cancellation=cancellation)))


def check_cancel(run: Callable[[Cancellation], object]) -> None:
    """
    Run a request, cancel it after a while, and check that it ends at once, and that a later one does not begin.
    """
    cancellation = Cancellation()
    timer = threading.Timer(0.3, cancellation.cancel)
    started = time.monotonic()
    timer.start()
    with pytest.raises(NoAnswerError):
        run(cancellation)
    timer.join()
    assert 0.2 < time.monotonic() - started
    check_duration(started, 2)
    with pytest.raises(NoAnswerError):
        run(cancellation)

    check_duration(started, 3)


def test_a_late_abort_ends_no_other_exchange(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    Which uses the same connection by then.
    """
    cancellation = Cancellation()
    with transport.stream(get(server)._replace(cancellation=cancellation)) as first:
        first.read(10)
    with transport.stream(get(server)) as second:
        cancellation.cancel()
        assert b"{}" == second.read(10)

    assert 1 == server.connections


def test_ctrl_c_ends_a_lookup() -> None:
    """
    Within a second, and with the exit code of an interruption.
    """
    code = (
        "import socket, threading, time, signal, os, sys;"
        "real = socket.getaddrinfo;"
        "end = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT));"
        "hang = lambda: end.start() or time.sleep(20);"
        "socket.getaddrinfo = lambda *a, flags=0, **k: real(*a, flags=flags, **k) if flags else hang();"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from tccli.cli.app import run; sys.exit(run(['--root-url', 'http://tc.example.com', 'queue', 'ping']))"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)

    assert 130 == done.returncode, done.stderr
    check_duration(started, 8)


def test_bodies_leave_the_connection_usable(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    Those with a length, without one, in chunks, and those that were not read but are here.
    """
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    server.respond_with(
        Response(chunked), response(204), response(200, b"abcde"), response(303, b"gone"), response(200)
    )
    bodies = [transport.send(get(server)).body for _ in range(3)]
    transport.stream(get(server)).__exit__(None, None, None)
    transport.send(get(server))

    assert [b"abcde", b"", b"abcde"] == bodies
    assert 1 == server.connections


@pytest.mark.parametrize(
    "more", [b"GARBAGE", b"\r\n", response(200, b"planted").data], ids=["bytes", "a line", "a response"]
)
@pytest.mark.parametrize(
    "first",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
        HEAD + b"Content-Length: 1\r\n\r\na",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["chunks", "chunks and a trailer", "a length", "204", "304"],
)
def test_bytes_behind_a_body_are_no_response(
    transport: HttpTransport, server: ScriptedServer, first: bytes, more: bytes
) -> None:
    """
    To the next request: the connection is closed.
    """
    server.respond_with(Response(first + more), response(200, b"right"))
    transport.send(get(server))

    assert b"right" == transport.send(get(server)).body
    assert 2 == server.connections


def test_a_close_is_obeyed(transport: HttpTransport, server: ScriptedServer) -> None:
    """
    Also by HTTP/1.0, whose bodies end with the connection.
    """
    server.respond_with(
        response(200, b"a", Connection="close"), Response(b"HTTP/1.0 200 OK\r\n\r\nb", closes=True), response(200, b"c")
    )

    assert [b"a", b"b", b"c"] == [transport.send(get(server)).body for _ in range(3)]
    assert 3 == server.connections


def test_it_is_a_transport_of_httpx(http_server: ScriptedServer) -> None:
    """
    So that other code can give it to an `httpx.Client`.
    """
    http_server.respond_with(response(200, b"fine", X_Name="a"))

    with httpx.Client(transport=HttpTransport(60, {})) as client:
        found = client.post(f"{http_server.url}/a", content=b"body")

    assert (200, b"fine", "a") == (found.status_code, found.content, found.headers["x-name"])
    assert b"body" == http_server.requests[0].body


def test_a_short_body_is_sent_with_its_head(transport: HttpTransport) -> None:
    """
    In one piece: two would be two packets, and the time of two calls of the system.
    """
    pieces = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                for _ in range(2):
                    pieces.append(connection.recv(65536))
                    connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")

        server = threading.Thread(target=serve)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for _ in range(2):
            assert 200 == transport.send(Request("PUT", url, {}, b"x" * 1000)).status
        server.join()
    assert all(piece.endswith(b"\r\n\r\n" + b"x" * 1000) for piece in pieces)


def test_a_head_does_not_wait_for_blocks(transport: HttpTransport) -> None:
    """
    The server can respond, or refuse, before the first of them is there.
    """
    has_arrived = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                received = connection.recv(65536)
                has_arrived.set()
                while not received.endswith(b"block"):
                    received += connection.recv(65536)
                connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")

        def read_blocks() -> Iterator[bytes]:
            assert has_arrived.wait(60)
            yield b"block"

        server = threading.Thread(target=serve)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        request = Request("PUT", url, {"Content-Length": "5"}, blocks=read_blocks())
        assert 200 == transport.send(request).status
        server.join()
