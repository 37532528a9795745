"""
Downloads over sockets that fail: nothing is lost, and the bytes are right.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import threading
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer import download, segments
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.download import download_to_file, download_to_stream
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.resume import ResumableFile
from tccli.errors import BrokenAnswerError, FailedError, LocalFileError, NoAnswerError, NotFoundError, TcError
from tests.http_server import Response, response
from tests.transfer_env import QUICK, TransferEnv, UrlSource, files_in, random_bytes, remote_file, transfer_context

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.core.transfer.remote import Source
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


def kept(target: Path) -> int:
    """
    Return how many bytes wait for the next run; none if nothing does.
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
    Every size arrives, over however many connections, verified by length and hashes, and fetched once.
    """
    source = transfer_env.put_object("a/b", DATA[:size])
    target = tmp_path / "file"
    result = download_to_file(remote_file(source), str(target), options)

    assert DATA[:size] == target.read_bytes()
    assert (size, ("length", "sha256", "sha512")) == (result.size, result.verified)
    assert ["file"] == files_in(tmp_path)
    assert size == transfer_env.sent()


def test_a_slow_connection_gets_others_beside_it(
    transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Without being asked.
    """
    monkeypatch.setattr(segments, "MEASURE_INTERVAL_SECONDS", 0.01)
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
    Ten times, at random points; it goes on from the byte where it stopped.
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
def test_what_passes_is_overcome(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, fault: str, struck: int | None
) -> None:
    """
    The bytes are right in the end, and nothing is left beside them.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("drop=200k,times=3")
    done = transfer_env.sandbox.storage.faults.add(fault)
    result = download_to_file(remote_file(source), str(tmp_path / "file"), options)

    assert DATA == (tmp_path / "file").read_bytes()
    assert (SIZE, ["file"]) == (result.size, files_in(tmp_path))
    assert done.count == struck or (struck is None and done.count > 0) or options.connections == 1


@BOTH
def test_an_address_that_expires_in_the_middle_is_renewed(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions
) -> None:
    """
    As often as it takes: here it lives for a moment.
    """
    source = transfer_env.put_object("a", DATA)
    storage = transfer_env.sandbox.storage
    storage.faults.add("expire=150ms")
    storage.faults.add("slow=3MB")
    storage.faults.add("drop=100k")
    download_to_file(remote_file(source), str(tmp_path / "file"), options)

    assert DATA == (tmp_path / "file").read_bytes()
    assert 403 in {exchange.status for exchange in storage.counters.records}


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
def test_what_is_not_as_promised_does_not_appear(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, fault: str, kind: type[TcError], says: str
) -> None:
    """
    What was there before stays, with its mode; nothing is left beside it.
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
def test_a_body_that_is_always_short_does_not_appear(
    http_server: ScriptedServer, tmp_path: Path, given: Response
) -> None:
    """
    However often it is asked for.
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


def test_a_long_body_is_caught_by_its_hash(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Bytes that were added are bytes that were not uploaded.
    """
    source = transfer_env.put_object("a", DATA[:1000])
    transfer_env.sandbox.storage.faults.add("long=10")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_a_long_part_is_not_taken(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Its length belies its range; all is asked for instead.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("long=10,times=1,skip=1")
    download_to_file(remote_file(source), str(tmp_path / "file"), SIDE_BY_SIDE)

    assert DATA == (tmp_path / "file").read_bytes()


def test_another_checksum_is_verified_too(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Right or wrong, for what comes without hashes.
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
def test_the_next_run_goes_on(
    transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions, failure: str
) -> None:
    """
    What a failure has left is not fetched again; the target appears at the end.
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
    before = kept(target)
    assert not target.exists()
    assert SIZE // 4 <= before < SIZE
    storage.faults.clear()
    storage.counters.reset()
    said: list[str] = []
    remote = remote_file(source, said=said)
    result = download_to_file(remote, str(target), options)

    assert DATA == target.read_bytes()
    assert ("sha512" in result.verified, []) == (True, said)
    assert before == remote.context.progress.resumed_bytes
    assert SIZE - before == remote.context.progress.wire_bytes == transfer_env.sent()
    assert ["file"] == files_in(tmp_path)


def half(transfer_env: TransferEnv, target: Path, source: object) -> None:
    """
    Leave a download half done.
    """
    transfer_env.sandbox.storage.faults.add("status=503,skip=5")
    with pytest.raises(FailedError):
        download_to_file(remote_file(source, ONCE), str(target), SIDE_BY_SIDE)  # type: ignore[arg-type] # any source
    transfer_env.sandbox.storage.faults.clear()
    assert kept(target)


def test_what_has_changed_is_fetched_anew(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    By its ETag, where there are no hashes.
    """
    task_id = transfer_env.task()
    source = transfer_env.artifact(task_id, "public/a", DATA)
    half(transfer_env, tmp_path / "file", source)
    changed = random_bytes(SIZE, 1)
    transfer_env.artifact(task_id, "public/a", changed)
    remote = remote_file(source)
    download_to_file(remote, str(tmp_path / "file"), DownloadOptions())

    assert changed == (tmp_path / "file").read_bytes()
    assert 0 == remote.context.progress.resumed_bytes
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("size", [10, SIZE - 1, SIZE + 1])
def test_what_has_another_length_is_fetched_anew(transfer_env: TransferEnv, tmp_path: Path, size: int) -> None:
    """
    Shorter than what is there already, too.
    """
    task_id = transfer_env.task()
    source = transfer_env.artifact(task_id, "public/a", DATA)
    half(transfer_env, tmp_path / "file", source)
    changed = random_bytes(size, 1)
    transfer_env.artifact(task_id, "public/a", changed)
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert changed == (tmp_path / "file").read_bytes()
    assert ["file"] == files_in(tmp_path)


def test_another_source_does_not_go_on_with_it(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The same target, but something else to be put there.
    """
    half(transfer_env, tmp_path / "file", transfer_env.put_object("a", DATA))
    other = random_bytes(SIZE, 2)
    remote = remote_file(transfer_env.put_object("b", other))
    download_to_file(remote, str(tmp_path / "file"), DownloadOptions())

    assert other == (tmp_path / "file").read_bytes()
    assert SIZE == remote.context.progress.wire_bytes


def test_what_nothing_vouches_for_is_fetched_anew(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Neither a hash nor an ETag nor a time: what is there may be of something else.
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


def test_spoiled_leftovers_do_not_pass(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Whatever happened to the bytes on the disk, the hashes are of what is in the file; the run after that is clean.
    """
    source = transfer_env.put_object("a", DATA)
    target = tmp_path / "file"
    half(transfer_env, target, source)
    with ResumableFile(str(target)) as partial:
        os.pwrite(partial.fd, b"spoiled", partial.written.ranges()[0][0])
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(target), DownloadOptions())
    assert [] == files_in(tmp_path)
    download_to_file(remote_file(source), str(target), DownloadOptions())

    assert DATA == target.read_bytes()


@BOTH
def test_two_at_once(transfer_env: TransferEnv, tmp_path: Path, options: DownloadOptions) -> None:
    """
    To the same target: both succeed, and the bytes are right.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("slow=6MB")
    target, failures = tmp_path / "file", list[Exception]()

    def run() -> None:
        try:
            download_to_file(remote_file(source), str(target), options)
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert DATA == target.read_bytes()
    assert ["file"] == files_in(tmp_path)


def test_an_existing_file_stays_until_the_end(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Then it is replaced as a whole, by another file with its mode; a link stays a link.
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


def test_a_new_file_has_the_mode_of_any_other(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    As the umask says.
    """
    (tmp_path / "other").touch()
    download_to_file(remote_file(transfer_env.put_object("a", b"x")), str(tmp_path / "file"), DownloadOptions())

    assert (tmp_path / "other").stat().st_mode == (tmp_path / "file").stat().st_mode


def test_a_pipe_is_written_in_order(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    It is not replaced, and drops on the way do not show.
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
def test_a_stream_says_what_is_wrong(transfer_env: TransferEnv, fault: str) -> None:
    """
    At the end, since what has been written cannot be taken back.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("drop=1MB,times=1")
    transfer_env.sandbox.storage.faults.add(fault)
    with pytest.raises(TcError):
        download_to_stream(remote_file(source), io.BytesIO(), DownloadOptions())


def members(data: bytes) -> bytes:
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
        pytest.param("gzip", members, id="several members"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("identity", bytes, id="identity"),
    ],
)
@pytest.mark.parametrize("plain", [b"", b"a", DATA, b"\0" * SIZE], ids=["nothing", "a byte", "noise", "zeros"])
def test_encodings_are_undone(
    transfer_env: TransferEnv, tmp_path: Path, encoding: str, encode: object, plain: bytes
) -> None:
    """
    Whatever the parts in which it came; lengths are of what is stored, checksums of what it stands for.
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
def test_broken_encodings_do_not_appear(transfer_env: TransferEnv, tmp_path: Path, stored: bytes) -> None:
    """
    Stored cut short, or as something else: the length is right, and that is not enough.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", stored, "gzip")
    (tmp_path / "file").write_text("before")
    with pytest.raises(BrokenAnswerError, match="compressed data"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert "before" == (tmp_path / "file").read_text()
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("lost", [1, 8, 1000, len(gzip.compress(DATA))], ids=["a byte", "the end", "more", "all"])
def test_an_encoded_body_cut_short_does_not_appear(transfer_env: TransferEnv, tmp_path: Path, lost: int) -> None:
    """
    Without a length, only the data itself tells, also when not one byte of it came.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", gzip.compress(DATA), "gzip")
    transfer_env.sandbox.storage.faults.add(f"cut={lost}")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="cut short"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())
    with pytest.raises(BrokenAnswerError, match="cut short"):
        download_to_stream(remote_file(source), io.BytesIO(), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_an_unknown_encoding_is_not_undone(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    It can be kept.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", b"zzz", "zstd")
    with pytest.raises(BrokenAnswerError, match="--compressed"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())
    assert [] == files_in(tmp_path)
    download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions(compressed=True))

    assert b"zzz" == (tmp_path / "file").read_bytes()


def test_an_object_cut_short_without_a_length_does_not_appear(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Its hashes tell.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.faults.add("cut=1")
    transfer_env.sandbox.storage.faults.add("range=ignore")
    with pytest.raises(BrokenAnswerError, match="was expected"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def prepare_partial(target: Path, source: Source, ranges: list[tuple[int, int]]) -> None:
    """
    Leave what an earlier run would have left that downloaded these ranges.
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
            self.remote.stopped.set()


@pytest.mark.parametrize("connections", [1, 2])
def test_a_download_that_is_stopped_never_ends_with_a_gap(
    transfer_env: TransferEnv, tmp_path: Path, connections: int
) -> None:
    """
    Not even where the end of the file is there from an earlier run, so that its length is right.
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


def test_there_is_room_or_nothing_is_fetched(
    transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The length is known before most of it has come.
    """
    source = transfer_env.put_object("a", DATA)
    really = os.statvfs(tmp_path)
    full = os.statvfs_result((really.f_bsize, 1, 100, 2, 2, 100, 100, 100, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(LocalFileError, match="2 free in"):
        download_to_file(remote_file(source), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)
    assert SIZE > transfer_env.sent()


def test_what_cannot_be_found_leaves_nothing(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Neither at the service nor at the storage.
    """
    source = transfer_env.put_object("a", DATA)
    transfer_env.sandbox.storage.delete("objects", "a")
    with pytest.raises(NotFoundError, match="NoSuchKey"):
        download_to_file(remote_file(source, QUICK), str(tmp_path / "file"), DownloadOptions())

    assert [] == files_in(tmp_path)


def test_a_small_file_leaves_no_old_journal(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    Whatever an earlier version has left there.
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
def test_goes_on_with_any_pieces(
    transfer_env: TransferEnv,
    tmp_path: Path,
    there: list[tuple[int, int]],
    is_object: bool,
    fault: str,
    connections: int | None,
) -> None:
    """
    Each byte comes to its place, also where no hash would tell.
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
