"""
Remote files and the reader of their bytes, against a scripted server.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import NotResumableError, RemoteChangedError, RemoteFile, RemoteMetadata
from tccli.core.transfer.source import Location
from tccli.errors import (
    BrokenAnswerError,
    FailedError,
    NoAnswerError,
    NotFoundError,
    RefusedError,
    RejectedError,
    TcError,
)
from tests.http_server import DROPPED, Received, Response, response
from tests.transfer_env import UrlSource, random_bytes, remote_file, transfer_context

if TYPE_CHECKING:
    from tccli.core.http.deadline import Cancellation
    from tests.http_server import ScriptedServer

DATA = random_bytes(5000)


def range_response(received: Received, data: bytes = DATA, etag: str = '"1"') -> Response:
    """
    Return the right response to a range request.
    """
    first, _, last = received.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data) - 1) + 1, len(data))
    if "range" not in received.headers:
        return response(200, data, ETag=etag)
    return response(206, data[start:end], ETag=etag, Content_Range=f"bytes {start}-{end - 1}/{len(data)}")


def cut(whole: Response, count: int) -> Response:
    """
    Return a response that ends *count* bytes early, with its connection.
    """
    return Response(whole.data[: len(whole.data) - count], closes=True)


def read(reader: Reader, step: int = 700) -> bytes:
    """
    Read to the end.
    """
    buffer, found = memoryview(bytearray(step)), b""
    while count := reader.readinto(buffer):
        found += buffer[:count]
    return found


def requested_ranges(http_server: ScriptedServer) -> list[str]:
    """
    Return the Range headers of all requests.
    """
    return [request.headers.get("range", "") for request in http_server.requests]


@pytest.mark.parametrize(
    ("start", "end", "log"),
    [
        pytest.param(0, None, "", id="all"),
        pytest.param(0, 5000, "bytes=0-4999", id="all, as a range"),
        pytest.param(100, 900, "bytes=100-899", id="a part"),
        pytest.param(4000, None, "bytes=4000-", id="the rest"),
        pytest.param(4000, 9000, "bytes=4000-8999", id="more than there is"),
        pytest.param(4999, 5000, "bytes=4999-4999", id="the last byte"),
    ],
)
def test_ranges(http_server: ScriptedServer, start: int, end: int | None, log: str) -> None:
    """
    Each range is requested once, and tells the metadata of the whole file.
    """
    http_server.respond_with(range_response)
    reader = Reader(remote_file(UrlSource(http_server.url)), start, end)

    assert DATA[start:end] == read(reader)
    assert RemoteMetadata(5000, '"1"', "") == reader.metadata
    assert [log] == requested_ranges(http_server)
    assert 1 == http_server.connections


def test_headers(http_server: ScriptedServer) -> None:
    """
    A request has no header that identifies the user.
    """
    http_server.respond_with(range_response)
    read(Reader(remote_file(UrlSource(http_server.url)), 0, 10))

    assert {"host", "accept", "accept-encoding", "user-agent", "range"} == set(http_server.requests[0].headers)
    assert http_server.requests[0].headers["user-agent"].startswith("tc/")


def test_resumes_after_failures(http_server: ScriptedServer) -> None:
    """
    No byte is requested twice.
    """
    http_server.respond_with(
        lambda received: cut(range_response(received), 4000),
        lambda received: cut(range_response(received), 3999),
        DROPPED,
        lambda received: cut(range_response(received), 1),
        range_response,
    )
    remote = remote_file(UrlSource(http_server.url))

    assert DATA == read(Reader(remote, 0, None))
    assert ["", "bytes=1000-4999", "bytes=1001-4999", "bytes=1001-4999", "bytes=4999-4999"] == requested_ranges(
        http_server
    )
    assert len(DATA) == remote.context.progress.wire_bytes


def test_progress_resets_retries(http_server: ScriptedServer) -> None:
    """
    Only consecutive failures are counted.
    """

    def five_hundred(received: Received) -> Response:
        whole = range_response(received)
        return cut(whole, max(0, len(whole.data.partition(b"\r\n\r\n")[2]) - 500))

    http_server.respond_with(five_hundred)

    assert DATA == read(
        Reader(remote_file(UrlSource(http_server.url), RetryPolicy(retries=1, delay_factor=0)), 0, None)
    )
    assert 10 == len(http_server.requests)


@pytest.mark.parametrize(
    ("given", "kind", "code"),
    [
        pytest.param(DROPPED, NoAnswerError, 8, id="no answer"),
        pytest.param(response(503, b"<b>Slow down</b>"), FailedError, 7, id="503"),
        pytest.param(response(429), FailedError, 7, id="429"),
        pytest.param(response(206, b"xx", Content_Range="bytes 5-6/10"), BrokenAnswerError, 9, id="other bytes"),
        pytest.param(response(206, b"xx"), BrokenAnswerError, 9, id="no range"),
        pytest.param(Response(b"SMTP ready\r\n", closes=True), BrokenAnswerError, 9, id="another protocol"),
    ],
)
def test_retries_are_limited(http_server: ScriptedServer, given: Response, kind: type[TcError], code: int) -> None:
    """
    The last error is raised, and each retry is reported in a line.
    """
    http_server.respond_with(given)
    log: list[str] = []
    with pytest.raises(kind) as caught:
        read(Reader(remote_file(UrlSource(http_server.url), RetryPolicy(retries=2, delay_factor=0), log), 0, 10))

    assert code == caught.value.exit_code
    assert 3 == len(http_server.requests)
    assert 2 == len(log)
    assert all("retry" in line for line in log)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, RejectedError, id="400"),
        pytest.param(404, NotFoundError, id="404"),
        pytest.param(412, RejectedError, id="412"),
    ],
)
def test_rejection_is_not_retried(http_server: ScriptedServer, status: int, kind: type[TcError]) -> None:
    """
    The message has the storage's text without tags, and the URL without its signature.
    """
    http_server.respond_with(
        response(status, b"<?xml?><Error><Code>NoSuchKey</Code><Message>not \x1b here</Message></Error>")
    )
    with pytest.raises(kind, match="NoSuchKey not here") as caught:
        read(Reader(remote_file(UrlSource(f"{http_server.url}/x?X-Amz-Signature=secret")), 0, None))

    assert 1 == len(http_server.requests)
    assert f"the thing: {status}: " in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 410])
def test_rejected_url_is_renewed(http_server: ScriptedServer, status: int) -> None:
    """
    At the beginning and later, as long as there is progress.
    """
    http_server.respond_with(
        response(status), lambda received: cut(range_response(received), 4000), response(status), range_response
    )
    source = UrlSource(http_server.url)

    assert DATA == read(Reader(remote_file(source), 0, None))
    assert 3 == source.located
    assert ["", "", "bytes=1000-4999", "bytes=1000-4999"] == requested_ranges(http_server)


def test_second_rejection_is_final(http_server: ScriptedServer) -> None:
    """
    A new URL that is rejected as well is an error.
    """
    http_server.respond_with(response(403, b"<Message>Access Denied</Message>"))
    source = UrlSource(http_server.url)
    with pytest.raises(RefusedError, match="Access Denied"):
        read(Reader(remote_file(source), 0, None))

    assert (2, 2) == (source.located, len(http_server.requests))


def test_url_is_renewed_before_it_expires(http_server: ScriptedServer) -> None:
    """
    The location's expiry is respected.
    """
    http_server.respond_with(range_response)

    class Ending(UrlSource):
        def locate(self, cancellation: Cancellation) -> Location:
            found = super().locate(cancellation)
            return Location(found.url, expires=1.0 if self.located == 1 else None)

    source = Ending(http_server.url)
    remote = remote_file(source)
    remote.locate()
    read(Reader(remote, 0, 10))

    assert 2 == source.located


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda received: range_response(received, etag='"2"'), id="ETag"),
        pytest.param(lambda received: range_response(received, DATA + b"x"), id="length"),
        pytest.param(response(206, DATA[1000:], Content_Range="bytes 1000-4999/5000"), id="no ETag"),
        pytest.param(
            response(206, DATA[1000:], ETag='"1"', Content_Encoding="gzip", Content_Range="bytes 1000-4999/5000"),
            id="encoding",
        ),
        pytest.param(response(416, Content_Range="bytes */10"), id="too short now"),
    ],
)
def test_ranges_of_different_files_are_not_joined(http_server: ScriptedServer, changed: object) -> None:
    """
    Changed metadata is an error.
    """
    http_server.respond_with(lambda received: cut(range_response(received), 4000), changed)  # type: ignore[arg-type] # answers, all of them
    with pytest.raises(RemoteChangedError):
        read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_whole_file_for_a_range(http_server: ScriptedServer) -> None:
    """
    A server without ranges sends the whole file again, and the known part is skipped.
    """
    whole = response(200, DATA, ETag='"1"')
    http_server.respond_with(cut(whole, 1000), whole)
    remote = remote_file(UrlSource(http_server.url))

    assert DATA[100:] == read(Reader(remote, 100, None))
    assert ["bytes=100-", "bytes=4000-4999"] == requested_ranges(http_server)
    assert len(DATA) - 100 == remote.context.progress.wire_bytes


def test_unknown_length(http_server: ScriptedServer) -> None:
    """
    The end of the connection is the end of the file.
    """
    http_server.respond_with(Response(b"HTTP/1.1 200 OK\r\n\r\n" + DATA, closes=True))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, None)

    assert DATA == read(reader)
    assert RemoteMetadata(None, "", "") == reader.metadata


@pytest.mark.parametrize("head", [b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_incomplete_head_is_retried(http_server: ScriptedServer, head: bytes) -> None:
    """
    It must not be taken for the response to an empty file.
    """
    http_server.respond_with(Response(head, closes=True), range_response)

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_incomplete_chunks_are_retried(http_server: ScriptedServer) -> None:
    """
    The whole file is sent again, and the known part is skipped.
    """
    head = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n'
    chunks = b"".join(b"%x\r\n%s\r\n" % (1000, DATA[start : start + 1000]) for start in range(0, 5000, 1000))
    http_server.respond_with(
        Response(head + chunks[:2500], closes=True),
        Response(head + chunks, closes=True),
        Response(head + chunks + b"0\r\n\r\n"),
    )

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None), 64)
    assert 3 == len(http_server.requests)


def test_bytes_after_the_length_are_ignored(http_server: ScriptedServer) -> None:
    """
    Content-Length is respected.
    """
    http_server.respond_with(Response(response(200, DATA).data + b"more", closes=True))

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_empty_file(http_server: ScriptedServer) -> None:
    """
    After a 416 for the first bytes, the whole file is requested.
    """
    http_server.respond_with(response(416, Content_Range="bytes */0"), response(200, ETag='"0"'))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, 100)

    assert b"" == read(reader)
    assert RemoteMetadata(0, '"0"', "") == reader.metadata
    assert ["bytes=0-99", ""] == requested_ranges(http_server)


def test_wrong_content_range_disables_ranges(http_server: ScriptedServer) -> None:
    """
    From then on, the whole file is requested.
    """
    http_server.respond_with(response(206, DATA[:10], Content_Range="bytes 10-19/5000"), response(200, DATA))
    remote = remote_file(UrlSource(http_server.url))

    assert DATA[:10] == read(Reader(remote, 0, 10))
    assert DATA[10:20] == read(Reader(remote, 10, 20))
    assert ["bytes=0-9", "", ""] == requested_ranges(http_server)


def test_redirects(http_server: ScriptedServer) -> None:
    """
    They are followed with the same headers if the location allows it.
    """
    http_server.respond_with(response(302, Location="/there?a=b"), range_response)

    assert DATA == read(Reader(remote_file(UrlSource(f"{http_server.url}/here", follow=True)), 0, None))
    assert ["/here", "/there?a=b"] == [request.target for request in http_server.requests]
    assert {"host", "accept", "accept-encoding", "user-agent"} == set(http_server.requests[1].headers)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        pytest.param("/again", "redirected more than", id="in circles"),
        pytest.param("file:///etc/passwd", "file:///etc/passwd", id="to a file"),
        pytest.param("ftp://example.com/", "ftp://example.com/", id="to another protocol"),
        pytest.param("http://[::1", "cannot follow", id="to half an address"),
        pytest.param("//[/x", "cannot follow", id="to half an address without a scheme"),
        pytest.param("http://[1.2.3.4]/x", "cannot follow", id="to an address of the wrong kind"),
        pytest.param("http://h:65536/", "host or port", id="to a port over 65535"),
        pytest.param("http://h:x/", "host or port", id="to a port that is not a number"),
        pytest.param(f"http://{'a' * 64}.com/", "host or port", id="to a label over 63"),
        pytest.param(f"http://{'a.' * 140}com/", "host or port", id="to a name over 253"),
        pytest.param("http://t\u00e4st.example/", "host or port", id="to umlauts"),
        pytest.param("/t\u00e4st", "cannot follow", id="to umlauts in a path"),
        pytest.param("http://a b/", "cannot follow", id="to a blank"),
        pytest.param("/a b", "cannot follow", id="to a blank in a path"),
        pytest.param("http://u:p@h/", "user or password", id="to a password"),
        pytest.param("http://", "redirected more than", id="to no host"),
        pytest.param("http:", "redirected more than", id="to a scheme only"),
    ],
)
def test_redirects_are_limited(http_server: ScriptedServer, location: str, says: str) -> None:
    """
    Loops and other protocols are errors.
    """
    http_server.respond_with(response(302, Location=location))
    with pytest.raises(BrokenAnswerError, match=says):
        read(Reader(remote_file(UrlSource(http_server.url, follow=True), RetryPolicy(retries=0)), 0, None))


def test_objects_are_not_redirected(http_server: ScriptedServer) -> None:
    """
    A redirect of an object is an error.
    """
    http_server.respond_with(response(302, Location="/there"))
    with pytest.raises(TcError):
        read(Reader(remote_file(UrlSource(http_server.url)), 0, None))

    assert {"/"} == {request.target for request in http_server.requests}


def test_retry_after(http_server: ScriptedServer) -> None:
    """
    The wait is as long as the server asks for, and is reported.
    """
    http_server.respond_with(response(503, Retry_After="1"), range_response)
    log: list[str] = []
    read(Reader(RemoteFile(UrlSource(http_server.url), transfer_context(log=log)), 0, None))

    assert 1 == len(log)
    assert "503" in log[0]
    assert log[0].endswith("retry 1 of 5 in 1.0 s")


def test_slow_bytes(http_server: ScriptedServer) -> None:
    """
    They are returned before the buffer is full.
    """
    whole = response(200, b"x" * 50)
    http_server.respond_with(Response(whole.data, pause=0.01))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, None)
    buffer = memoryview(bytearray(1 << 20))
    pieces = []
    while count := reader.readinto(buffer):
        pieces.append(count)

    assert 50 == sum(pieces)
    assert 3 <= len(pieces)


@pytest.mark.parametrize("etag", ["", 'W/"1"', '""', "1"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_nothing_is_joined_without_a_strong_validator(
    http_server: ScriptedServer, etag: str, *, is_chunked: bool
) -> None:
    """
    A date, a weak ETag or nothing would be the same for another version.
    """
    whole = response(200, DATA, ETag=etag, Last_Modified="Sat, 01 Jan 2000 00:00:00 GMT")
    if is_chunked:
        head = f"HTTP/1.1 200 OK\r\nETag: {etag}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        whole = Response(head + b"1388\r\n" + DATA)
    http_server.respond_with(cut(whole, 1000), response(200, DATA[::-1], ETag=etag))
    with pytest.raises(NotResumableError, match="dropped the connection"):
        read(Reader(remote_file(UrlSource(http_server.url)), 0, None))

    assert 1 == len(http_server.requests)


def test_a_digest_is_as_good_as_a_validator(http_server: ScriptedServer) -> None:
    """
    It shows at the end whether the parts belong together.
    """
    http_server.respond_with(cut(range_response(Received("GET", "/", {}, b""), etag=""), 1000), range_response)
    remote = remote_file(UrlSource(http_server.url, {"sha256": "00" * 32}))
    with pytest.raises(RemoteChangedError):
        # The validator appears with the second response.
        read(Reader(remote, 0, None))
    http_server.respond_with(
        cut(range_response(Received("GET", "/", {}, b""), etag=""), 1000),
        lambda received: range_response(received, etag=""),
    )

    assert DATA == read(Reader(remote, 0, None))


def test_files_of_a_context_wait_together(http_server: ScriptedServer) -> None:
    """
    When the storage asks one of them to slow down, no other one sends until that time is over.
    """
    refusal = response(503, b"SlowDown", Retry_After="1")
    times = []

    def respond(received: Received) -> Response:
        times.append(time.monotonic())
        return refusal if len(times) == 1 else range_response(received)

    http_server.respond_with(respond)
    context = transfer_context(RetryPolicy(delay_factor=0.001, max_delay=1))
    readers = [Reader(RemoteFile(UrlSource(http_server.url), context), 0, None) for _ in range(3)]
    first = threading.Thread(target=read, args=(readers[0],))
    first.start()
    http_server.wait_for(1)
    # On a busy machine, that time may be over by now.
    while not context.back_off.remaining and len(times) < 2:
        time.sleep(0.001)

    assert [DATA, DATA] == [read(reader) for reader in readers[1:]]
    first.join()
    assert 4 == len(times)
    assert min(times[1:]) - times[0] > 0.9
