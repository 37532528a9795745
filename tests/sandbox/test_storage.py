"""
The storage host: signed URLs, ranges, conditions, uploads, and faults.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.sandbox.clock import HOUR, Clock
from tccli.sandbox.storage import faults, ranges, signing
from tccli.sandbox.storage.faults import parse_storage_fault
from tccli.sandbox.storage.host import Storage
from tests.sandbox.conftest import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox

TEXT = bytes(range(256)) * 400
KEY = b"key"


@pytest.fixture
def storage(sandbox: RunningSandbox) -> Storage:
    """
    A host with one file.
    """
    sandbox.storage.store("b", "x", TEXT, "text/plain")
    return sandbox.storage


@pytest.fixture
def url(storage: Storage) -> str:
    """
    The signed URL of that file.
    """
    return storage.get_url("b", "x", 60)


def test_downloads_what_was_uploaded(storage: Storage) -> None:
    """
    With content type and encoding of the upload, and with the headers that resuming needs.
    """
    name = "a b/ü%2F?&#+/../é"
    put = storage.put_url("b", name, 60, {"content-type": "text/x"})
    stored = fetch(put, TEXT, Content_Type="text/x", Content_Encoding="gzip")
    got = fetch(storage.get_url("b", name, 60))

    assert (200, 200) == (stored.status, got.status)
    assert TEXT == got.body
    assert ("text/x", "gzip", "bytes") == (
        got.headers["content-type"],
        got.headers["content-encoding"],
        got.headers["accept-ranges"],
    )
    assert stored.headers["etag"] == got.headers["etag"]
    assert got.headers["last-modified"].endswith("GMT")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("bytes=5-9", "5-9", id="middle"),
        pytest.param("bytes=100000-", "100000-102399", id="to the end"),
        pytest.param("bytes=-7", "102393-102399", id="the last"),
        pytest.param("bytes=0-999999", "0-102399", id="more than there is"),
        pytest.param("bytes=1-2,5-6", "", id="several"),
        pytest.param("bytes=9-5", "", id="backwards"),
        pytest.param("lines=1-2", "", id="another unit"),
    ],
)
def test_ranges(url: str, asked: str, expected: str) -> None:
    """
    One range is 206; several ranges, or an invalid one, are the whole file.
    """
    got = fetch(url, Range=asked)

    if expected:
        first, last = map(int, expected.split("-"))
        assert (206, f"bytes {expected}/102400") == (got.status, got.headers["content-range"])
        assert TEXT[first : last + 1] == got.body
    else:
        assert (200, TEXT) == (got.status, got.body)


def test_a_range_beyond_the_end_is_an_error(storage: Storage, url: str) -> None:
    """
    416 with the length; also for any range of an empty file.
    """
    storage.store("b", "nothing", b"", "text/plain")
    beyond = fetch(url, Range=f"bytes={len(TEXT)}-")

    assert (416, "InvalidRange") == (beyond.status, beyond.code)
    assert f"bytes */{len(TEXT)}" == beyond.headers["content-range"]
    assert 416 == fetch(storage.get_url("b", "nothing", 60), Range="bytes=0-").status
    assert b"" == fetch(storage.get_url("b", "nothing", 60)).body


def test_conditions(storage: Storage, url: str) -> None:
    """
    If-Range with an old tag gives the whole file, If-Match an error, If-None-Match nothing.
    """
    tag = fetch(url).headers["etag"]
    assert 206 == fetch(url, Range="bytes=1-2", If_Range=tag).status
    assert 206 == fetch(url, Range="bytes=1-2", If_Match=tag).status
    assert (304, b"") == ((got := fetch(url, If_None_Match=tag)).status, got.body)
    assert f'"{hashlib.md5(TEXT, usedforsecurity=False).hexdigest()}"' == tag
    changed = TEXT[::-1]
    storage.store("b", "x", changed, "text/plain")

    assert (200, changed) == ((got := fetch(url, Range="bytes=1-2", If_Range=tag)).status, got.body)
    assert 412 == fetch(url, If_Match=tag).status


def test_a_url_allows_one_request_only(storage: Storage, url: str) -> None:
    """
    403 for another verb or name, a changed or missing signature, and after its expiry.
    """
    assert [403, 403, 403, 403] == [fetch(url, verb=verb).status for verb in ("HEAD", "PUT", "POST", "DELETE")]
    assert "SignatureDoesNotMatch" == fetch(url.replace("/b/x?", "/b/y?")).code
    assert "SignatureDoesNotMatch" == fetch(url + "&response-content-type=text/html").code
    assert "AccessDenied" == fetch(url.partition("?")[0]).code
    assert "AuthorizationQueryParametersError" == fetch(re.sub("X-Amz-Date=[^&]*", "X-Amz-Date=then", url)).code
    storage.clock.offset += 61_000
    late = fetch(url)
    assert (403, "AccessDenied") == (late.status, late.code)
    assert b"<Message>Request has expired</Message>" in late.body


def test_an_unknown_name_is_not_found(storage: Storage) -> None:
    """
    404 with a valid signature.
    """
    got = fetch(storage.get_url("b", "other", 60))

    assert (404, "NoSuchKey", "application/xml") == (got.status, got.code, got.headers["content-type"])


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"Content_Type": "text/x"}, "", id="as signed"),
        pytest.param({"Content_Type": "text/y"}, "SignatureDoesNotMatch", id="another type"),
        pytest.param({}, "SignatureDoesNotMatch", id="no type"),
        pytest.param({"Content_Type": "text/x", "Content_Length": "4"}, "SignatureDoesNotMatch", id="another length"),
        pytest.param({"Content_Type": "text/x", "Transfer_Encoding": "chunked"}, "SignatureDoesNotMatch", id="chunked"),
    ],
)
def test_an_upload_must_match_its_url(storage: Storage, headers: dict[str, str], code: str) -> None:
    """
    403 for another length or type than was signed.
    """
    url = storage.put_url("b", "new", 60, {"content-type": "text/x", "content-length": "5"})

    assert code == fetch(url, b"12345", **headers).code
    assert ("" if not code else "NoSuchKey") == fetch(storage.get_url("b", "new", 60)).code


def test_an_upload_needs_a_length(storage: Storage) -> None:
    """
    411 without one.
    """
    url = storage.put_url("b", "new", 60, {})
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        request = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        connection.sendall(request.encode())

        assert connection.recv(64).startswith(b"HTTP/1.1 411 ")


def test_an_incomplete_upload_changes_nothing(storage: Storage) -> None:
    """
    400; the previous file stays until an upload is complete.
    """
    url = storage.put_url("b", "x", 60, {})
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        request = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)

        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")
    assert TEXT == fetch(storage.get_url("b", "x", 60)).body
    assert 1 == len([entry for entry in os.listdir(os.path.dirname(_path(storage))) if entry.endswith(".data")])


def _path(storage: Storage) -> str:
    stored = storage.files.get("/b/x")
    assert stored is not None
    return stored.path


def test_expect_continue(storage: Storage) -> None:
    """
    A client with Expect gets an error before it sends the body.
    """
    url = storage.put_url("b", "new", 60, {"content-type": "text/x"})
    parts = urllib.parse.urlsplit(url)
    for media_type, expected in (("text/y", b"HTTP/1.1 403 "), ("text/x", b"HTTP/1.1 100 ")):
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
            head = f"Host: x\r\nContent-Length: 9\r\nContent-Type: {media_type}\r\nExpect: 100-continue\r\n\r\n"
            connection.sendall(f"PUT {parts.path}?{parts.query} HTTP/1.1\r\n{head}".encode())

            assert connection.recv(64).startswith(expected)


def test_an_error_arrives_while_the_body_is_sent(storage: Storage) -> None:
    """
    A client without Expect can read the response.
    """
    got = fetch(storage.put_url("b", "new", 60, {"content-type": "text/x"}), bytes(5_000_000), Content_Type="text/y")

    assert 403 == got.status


def test_connections_are_reused(storage: Storage, url: str) -> None:
    """
    After responses and errors; the bytes are counted.
    """
    import http.client

    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    before = storage.counters.connections
    for target in (f"{parts.path}?{parts.query}", "/b/none", f"{parts.path}?{parts.query}"):
        connection.request("GET", target)
        connection.getresponse().read()
    connection.close()

    assert 1 == storage.counters.connections - before
    assert (3, 2 * len(TEXT)) == (storage.counters.requests, storage.counters.sent)
    assert [200, 403, 200] == [exchange.status for exchange in storage.counters.records]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_serves_large_files(storage: Storage, tmp_path: Path) -> None:
    """
    Complete, to a client that is not written in Python.
    """
    size = 1 << 28
    storage.store("b", "big", bytes(size), "a/b")
    subprocess.run(["curl", "-sS", "-o", str(tmp_path / "big"), storage.get_url("b", "big", 60)], check=True)

    assert size == os.path.getsize(tmp_path / "big")


def test_files_are_stored_in_the_directory(tmp_path: Path) -> None:
    """
    The next process has them; an incomplete upload is deleted.
    """
    first = Storage(Clock(), tmp_path)
    first.store("b", "x", TEXT, "text/plain")
    (tmp_path / "half.data").write_bytes(b"half")
    (tmp_path / "half.new").write_bytes(b"{")
    first.close()
    second = Storage(Clock(), tmp_path)
    second.start()
    try:
        assert TEXT == fetch(second.get_url("b", "x", 60)).body
        assert [] == list(tmp_path.glob("half.*"))
        second.delete("b", "x")
        assert 404 == fetch(second.get_url("b", "x", 60)).status
        assert [] == list(tmp_path.iterdir())
    finally:
        second.close()


def test_a_stalled_client_is_sent_little(storage: Storage) -> None:
    """
    The counter is close to what the client has received.
    """
    size = 32 << 20
    storage.store("b", "big", bytes(size), "a/b")
    parts = urllib.parse.urlsplit(storage.get_url("b", "big", 60))
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(1000)
        time.sleep(0.2)
        assert storage.counters.sent < 4 << 20
    deadline = time.monotonic() + 60
    while storage.counters.sent > 3 << 20 and time.monotonic() < deadline:
        time.sleep(0.01)

    with storage.counters.lock:
        assert storage.counters.sent == storage.counters.records[-1].sent < 4 << 20


def read_raw(url: str, asked: str = "") -> tuple[bytes, bytes]:
    """
    Return the raw response, up to the end of the connection.
    """
    parts = urllib.parse.urlsplit(url)
    received = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        more = f"Range: {asked}\r\n" if asked else ""
        head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n"
        connection.sendall(head.encode())
        while chunk := connection.recv(1 << 16):
            received += chunk
    head_received, _, body = received.partition(b"\r\n\r\n")
    return head_received.lower(), body


@pytest.mark.parametrize(
    ("spec", "expected", "body"),
    [
        pytest.param("drop=1000", b"content-length: 102400", TEXT[:1000], id="drop"),
        pytest.param("short=1k", b"content-length: 102400", TEXT[:-1024], id="short"),
        pytest.param("long=5", b"content-length: 102405", TEXT + bytes(5), id="long"),
        pytest.param("cut=5", b"connection: close", TEXT[:-5], id="cut"),
        pytest.param("status=503", b"http/1.1 503 ", None, id="status"),
        pytest.param("latency=10ms", b"http/1.1 200 ", TEXT, id="latency"),
    ],
)
def test_a_fault_applies_as_often_as_given(
    storage: Storage, url: str, spec: str, expected: bytes, body: bytes | None
) -> None:
    """
    Twice, then never again; the fault counts it.
    """
    fault = storage.faults.add(f"{spec},times=2")
    responses = [read_raw(url) for _ in range(3)]

    assert 2 == fault.count
    assert all(expected in head for head, _ in responses[:2])
    assert body is None or [body, body] == [body for _, body in responses[:2]]
    assert b"http/1.1 200 " in responses[2][0]
    assert TEXT == responses[2][1]


def test_a_reset_is_an_error_of_the_connection(storage: Storage, url: str) -> None:
    """
    Not an end of file.
    """
    storage.faults.add("reset=50000")

    with pytest.raises(ConnectionResetError):
        read_raw(url)


def test_ranges_can_be_wrong(storage: Storage, url: str) -> None:
    """
    Ignored, or with a wrong Content-Range; requests without a range do not change.
    """
    ignored = storage.faults.add("range=ignore,times=1")
    assert 200 == fetch(url).status
    assert (200, TEXT) == ((got := fetch(url, Range="bytes=5-9")).status, got.body)
    storage.faults.add("range=wrong")
    wrong = fetch(url, Range="bytes=5-9")

    assert 1 == ignored.count
    assert (206, "bytes 6-10/102401", TEXT[5:10]) == (wrong.status, wrong.headers["content-range"], wrong.body)


def test_tags_can_change(storage: Storage, url: str) -> None:
    """
    Each response has another, so a download cannot be resumed.
    """
    storage.faults.add("etag=changing")
    tags = {fetch(url).headers["etag"] for _ in range(3)}

    assert 3 == len(tags)
    assert 200 == fetch(url, Range="bytes=5-9", If_Range=tags.pop()).status


def test_urls_can_expire_early(storage: Storage) -> None:
    """
    Before their expiry.
    """
    fault = storage.faults.add("expire=1h,times=1")
    early, later = storage.get_url("b", "x", 7300), storage.get_url("b", "x", 7300)
    assert 200 == fetch(early).status
    storage.clock.offset += HOUR + 1000

    assert (403, 200) == (fetch(early).status, fetch(later).status)
    assert 1 == fault.count


def test_each_connection_can_be_slow(storage: Storage) -> None:
    """
    The limit is for each of four connections.
    """
    storage.store("b", "big", bytes(200_000), "a/b")
    storage.faults.add("slow=400000,match=big")
    begun = time.monotonic()
    threads = [threading.Thread(target=fetch, args=[storage.get_url("b", "big", 60)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 0.4 < time.monotonic() - begun


def test_uploads_can_fail(storage: Storage) -> None:
    """
    By a status, by a closed connection, or slowly; an incomplete upload is not stored.
    """
    url = storage.put_url("b", "new", 60, {})
    storage.faults.add("status=503,times=1,verb=put")
    storage.faults.add("drop=50000,times=1")
    storage.faults.add("slow=1MB,skip=1,verb=put")

    assert 503 == fetch(url, TEXT).status
    with pytest.raises(OSError, match=r"."):
        fetch(url, TEXT)
    assert 404 == fetch(storage.get_url("b", "new", 60)).status
    begun = time.monotonic()
    assert 200 == fetch(url, TEXT).status
    assert time.monotonic() - begun > 0.08
    assert TEXT == fetch(storage.get_url("b", "new", 60)).body


def test_conditions_of_faults(storage: Storage, url: str) -> None:
    """
    By name, after some requests, and by chance.
    """
    storage.faults.add("status=500,match=y*")
    storage.faults.add("status=502,skip=1,times=1")
    never = storage.faults.add("status=504,chance=0")

    assert [200, 502, 200] == [fetch(url).status for _ in range(3)]
    assert 500 == fetch(storage.get_url("b", "yes/x", 60)).status
    assert 0 == never.count
    storage.faults.clear()
    assert 404 == fetch(storage.get_url("b", "yes/x", 60)).status


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param("drop", "KIND=VALUE", id="no value"),
        pytest.param("explode=1", "'explode=1'", id="unknown"),
        pytest.param("drop=soon", "drop=soon", id="no size"),
        pytest.param("slow=0", "slow=0", id="standstill"),
        pytest.param("latency=long", "latency=long", id="no duration"),
        pytest.param("status=200", "status=200", id="no error"),
        pytest.param("range=odd", "range=odd", id="no word"),
        pytest.param("drop=1,often", "'often'", id="no condition"),
        pytest.param("drop=1,times=-1", "times=-1", id="negative"),
        pytest.param("drop=1,chance=2", "chance=2", id="beyond certainty"),
        pytest.param("drop=1,verb=head", "verb=head", id="verb"),
    ],
)
def test_an_invalid_fault_is_an_error(spec: str, expected: str) -> None:
    """
    The message names the faulty part.
    """
    with pytest.raises(ValueError, match=re.escape(expected)):
        parse_storage_fault(spec)


@pytest.mark.parametrize("command", ["run", "start"])
def test_the_help_names_every_fault(tc: CommandLine, command: str) -> None:
    """
    All kinds, words and conditions.
    """
    text = tc("sandbox", command, "--help").stdout
    words = {word for values in faults.WORDS.values() for word in values}

    assert [] == [name for name in {*faults.KINDS, *faults.CONDITIONS} if f"{name}=" not in text]
    assert [] == [word for word in words if word not in text]


def test_the_command_line_sets_faults(tc_process: CommandLine) -> None:
    """
    An invalid one is exit 2 before anything starts.
    """
    error = tc_process("sandbox", "run", "--storage-fault", "drop=soon", "true")

    assert 2 == error.exit_code
    assert "--storage-fault: drop=soon" in error.stderr
    assert 0 == tc_process("sandbox", "run", "--storage-fault", "drop=1k,times=3", "true").exit_code


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(name=names, lifetime=st.integers(1, 10**6), headers=st.dictionaries(st.sampled_from(["a", "b"]), st.text("xy ")))
def test_signed_urls_are_valid_until_they_expire(name: str, lifetime: int, headers: dict[str, str]) -> None:
    """
    For any name, and for no other request.
    """
    path = f"/b/{name}"
    url = signing.sign("http://h", "GET", path, key=KEY, now=10**12, lifetime=lifetime, headers=headers)
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))

    def check(verb: str = "GET", path: str = path, key: bytes = KEY, now: int = 10**12) -> str:
        refusal = signing.check(verb, path, query, headers, key=key, now=now)
        return "" if refusal is None else refusal.message

    assert path == urllib.parse.unquote(parts.path)
    assert "" == check() == check(now=10**12 + lifetime * 1000)
    assert "Request has expired" == check(now=10**12 + lifetime * 1000 + 1)
    assert all("signature" in said for said in (check("PUT"), check(path=path + "x"), check(key=b"other")))


@given(size=st.integers(0, 50), first=st.integers(0, 60) | st.none(), last=st.integers(0, 60) | st.none())
def test_a_range_is_a_slice(size: int, first: int | None, last: int | None) -> None:
    """
    For every size.
    """
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    whole = range(size)
    if first is not None:
        wanted = whole[first : None if last is None else last + 1]
    else:
        wanted = whole[max(0, size - (last or 0)) :]
    try:
        found = ranges.select({"range": header}, size, etag='"e"', modified="m")
    except ranges.UnsatisfiableError:
        assert not wanted
        return
    if found is None:
        assert (first is None and last is None) or (first is not None and last is not None and last < first)
    else:
        assert (wanted.start, wanted.stop) == found


def test_requests_from_before_a_reset_are_not_counted(storage: Storage, url: str) -> None:
    """
    Nor do faults apply to them that are added afterwards.
    """
    parts = urllib.parse.urlsplit(url)
    storage.faults.add("latency=300ms")
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2)
        while not storage.counters.requests:
            time.sleep(0.01)
        handlers = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        storage.reset(Clock())
        fault = storage.faults.add("status=503")
        for handler in handlers:
            handler.join(60)

        assert (0, 0, 0) == (fault.count, storage.counters.requests, storage.counters.connections)
        assert b"503" not in connection.recv(1000)
