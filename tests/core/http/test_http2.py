"""
HTTP/2, where the server offers it over TLS.
"""

from __future__ import annotations

import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import hpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tccli.core.http.deadline import Cancellation
from tccli.core.http.messages import Request
from tccli.core.http.transport import MAX_HTTP2_BODY_BYTES, HttpTransport
from tccli.errors import BrokenAnswerError, NoAnswerError, TcError
from tests.core.http.servers import Http2Reply
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.core.http.servers import Http2Server
    from tests.http_server import ScriptedServer


@pytest.fixture
def transport(trust: dict[str, str]) -> Iterator[HttpTransport]:
    """
    A transport that trusts the tests' authority, and waits as long as it may need on a busy machine.
    """
    made = HttpTransport(30, trust)
    yield made
    made.close()


def post(server: Http2Server, size: int = 10) -> Request:
    """
    Return a request with a body.
    """
    return Request("POST", f"{server.url}/x", {}, b"x" * size)


def test_calls_use_http2(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    Over one connection, with the signed path as it is, and the body whole.
    """
    for _ in range(3):
        assert (
            b'{"ok": true}' == transport.send(Request("GET", f"{http2_server.url}/a/../b?x=%2F", {"Accept": "y"})).body
        )
    assert 413 != transport.send(post(http2_server, MAX_HTTP2_BODY_BYTES)).status

    assert 1 == http2_server.connections
    assert "/a/../b?x=%2F" == http2_server.requests[0].headers[":path"]
    assert "y" == http2_server.requests[0].headers["accept"]
    assert MAX_HTTP2_BODY_BYTES == len(http2_server.requests[-1].body)


@pytest.mark.parametrize("status", [None, "", "abc", "99", "1000", "+200", "2_00", " 200", "20\xff", "\xb200", "000"])
def test_a_status_that_is_none_is_an_error(
    transport: HttpTransport, http2_server: Http2Server, status: str | None
) -> None:
    """
    Missing, empty, or not three digits: not a success, and not a bug.
    """
    http2_server.script = [Http2Reply(status=status)]
    with pytest.raises(BrokenAnswerError, match="is not HTTP"):
        transport.send(post(http2_server))


def test_bytes_beyond_ascii_in_headers_are_taken(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    In names and values, as over HTTP/1.1 in values.
    """
    http2_server.script = [Http2Reply(headers=((b"x-a", b"\xff\xfe"), (b"x-\xff", b"b")))]
    response = transport.send(post(http2_server))

    assert (200, "\xff\xfe", "b") == (response.status, response.headers["x-a"], response.headers["x-\xff"])


@pytest.mark.parametrize("interim", [("103",), ("102", "100", "103")], ids=str)
def test_interim_responses_are_skipped(
    transport: HttpTransport, http2_server: Http2Server, interim: tuple[str, ...]
) -> None:
    """
    However many.
    """
    http2_server.script = [Http2Reply(interim=interim)]

    assert [200, 200] == [transport.send(post(http2_server)).status for _ in range(2)]


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param([b"5", b"12"], id="two"),
        pytest.param([b"5"], id="too short"),
        pytest.param([b"99"], id="too long"),
        pytest.param([b"x"], id="not a number"),
        pytest.param([b"9" * 5000], id="5,000 digits"),
    ],
)
def test_a_wrong_length_is_an_error(transport: HttpTransport, http2_server: Http2Server, lengths: list[bytes]) -> None:
    """
    Of the response, and its message is short.
    """
    http2_server.script = [Http2Reply(headers=tuple((b"content-length", value) for value in lengths))]
    with pytest.raises(TcError) as caught:
        transport.send(post(http2_server))

    assert 9 == caught.value.exit_code
    assert len(str(caught.value)) < 400


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """
    Return a frame of HTTP/2; RFC 9113, section 4.1.
    """
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


HEADERS = frame(1, 4, 1, hpack.Encoder().encode([(":status", "200"), ("content-type", "application/json")]))
WHOLE = HEADERS + frame(0, 1, 1, b"{}")


