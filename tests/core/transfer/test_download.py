"""
Downloads over connections that fail: no byte is lost, and all are right.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import random
import threading
import time
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer import digests, download, segments, throughput
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_file, download_to_stream
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import ResumableFile
from tccli.errors import (
    BrokenAnswerError,
    FailedError,
    LocalFileError,
    NoAnswerError,
    NotFoundError,
    RefusedError,
    TcError,
)
from tests.http_server import Received, Response, response
from tests.transfer_env import (
    QUICK,
    TransferEnv,
    UrlSource,
    files_in,
    random_bytes,
    remote_file,
    run_in_threads,
    transfer_context,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.core.http.deadline import Cancellation
    from tccli.core.transfer.remote import RangeResponse
    from tccli.core.transfer.source import Location, Source
    from tests.http_server import ScriptedServer

SIZE = 3 << 20
DATA = random_bytes(SIZE)
SHA512 = hashlib.sha512(DATA).hexdigest()
ONCE = RetryPolicy(retries=0)
SIDE_BY_SIDE = DownloadOptions(connections=4)
BOTH = pytest.mark.parametrize(
    "options", [pytest.param(DownloadOptions(connections=1), id="one"), pytest.param(SIDE_BY_SIDE, id="side by side")]
)


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 256 << 10)
    monkeypatch.setattr(segments, "MIN_KEPT_BYTES", 64 << 10)
    monkeypatch.setattr(download, "MIN_KEPT_BYTES", 64 << 10)


class NumberedSource(UrlSource):
    """
    A source with another URL each time: ``/1``, ``/2``.
    """

    def locate(self, cancellation: Cancellation) -> Location:
        """
        Return the next URL.
        """
        location = super().locate(cancellation)
        return replace(location, url=f"{self.url}/{self.located}")


def kept_bytes(target: Path) -> int:
    """
    Return how many bytes the next run can resume from.
    """
    if not files_in(target.parent) or files_in(target.parent) == [target.name]:
        return 0
    with ResumableFile(str(target)) as partial:
        return partial.written.total()


@pytest.mark.parametrize("size", [0, 1, 5, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, SIZE])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(DownloadOptions(), id="by need"),
        pytest.param(DownloadOptions(connections=1), id="one"),
        pytest.param(SIDE_BY_SIDE, id="four"),
        pytest.param(DownloadOptions(connections=64), id="many"),
    ],
)
def test_sizes(transfer_env: TransferEnv, tmp_path: Path, size: int, options: DownloadOptions) -> None:
    """
    Every size is downloaded once over any number of connections, and verified by length and hashes.
    """
    source = transfer_env.put_object("a/b", DATA[:size])
    target = tmp_path / "file"
    result = download_to_file(remote_file(source), str(target), options)

    assert DATA[:size] == target.read_bytes()
    assert (size, ("length", "sha256", "sha512")) == (result.size, result.verified)
    assert ["file"] == files_in(tmp_path)
    assert size == transfer_env.sent()


def test_slow_connection_gets_help(transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    More connections are opened without an option.
    """
    monkeypatch.setattr(throughput, "MEASURE_INTERVAL_SECONDS", 0.01)
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=2MB")
    before = transfer_env.sandbox.storage.counters.connections
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert DATA == (tmp_path / "file").read_bytes()
    assert segments.MAX_CONNECTIONS == transfer_env.sandbox.storage.counters.connections - before


@BOTH
@pytest.mark.parametrize("kind", ["drop", "reset", "short"])
def test_dropped_anywhere(transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, kind: str) -> None:
    """
    After ten failures at random positions, the download continues with the next byte.
    """
    source = transfer_env.put_object("a", DATA)
    chance = random.Random(kind)
    # From large to small, as each short answer leaves so many bytes for the next.
    points = sorted((chance.randrange(1, 250_000) for _ in range(10)), reverse=True)
    faults = [transfer_env.sandbox.storage.faults.add(f"{kind}={point},times=1") for point in points]
    remote = remote_file(source)
    result = download_to_file(remote, str(tmp_path / "file"), options)

    assert [1] * 10 == [fault.count for fault in faults]
    assert DATA == (tmp_path / "file").read_bytes()
    assert "sha512" in result.verified
    assert SIZE == remote.context.progress.wire_bytes
    if kind != "reset":
        # What is on its way when a connection is reset is lost.
        assert SIZE == transfer_env.sent()


