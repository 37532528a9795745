"""
The far side of a download: a reader that does not give up, over a server that does as the test says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import Location, RemoteChangedError, RemoteFile, RemoteMetadata
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
    from tests.http_server import ScriptedServer

DATA = random_bytes(5000)


def ranged(received: Received, data: bytes = DATA, etag: str = '"1"') -> Response:
    """
    Response a request for a part as it should be.
    """
    first, _, last = received.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data) - 1) + 1, len(data))
    if "range" not in received.headers:
        return response(200, data, ETag=etag)
    return response(206, data[start:end], ETag=etag, Content_Range=f"bytes {start}-{end - 1}/{len(data)}")


def cut(whole: Response, count: int) -> Response:
    """
    Return an answer that ends, with its connection, *count* bytes before its end.
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


def asked(http_server: ScriptedServer) -> list[str]:
    """
    Return the ranges that were asked for.
    """
    return [request.headers.get("range", "") for request in http_server.requests]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        pytest.param(0, None, "", id="all"),
        pytest.param(0, 5000, "bytes=0-4999", id="all, as a range"),
        pytest.param(100, 900, "bytes=100-899", id="a part"),
        pytest.param(4000, None, "bytes=4000-", id="the rest"),
        pytest.param(4000, 9000, "bytes=4000-8999", id="more than there is"),
        pytest.param(4999, 5000, "bytes=4999-4999", id="the last byte"),
    ],
)
def test_reads_what_was_asked_for(http_server: ScriptedServer, start: int, end: int | None, said: str) -> None:
    """
    And knows the whole from any part.
    """
    http_server.respond_with(ranged)
    reader = Reader(remote_file(UrlSource(http_server.url)), start, end)

    assert DATA[start:end] == read(reader)
    assert RemoteMetadata(5000, '"1"', "") == reader.metadata
    assert [said] == asked(http_server)
    assert 1 == http_server.connections


def test_says_nothing_about_us(http_server: ScriptedServer) -> None:
    """
    A User-Agent with the product's name, what is accepted, and which bytes.
    """
    http_server.respond_with(ranged)
    read(Reader(remote_file(UrlSource(http_server.url)), 0, 10))

    assert {"host", "accept", "accept-encoding", "user-agent", "range"} == set(http_server.requests[0].headers)
    assert http_server.requests[0].headers["user-agent"].startswith("tc/")


def test_goes_on_where_it_stopped(http_server: ScriptedServer) -> None:
    """
    Not one byte is asked for twice.
    """
    http_server.respond_with(
        lambda received: cut(ranged(received), 4000),
        lambda received: cut(ranged(received), 3999),
        DROPPED,
        lambda received: cut(ranged(received), 1),
        ranged,
    )
    remote = remote_file(UrlSource(http_server.url))

    assert DATA == read(Reader(remote, 0, None))
    assert ["", "bytes=1000-4999", "bytes=1001-4999", "bytes=1001-4999", "bytes=4999-4999"] == asked(http_server)
    assert len(DATA) == remote.context.progress.wire_bytes