@pytest.mark.parametrize(
    ("frames", "code", "sent"),
    [
        pytest.param(frame(7, 0, 0, struct.pack(">II", 1, 0)), 8, True, id="GOAWAY"),
        pytest.param(frame(7, 0, 0, struct.pack(">II", 1, 11)), 8, True, id="GOAWAY, calm down"),
        pytest.param(frame(3, 0, 1, struct.pack(">I", 0)), 8, True, id="a reset without an error"),
        pytest.param(frame(3, 0, 1, struct.pack(">I", 8)), 8, True, id="a reset"),
        pytest.param(frame(3, 0, 1, struct.pack(">I", 7)), 8, False, id="a request that was not processed"),
        pytest.param(HEADERS + frame(3, 0, 1, struct.pack(">I", 8)), 9, True, id="a reset within the response"),
        pytest.param(frame(0, 1, 1, b"x"), 9, None, id="data before headers"),
        pytest.param(frame(1, 5, 1, b"\xff" * 8), 9, None, id="headers that cannot be read"),
        pytest.param(frame(4, 0, 0, b"abc"), 9, None, id="settings that cannot be read"),
        pytest.param(frame(1, 0, 1, b"") + frame(9, 0, 1, b"") * 5000, 9, None, id="a flood of headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 8, True, id="HTTP/1.1"),
    ],
)
def test_frames_that_are_no_response(
    transport: HttpTransport, http2_server: Http2Server, frames: bytes, code: int, sent: bool | None
) -> None:
    """
    What ends the connection is no response; what is not HTTP/2 is a broken one.
    """
    http2_server.script = [Http2Reply(raw=frames)]
    with pytest.raises(TcError) as caught:
        transport.send(post(http2_server))

    assert code == caught.value.exit_code, caught.value
    assert sent == getattr(caught.value, "sent", None)
    assert len(str(caught.value)) < 400


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_no_frames_are_a_bug(
    transport: HttpTransport, http2_server: Http2Server, changes: list[tuple[int, int]]
) -> None:
    """
    Whatever bytes come, there is a response or an error with a code.
    """
    frames = bytearray(WHOLE)
    for position, byte in changes:
        frames[position] = byte
    http2_server.script = [Http2Reply(raw=bytes(frames))]
    with suppress(TcError):
        transport.send(post(http2_server))


def test_a_long_response_comes_whole(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    Longer than the windows of the protocol.
    """
    http2_server.script = [Http2Reply(body=b"0123456789" * 200_000)]

    assert b"0123456789" * 200_000 == transport.send(Request("GET", f"{http2_server.url}/x", {})).body


def test_an_early_response_counts(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    Before the body has come, with the stream reset behind it.
    """
    http2_server.script = [Http2Reply("413", early=True), Http2Reply()]

    assert 413 == transport.send(post(http2_server, MAX_HTTP2_BODY_BYTES)).status


@pytest.mark.parametrize("reply", [Http2Reply(silent=True), Http2Reply(pause=0.4)], ids=["silent", "trickles"])
def test_the_timeout_is_for_the_whole_call(trust: dict[str, str], http2_server: Http2Server, reply: Http2Reply) -> None:
    """
    However the bytes come in; the next call takes another connection.
    """
    http2_server.script = [reply, Http2Reply()]
    started = time.monotonic()
    with HttpTransport(2, trust) as transport:
        with pytest.raises(NoAnswerError, match="within 2 s") as caught:
            transport.send(post(http2_server))

        check_duration(started, 5)
        assert caught.value.sent
        assert 200 == transport.send(post(http2_server)).status
    assert 2 == http2_server.connections


def test_a_closed_connection_is_not_used_again(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    It may close at once behind a response, which is whole all the same.
    """
    http2_server.script = [Http2Reply(closes=True)]
    for _ in range(3):
        assert 200 == transport.send(post(http2_server)).status
        time.sleep(0.05)

    assert 3 == http2_server.connections


def test_a_call_that_was_refused_unread_is_sent_again(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    GOAWAY names the last stream that the server has processed.
    """
    http2_server.script = [Http2Reply(), Http2Reply(goodbye=True), Http2Reply()]

    assert [200, 200] == [transport.send(post(http2_server)).status for _ in range(2)]
    assert 2 == http2_server.connections


def test_threads_do_not_wait_for_each_other(transport: HttpTransport, http2_server: Http2Server) -> None:
    """
    A slow response blocks no other call.
    """
    http2_server.script = [Http2Reply(silent=True), Http2Reply()]
    cancellation = Cancellation()

    def wait_for_response() -> None:
        with pytest.raises(NoAnswerError):
            transport.send(post(http2_server)._replace(cancellation=cancellation))

    slow = threading.Thread(target=wait_for_response)
    slow.start()
    while not http2_server.requests:
        time.sleep(0.01)
    assert 200 == transport.send(post(http2_server)).status
    assert slow.is_alive()
    cancellation.cancel()
    slow.join()


def test_without_an_offer_it_is_http1(transport: HttpTransport, tls_server: ScriptedServer) -> None:
    """
    Calls and streams share its connections.
    """
    assert 200 == transport.send(Request("GET", f"{tls_server.url}/x", {})).status
    with transport.stream(Request("GET", f"{tls_server.url}/x", {})) as stream:
        assert b"{}" == stream.read(10)
    assert 200 == transport.send(Request("GET", f"{tls_server.url}/x", {})).status

    assert 1 == tls_server.connections