@BOTH
@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        pytest.param("status=503,times=3,skip=1", 3, id="503 three times"),
        pytest.param("status=429,times=3,skip=1", 3, id="429 three times"),
        pytest.param("status=403,times=1,skip=1", 1, id="403 in the middle"),
        pytest.param("range=wrong,times=1", 1, id="wrong Content-Range"),
        pytest.param("range=wrong,times=1,skip=2", 1, id="wrong Content-Range in the middle"),
        pytest.param("range=ignore,times=1,skip=1", 1, id="everything, once"),
        pytest.param("range=ignore", None, id="everything, always"),
        pytest.param("etag=changing,times=1", 1, id="changed at once"),
        pytest.param("etag=changing,times=1,skip=3", 1, id="changed in the middle"),
    ],
)
def test_transient_failures(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, fault: str, struck: int | None
) -> None:
    """
    The bytes are right in the end, and no other file remains.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("drop=200k,times=3")
    done = transfer_env.sandbox.storage.faults.add(fault)
    result = download_to_file(remote_file(source), str(tmp_path / "file"), options)

    assert DATA == (tmp_path / "file").read_bytes()
    assert (SIZE, ["file"]) == (result.size, files_in(tmp_path))
    assert done.count == struck or (struck is None and done.count > 0) or options.connections == 1


@BOTH
def test_expired_url_is_renewed(transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions) -> None:
    """
    A URL may expire several times during a download.
    """
    source = transfer_env.put_object("a", DATA)
    storage = transfer_env.sandbox.storage
    storage.faults.add("expire=300ms")
    storage.faults.add("slow=2MB")
    storage.faults.add("drop=100k")
    download_to_file(remote_file(source), str(tmp_path / "file"), options)

    assert DATA == (tmp_path / "file").read_bytes()
    assert 403 in {exchange.status for exchange in storage.counters.records}


def test_url_that_expires_before_its_second_reader_uses_it(http_server: ScriptedServer) -> None:
    """
    Readers share a URL. One that was valid for another reader has expired, so a new one is requested once more.
    """
    source = NumberedSource(http_server.url)
    remote = remote_file(source)

    def respond(received: Received) -> Response:
        number, reader = int(received.target[1:]), received.headers["range"]
        if reader == "bytes=0-0" or number == 3:
            return response(206, DATA[:1], Content_Range=f"{reader.replace('=', ' ')}/{SIZE}")
        if number == 2:
            other = remote.open(remote.locate(), 0, 1)
            remote.close(other)
        return response(403)

    http_server.respond_with(respond)
    first = remote.open(remote.locate(), 0, 1)
    remote.close(first)
    second = Reader(remote, 5, 6)
    assert 1 == second.readinto(memoryview(bytearray(1)))
    second.close()

    assert 3 == source.located


def test_url_that_is_never_valid(http_server: ScriptedServer) -> None:
    """
    A new one is requested once.
    """
    source = NumberedSource(http_server.url)
    http_server.respond_with(response(403))
    with pytest.raises(RefusedError):
        Reader(remote_file(source), 0, None).open()

    assert 2 == source.located


@BOTH
@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        pytest.param("hashes=wrong", BrokenAnswerError, "was expected", id="wrong hashes"),
        pytest.param("hashes=none", BrokenAnswerError, "no sha256 or sha512", id="no hash"),
        pytest.param("hashes=unknown", BrokenAnswerError, "no sha256 or sha512", id="unknown hash"),
        pytest.param("etag=changing", BrokenAnswerError, "it changed", id="changes all the time"),
    ],
)
def test_wrong_content_is_rejected(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, fault: str, kind: type[TcError], says: str
) -> None:
    """
    The target keeps its content and mode, and no other file remains.
    """
    source = transfer_env.put_object("a", DATA)
    target = tmp_path / "file"
    target.write_text("before")
    target.chmod(0o604)
    transfer_env.sandbox.storage.faults.add(fault)
    transfer_env.sandbox.storage.faults.add("drop=200k,times=10")
    with pytest.raises(kind, match=says):
        download_to_file(remote_file(source), str(target), options)

    assert "before" == target.read_text()
    assert 0o604 == target.stat().st_mode & 0o777
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(Response(response(200, b"12345", Content_Length="9").data, closes=True), id="short"),
        pytest.param(
            Response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", closes=True),
            id="no last chunk",
        ),
    ],
)
def test_short_body_is_rejected(http_server: ScriptedServer, tmp_path: Path, given: Response) -> None:
    """
    After all retries, there is an error and no file.
    """
    http_server.respond_with(given)
    with pytest.raises(NoAnswerError, match="dropped the connection"):
        download_to_file(
            remote_file(UrlSource(http_server.url), RetryPolicy(retries=2, delay_factor=0)),
            str(tmp_path / "file"),
            DownloadOptions(),
        )

    assert 3 <= len(http_server.requests)
    assert [] == files_in(tmp_path)


def test_long_body_is_rejected(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The hash shows that bytes were added.
    """
    source = transfer_env.put_object("a", DATA[:1000])
    transfer_env.sandbox.storage.faults.add("long=10")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_range_with_wrong_length(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    It does not fit its Content-Range, so the whole file is requested instead.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("long=10,times=1,skip=1")
    download_to_file(remote_file(source), str(tmp_path / "file"), SIDE_BY_SIDE)

    assert DATA == (tmp_path / "file").read_bytes()


def test_checksum_option(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    A checksum is verified for a source that has no hashes.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    target = tmp_path / "file"
    result = download_to_file(remote_file(source), str(target), DownloadOptions(hashes={"sha512": SHA512}))
    assert (("length", "sha512"), DATA) == (result.verified, target.read_bytes())
    target.write_text("before")
    with pytest.raises(BrokenAnswerError, match=f"has sha512 {SHA512}, but 0"):
        download_to_file(remote_file(source), str(target), DownloadOptions(hashes={"sha512": "0" * 128}))

    assert "before" == target.read_text()
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("failure", ["no connection", "status 503"])
@BOTH
def test_resume(transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, failure: str) -> None:
    """
    The next run downloads only what is missing.
    """
    source = transfer_env.put_object("a", DATA)
    target = tmp_path / "file"
    storage = transfer_env.sandbox.storage
    storage.faults.add("drop=0,skip=5" if failure == "no connection" else "status=503,skip=5")
    if options.connections == 1:
        storage.faults.clear()
        storage.faults.add("drop=1MB,times=1")
        storage.faults.add("status=503,skip=1" if failure == "status 503" else "drop=0")
    with pytest.raises(NoAnswerError if failure == "no connection" else FailedError):
        download_to_file(remote_file(source, RetryPolicy(retries=1, delay_factor=0)), str(target), options)
    before = kept_bytes(target)
    assert not target.exists()
    # The sixth request is sent when two of the first five are complete, since four at most are under way.
    assert 2 * segments.SEGMENT_BYTES <= before < SIZE
    # Requests that the first run has given up may reach the storage late.
    counted = -1
    while counted != (counted := transfer_env.sent()):
        time.sleep(0.2)
    storage.faults.clear()
    storage.counters.reset()
    log: list[str] = []
    remote = remote_file(source, log=log)
    result = download_to_file(remote, str(target), options)

    assert DATA == target.read_bytes()
    assert ("sha512" in result.verified, []) == (True, log)
    assert before == remote.context.progress.resumed_bytes
    assert SIZE - before == remote.context.progress.wire_bytes == transfer_env.sent()
    assert ["file"] == files_in(tmp_path)


def leave_half(transfer_env: TransferEnv, target: Path, source: object) -> None:
    """
    Leave a partial download.
    """
    transfer_env.sandbox.storage.faults.add("status=503,skip=5")
    with pytest.raises(FailedError):
        download_to_file(remote_file(source, ONCE), str(target), SIDE_BY_SIDE)  # type: ignore[arg-type] # any source
    transfer_env.sandbox.storage.faults.clear()
    assert kept_bytes(target)


def test_changed_etag_starts_over(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Without hashes, the ETag shows that the file has changed.
    """
    task_id = transfer_env.task()
    source = transfer_env.artifact(task_id, "public/a", DATA)
    leave_half(transfer_env, tmp_path / "file", source)
    changed = random_bytes(SIZE, 1)
    transfer_env.artifact(task_id, "public/a", changed)
    remote = remote_file(source)
    download_to_file(remote, str(tmp_path / "file"), DownloadOptions())

    assert changed == (tmp_path / "file").read_bytes()
    assert 0 == remote.context.progress.resumed_bytes
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("size", [10, SIZE - 1, SIZE + 1])
def test_changed_length_starts_over(transfer_env: TransferEnv, tmp_path: Path, size: int) -> None:
    """
    The new file may also be shorter than the partial one.
    """
    task_id = transfer_env.task()
    source = transfer_env.artifact(task_id, "public/a", DATA)
    leave_half(transfer_env, tmp_path / "file", source)
    changed = random_bytes(size, 1)
    transfer_env.artifact(task_id, "public/a", changed)
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert changed == (tmp_path / "file").read_bytes()
    assert ["file"] == files_in(tmp_path)


def test_other_source_starts_over(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    A partial file is not resumed for another source.
    """
    leave_half(transfer_env, tmp_path / "file", transfer_env.put_object("a", DATA))
    other = random_bytes(SIZE, 2)
    remote = remote_file(transfer_env.put_object("b", other))
    download_to_file(remote, str(tmp_path / "file"), DownloadOptions())

    assert other == (tmp_path / "file").read_bytes()
    assert SIZE == remote.context.progress.wire_bytes


def test_unidentified_file_starts_over(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Without hash, ETag and Last-Modified, the remote file may be another one.
    """
    part = response(206, DATA[: 256 << 10], Content_Range=f"bytes 0-{(256 << 10) - 1}/{SIZE}")
    http_server.respond_with(part, response(404))
    with pytest.raises(NotFoundError):
        download_to_file(
            remote_file(UrlSource(http_server.url), ONCE), str(tmp_path / "file"), DownloadOptions(connections=2)
        )
    http_server.respond_with(response(200, random_bytes(SIZE, 3)))
    download_to_file(remote_file(UrlSource(http_server.url)), str(tmp_path / "file"), DownloadOptions())

    assert random_bytes(SIZE, 3) == (tmp_path / "file").read_bytes()


def test_damaged_partial_file(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The hashes are those of the file on disk. The run after the failure starts over, and succeeds.
    """
    source = transfer_env.put_object("a", DATA)
    target = tmp_path / "file"
    leave_half(transfer_env, target, source)
    with ResumableFile(str(target)) as partial:
        os.pwrite(partial.fd, b"spoiled", partial.written.ranges()[0][0])
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(target), DownloadOptions())
    assert [] == files_in(tmp_path)
    download_to_file(remote_file(source), str(target), DownloadOptions())

    assert DATA == target.read_bytes()


@BOTH
def test_parallel_downloads_to_one_target(transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions) -> None:
    """
    All succeed, and the bytes are right.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=6MB")
    target = tmp_path / "file"

    run_in_threads(lambda: download_to_file(remote_file(source), str(target), options), 3)

    assert DATA == target.read_bytes()
    assert ["file"] == files_in(tmp_path)


def test_existing_file_is_replaced_at_the_end(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The new file has its mode. A link remains a link.
    """
    source = transfer_env.put_object("a", DATA)
    real, target = tmp_path / "real", tmp_path / "link"
    real.write_text("before")
    real.chmod(0o751)
    target.symlink_to("real")
    with real.open() as before:
        download_to_file(remote_file(source), str(target), DownloadOptions())
        assert "before" == before.read()

    assert DATA == real.read_bytes()
    assert 0o751 == real.stat().st_mode & 0o777
    assert target.is_symlink()


def test_new_file_has_usual_mode(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The mode follows the umask.
    """
    (tmp_path / "other").touch()
    download_to_file(remote_file(transfer_env.put_object("a", b"x")), str(tmp_path / "file"), DownloadOptions())

    assert (tmp_path / "other").stat().st_mode == (tmp_path / "file").stat().st_mode


def test_pipe(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    It is written in order, and not replaced by a file.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("drop=700k,times=3")
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    result = download_to_file(remote_file(source), str(pipe), DownloadOptions())
    reader.join()

    assert [DATA] == got
    assert ("length", "sha256", "sha512") == result.verified
    assert ["pipe"] == files_in(tmp_path)


@pytest.mark.parametrize(
    "fault", ["hashes=wrong", "etag=changing,skip=1", "status=404,skip=1"], ids=["hash", "changed", "refused"]
)
def test_stream_failures(transfer_env: TransferEnv, fault: str) -> None:
    """
    They are reported at the end: what was written cannot be taken back.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("drop=1MB,times=1")
    transfer_env.sandbox.storage.faults.add(fault)
    with pytest.raises(TcError):
        download_to_stream(remote_file(source), io.BytesIO(), DownloadOptions())


def gzip_members(data: bytes) -> bytes:
    """
    Return gzip data of several members, one of them empty.
    """
    return gzip.compress(data[:1000]) + gzip.compress(b"") + gzip.compress(data[1000:])


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("x-gzip", gzip.compress, id="x-gzip"),
        pytest.param("GZIP", gzip.compress, id="capitals"),
        pytest.param("gzip", gzip_members, id="several members"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("identity", bytes, id="identity"),
    ],
)
@pytest.mark.parametrize("plain", [b"", b"a", DATA, b"\0" * SIZE], ids=["nothing", "a byte", "noise", "zeros"])
def test_content_encodings(
    transfer_env: TransferEnv, tmp_path: Path, encoding: str, encode: object, plain: bytes
) -> None:
    """
    The length is that of the stored bytes, checksums are those of the decoded ones.
    """
    stored: bytes = encode(plain)  # type: ignore[operator] # a function of bytes
    source = transfer_env.artifact(transfer_env.task(), "public/a", stored, encoding)
    options = DownloadOptions(connections=3, hashes={"sha256": hashlib.sha256(plain).hexdigest()})
    result = download_to_file(remote_file(source), str(tmp_path / "file"), options)
    out = io.BytesIO()
    download_to_stream(remote_file(source), out, options)
    download_to_file(remote_file(source), str(tmp_path / "stored"), DownloadOptions(compressed=True))

    assert plain == (tmp_path / "file").read_bytes() == out.getvalue()
    assert stored == (tmp_path / "stored").read_bytes()
    assert (len(plain), ("length", "sha256")) == (result.size, result.verified)
    assert ["file", "stored"] == files_in(tmp_path)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(gzip.compress(DATA)[:-1], id="last byte"),
        pytest.param(gzip.compress(DATA)[:100_000], id="most"),
        pytest.param(gzip.compress(b"a")[:-8], id="its checksum"),
        pytest.param(gzip.compress(b"a")[:5], id="in its head"),
        pytest.param(gzip.compress(b"a") + gzip.compress(b"b")[:-3], id="in its second member"),
        pytest.param(b"plain", id="not gzip"),
        pytest.param(gzip.compress(DATA)[:5000] + b"\0" * 5000, id="broken"),
        pytest.param(gzip.compress(b"a")[:-8] + b"\0" * 8, id="another checksum"),
    ],
)
def test_damaged_encoding_is_rejected(transfer_env: TransferEnv, tmp_path: Path, stored: bytes) -> None:
    """
    Stored data that is cut short or damaged has the right length, and is an error nevertheless.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", stored, "gzip")
    (tmp_path / "file").write_text("before")
    with pytest.raises(BrokenAnswerError, match="compressed data"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert "before" == (tmp_path / "file").read_text()
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("lost", [1, 8, 1000, len(gzip.compress(DATA))], ids=["a byte", "the end", "more", "all"])
def test_encoded_body_cut_short_is_rejected(transfer_env: TransferEnv, tmp_path: Path, lost: int) -> None:
    """
    Without a length, only the encoded data shows it, even if no byte arrived.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", gzip.compress(DATA), "gzip")
    transfer_env.sandbox.storage.faults.add(f"cut={lost}")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="cut short"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())
    with pytest.raises(BrokenAnswerError, match="cut short"):
        download_to_stream(remote_file(source), io.BytesIO(), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_unknown_encoding(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    It is an error, unless the file is stored as it is.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", b"zzz", "zstd")
    with pytest.raises(BrokenAnswerError, match="--compressed"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())
    assert [] == files_in(tmp_path)
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions(compressed=True))

    assert b"zzz" == (tmp_path / "file").read_bytes()


def test_object_cut_short_is_rejected(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Without a length, the hashes show it.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("cut=1")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def prepare_partial(target: Path, source: Source, ranges: list[tuple[int, int]]) -> None:
    """
    Leave the files of an earlier run that downloaded these ranges.
    """
    remote = remote_file(source)
    reader = Reader(remote, 0, 1)
    metadata = reader.open().metadata
    reader.close()
    hashes = dict(remote.locate().hashes)
    with ResumableFile(str(target)) as partial:
        partial.reset({"identity": dict(source.identity), "hashes": hashes, "facts": asdict(metadata)})
        for start, end in ranges:
            os.pwrite(partial.fd, DATA[start:end], start)
            partial.record(start, end)


class _StopsAt(TransferProgress):
    """
    Stops a download when *end* bytes are complete: between two segments, where no read is interrupted.
    """

    def __init__(self, end: int) -> None:
        super().__init__()
        self.remote: RemoteFile | None = None
        self._end = end

    def advance(self, count: int) -> None:
        super().advance(count)
        if self.done_bytes >= self._end:
            assert self.remote is not None
            self.remote.cancellation.cancel()


@pytest.mark.parametrize("connections", [1, 2])
def test_stopped_download_has_no_gap(transfer_env: TransferEnv, tmp_path: Path, connections: int) -> None:
    """
    It fails, even if the file's length is right because an earlier run downloaded its end.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    prepare_partial(tmp_path / "file", source, [(512 << 10, 768 << 10), (SIZE - 100, SIZE)])
    progress = _StopsAt((768 << 10) + 100)
    remote = RemoteFile(source, replace(transfer_context(), progress=progress))
    progress.remote = remote
    with pytest.raises(NoAnswerError, match="stopped"):
        download_to_file(remote, str(tmp_path / "file"), DownloadOptions(connections))
    assert not (tmp_path / "file").exists()
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert DATA == (tmp_path / "file").read_bytes()


def test_free_space_is_checked(transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file that does not fit is rejected as soon as its length is known.
    """
    source = transfer_env.put_object("a", DATA)
    really = os.statvfs(tmp_path)
    full = os.statvfs_result((really.f_bsize, 1, 100, 2, 2, 100, 100, 100, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(LocalFileError, match="2 free in"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)
    assert SIZE > transfer_env.sent()


class _Counting(RemoteFile):
    """
    Counts the responses that are open.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source, transfer_context())
        self.open_count = 0
        self._count_lock = threading.Lock()

    def open(self, location: Location, start: int, end: int | None, *, retry: int = 0) -> RangeResponse:
        response = super().open(location, start, end, retry=retry)
        with self._count_lock:
            self.open_count += 1
        return response

    def close(self, response: RangeResponse) -> None:
        super().close(response)
        with self._count_lock:
            self.open_count -= 1


@pytest.mark.parametrize("connections", [None, 1, 2])
def test_a_failure_of_the_disk_closes_all_connections(
    transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connections: int | None
) -> None:
    """
    Also in a later segment than the first one.
    """
    source = transfer_env.put_object("a", DATA)
    original = os.pwrite

    def fail(fd: int, data: memoryview, position: int) -> int:
        if position + len(data) > 2 * segments.SEGMENT_BYTES:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return original(fd, data, position)

    monkeypatch.setattr(os, "pwrite", fail)
    # Not all at once, so that there is a further segment, and its response has begun.
    monkeypatch.setattr(digests, "BLOCK_BYTES", 100 << 10)
    remote = _Counting(source)
    with pytest.raises(LocalFileError, match="Input/output"):
        download_to_file(remote, str(tmp_path / "file"), DownloadOptions(connections))

    assert 0 == remote.open_count


def test_missing_file_leaves_nothing(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    No partial file remains.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.delete("objects", "a")
    with pytest.raises(NotFoundError, match="NoSuchKey"):
        download_to_file(remote_file(source, QUICK), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_small_file_deletes_old_journal(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Files of an earlier version are deleted, too.
    """
    (tmp_path / ".file.tc-partial").write_bytes(b"old")
    (tmp_path / ".file.tc-partial.log").write_bytes(b"old\n")
    download_to_file(remote_file(transfer_env.put_object("a", b"new")), str(tmp_path / "file"), DownloadOptions())

    assert b"new" == (tmp_path / "file").read_bytes()
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize(
    "there",
    [
        pytest.param([(1 << 20, SIZE)], id="all but the beginning"),
        pytest.param([(256 << 10, 512 << 10)], id="a piece in the middle"),
        pytest.param([(100, 200), (300, SIZE - 1)], id="odd pieces"),
        pytest.param([(0, SIZE - 1)], id="all but the last byte"),
        pytest.param([(0, SIZE)], id="all"),
        pytest.param([(0, 1), (SIZE - 1, SIZE)], id="both ends"),
    ],
)
@pytest.mark.parametrize("is_object", [True, False], ids=["object", "artifact"])
@pytest.mark.parametrize("fault", ["", "range=ignore"], ids=["with ranges", "no sha256 or sha512"])
@pytest.mark.parametrize("connections", [None, 1, 4])
def test_resume_from_any_ranges(
    transfer_env: TransferEnv,
    tmp_path: Path,
    there: list[tuple[int, int]],
    is_object: bool,
    fault: str,
    connections: int | None,
) -> None:
    """
    Each byte is written at its position, which no hash would show for artifacts.
    """
    source = (
        transfer_env.put_object("a", DATA)
        if is_object
        else transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    )
    prepare_partial(tmp_path / "file", source, there)
    if fault:
        transfer_env.sandbox.storage.faults.add(fault)
    remote = remote_file(source)
    result = download_to_file(remote, str(tmp_path / "file"), DownloadOptions(connections))

    assert DATA == (tmp_path / "file").read_bytes()
    assert is_object == ("sha512" in result.verified)
    assert ["file"] == files_in(tmp_path)
    if not fault:
        assert max(1, SIZE - sum(end - start for start, end in there)) >= remote.context.progress.wire_bytes


class TwoVersions:
    """
    A server whose file changes from one request to the next, with a validator that does not tell.
    """

    def __init__(self, **headers: str) -> None:
        self.headers = headers
        self.ranges: list[str] = []
        self.requests = 0

    def respond(self, received: Received) -> Response:
        """
        Return the bytes of the current version.
        """
        self.requests += 1
        self.ranges.append(received.headers.get("range", ""))
        data = bytes([self.requests]) * (20 << 20)
        headers = {name: value.replace("N", str(self.requests)) for name, value in self.headers.items()}
        if not self.ranges[-1]:
            return response(200, data, **headers)
        first, last = (int(word) for word in self.ranges[-1].removeprefix("bytes=").split("-"))
        last = min(last, len(data) - 1)
        content_range = f"bytes {first}-{last}/{len(data)}"
        return response(206, data[first : last + 1], Content_Range=content_range, **headers)


@pytest.mark.parametrize("connections", [None, 1, 3])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"ETag": 'W/"1"'}, id="a weak ETag"),
        pytest.param({"Last_Modified": "Sat, 01 Jan 2000 00:00:00 GMT"}, id="a date"),
        pytest.param({"Last_Modified": "Sat, 01 Jan 2000 00:00:0N GMT"}, id="another date each time"),
        pytest.param({"ETag": '"N"'}, id="another ETag each time"),
    ],
)
def test_two_versions_are_not_joined(
    http_server: ScriptedServer, tmp_path: Path, headers: dict[str, str], connections: int | None
) -> None:
    """
    Without proof that it is one version, all bytes are those of one response.
    """
    server = TwoVersions(**headers)
    http_server.respond_with(server.respond)
    target = tmp_path / "file"
    download_to_file(remote_file(UrlSource(http_server.url)), str(target), DownloadOptions(connections))

    data = target.read_bytes()
    assert (20 << 20, 1) == (len(data), len(set(data)))
    # Two attempts over at most six connections, and a plain request.
    assert len(server.ranges) <= 15


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_download_that_cannot_be_resumed_starts_again(
    http_server: ScriptedServer, tmp_path: Path, failures: int
) -> None:
    """
    As often as there are retries. Nothing is kept for another run.
    """
    data = random_bytes(3 << 20)
    part = Response(response(200, random_bytes(3 << 20, 1)).data[: 2 << 20], closes=True)
    http_server.respond_with(*[part] * failures, response(200, data))
    source = remote_file(UrlSource(http_server.url), RetryPolicy(retries=2, delay_factor=0))
    target = tmp_path / "file"
    if failures == 3:
        with pytest.raises(NoAnswerError, match="dropped the connection"):
            download_to_file(source, str(target), DownloadOptions())
        assert [] == files_in(tmp_path)
    else:
        download_to_file(source, str(target), DownloadOptions())
        assert data == target.read_bytes()
    assert min(failures + 1, 3) == len(http_server.requests)