def test_progress_makes_up_for_failures(http_server: ScriptedServer) -> None:
    """
    Only failures in a row are counted.
    """

    def five_hundred(received: Received) -> Response:
        whole = ranged(received)
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
def test_gives_up_in_the_end(http_server: ScriptedServer, given: Response, kind: type[TcError], code: int) -> None:
    """
    After so many failures in a row, each with a line for people who want it.
    """
    http_server.respond_with(given)
    said: list[str] = []
    with pytest.raises(kind) as caught:
        read(Reader(remote_file(UrlSource(http_server.url), RetryPolicy(retries=2, delay_factor=0), said), 0, 10))

    assert code == caught.value.exit_code
    assert 3 == len(http_server.requests)
    assert 2 == len(said)
    assert all("retry" in line for line in said)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, RejectedError, id="400"),
        pytest.param(404, NotFoundError, id="404"),
        pytest.param(412, RejectedError, id="412"),
    ],
)
def test_a_refusal_is_final(http_server: ScriptedServer, status: int, kind: type[TcError]) -> None:
    """
    With the storage's own words, without its tags, and without the signature in the address.
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
def test_an_expired_address_is_renewed(http_server: ScriptedServer, status: int) -> None:
    """
    At the beginning and in the middle, as often as there is progress between.
    """
    http_server.respond_with(response(status), lambda received: cut(ranged(received), 4000), response(status), ranged)
    source = UrlSource(http_server.url)

    assert DATA == read(Reader(remote_file(source), 0, None))
    assert 3 == source.located
    assert ["", "", "bytes=1000-4999", "bytes=1000-4999"] == asked(http_server)


def test_a_second_refusal_is_final(http_server: ScriptedServer) -> None:
    """
    A new address that is refused as the old one was.
    """
    http_server.respond_with(response(403, b"<Message>Access Denied</Message>"))
    source = UrlSource(http_server.url)
    with pytest.raises(RefusedError, match="Access Denied"):
        read(Reader(remote_file(source), 0, None))

    assert (2, 2) == (source.located, len(http_server.requests))


def test_an_address_is_renewed_before_it_expires(http_server: ScriptedServer) -> None:
    """
    As its expiry says.
    """
    http_server.respond_with(ranged)

    class Ending(UrlSource):
        def locate(self) -> Location:
            found = super().locate()
            return Location(found.url, expires=1.0 if self.located == 1 else None)

    source = Ending(http_server.url)
    remote = remote_file(source)
    remote.locate()
    read(Reader(remote, 0, 10))

    assert 2 == source.located


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda received: ranged(received, etag='"2"'), id="ETag"),
        pytest.param(lambda received: ranged(received, DATA + b"x"), id="length"),
        pytest.param(response(206, DATA[1000:], Content_Range="bytes 1000-4999/5000"), id="no ETag"),
        pytest.param(
            response(206, DATA[1000:], ETag='"1"', Content_Encoding="gzip", Content_Range="bytes 1000-4999/5000"),
            id="encoding",
        ),
        pytest.param(response(416, Content_Range="bytes */10"), id="too short now"),
    ],
)
def test_parts_of_different_things_are_not_joined(http_server: ScriptedServer, changed: object) -> None:
    """
    What has changed is said.
    """
    http_server.respond_with(lambda received: cut(ranged(received), 4000), changed)  # type: ignore[arg-type] # answers, all of them
    with pytest.raises(RemoteChangedError):
        read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_takes_everything_for_a_part(http_server: ScriptedServer) -> None:
    """
    A server that knows no ranges sends all again; what is known goes by.
    """
    http_server.respond_with(Response(response(200, DATA).data[:-1000], closes=True), response(200, DATA))
    remote = remote_file(UrlSource(http_server.url))

    assert DATA[100:] == read(Reader(remote, 100, None))
    assert ["bytes=100-", "bytes=4000-4999"] == asked(http_server)
    assert len(DATA) - 100 == remote.context.progress.wire_bytes


def test_without_a_length_the_end_is_the_end(http_server: ScriptedServer) -> None:
    """
    There is nothing that would tell a lost rest.
    """
    http_server.respond_with(Response(b"HTTP/1.1 200 OK\r\n\r\n" + DATA, closes=True))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, None)

    assert DATA == read(reader)
    assert RemoteMetadata(None, "", "") == reader.metadata


@pytest.mark.parametrize("head", [b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_half_a_head_is_no_answer(http_server: ScriptedServer, head: bytes) -> None:
    """
    It could be taken for that of something empty.
    """
    http_server.respond_with(Response(head, closes=True), ranged)

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_chunks_cut_short_are_asked_for_again(http_server: ScriptedServer) -> None:
    """
    They have an end, so a lost rest shows; all is sent again, and what is known goes by.
    """
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (1000, DATA[start : start + 1000]) for start in range(0, 5000, 1000))
    http_server.respond_with(
        Response(head + chunks[:2500], closes=True),
        Response(head + chunks, closes=True),
        Response(head + chunks + b"0\r\n\r\n"),
    )

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None), 64)
    assert 3 == len(http_server.requests)


def test_more_than_promised_is_not_read(http_server: ScriptedServer) -> None:
    """
    A length counts, whatever follows.
    """
    http_server.respond_with(Response(response(200, DATA).data + b"more", closes=True))

    assert DATA == read(Reader(remote_file(UrlSource(http_server.url)), 0, None))


def test_nothing_has_no_ranges(http_server: ScriptedServer) -> None:
    """
    416 for the first bytes of an empty file is asked again for all of it.
    """
    http_server.respond_with(response(416, Content_Range="bytes */0"), response(200, ETag='"0"'))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, 100)

    assert b"" == read(reader)
    assert RemoteMetadata(0, '"0"', "") == reader.metadata
    assert ["bytes=0-99", ""] == asked(http_server)


def test_wrong_ranges_are_not_asked_for_again(http_server: ScriptedServer) -> None:
    """
    From the first one that shows it, everything is.
    """
    http_server.respond_with(response(206, DATA[:10], Content_Range="bytes 10-19/5000"), response(200, DATA))
    remote = remote_file(UrlSource(http_server.url))

    assert DATA[:10] == read(Reader(remote, 0, 10))
    assert DATA[10:20] == read(Reader(remote, 10, 20))
    assert ["bytes=0-9", "", ""] == asked(http_server)


def test_redirects_are_followed_where_they_may(http_server: ScriptedServer) -> None:
    """
    To other hosts too, as curl does, and with the same few headers.
    """
    http_server.respond_with(response(302, Location="/there?a=b"), ranged)

    assert DATA == read(Reader(remote_file(UrlSource(f"{http_server.url}/here", follow=True)), 0, None))
    assert ["/here", "/there?a=b"] == [request.target for request in http_server.requests]
    assert {"host", "accept", "accept-encoding", "user-agent"} == set(http_server.requests[1].headers)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        pytest.param("/again", "redirected more than", id="in circles"),
        pytest.param("file:///etc/passwd", "not an HTTP URL", id="to a file"),
        pytest.param("ftp://example.com/", "not an HTTP URL", id="to another protocol"),
    ],
)
def test_redirects_end(http_server: ScriptedServer, location: str, says: str) -> None:
    """
    Where they lead nowhere, or out of the web.
    """
    http_server.respond_with(response(302, Location=location))
    with pytest.raises(BrokenAnswerError, match=says):
        read(Reader(remote_file(UrlSource(http_server.url, follow=True), RetryPolicy(retries=0)), 0, None))


def test_objects_are_not_redirected(http_server: ScriptedServer) -> None:
    """
    Their address is the place; anything else is a failure.
    """
    http_server.respond_with(response(302, Location="/there"))
    with pytest.raises(TcError):
        read(Reader(remote_file(UrlSource(http_server.url)), 0, None))

    assert {"/"} == {request.target for request in http_server.requests}


def test_waits_as_long_as_the_server_asks(http_server: ScriptedServer) -> None:
    """
    And says so.
    """
    http_server.respond_with(response(503, Retry_After="1"), ranged)
    said: list[str] = []
    read(Reader(RemoteFile(UrlSource(http_server.url), transfer_context(said=said)), 0, None))

    assert 1 == len(said)
    assert "503" in said[0]
    assert said[0].endswith("retry 1 of 5 in 1.0 s")


def test_slow_bytes_are_taken_as_they_come(http_server: ScriptedServer) -> None:
    """
    A buffer that is not full yet is no reason to wait for the rest, or to lose what is there.
    """
    whole = response(200, b"x" * 50)
    http_server.respond_with(Response(whole.data, pause=0.02))
    reader = Reader(remote_file(UrlSource(http_server.url)), 0, None)
    buffer = memoryview(bytearray(1 << 20))
    pieces = []
    while count := reader.readinto(buffer):
        pieces.append(count)

    assert 50 == sum(pieces)
    assert 3 <= len(pieces)
