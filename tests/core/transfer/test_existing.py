"""
Files that an earlier run completed: they are not downloaded again where a hash shows that they are the same.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tccli.core.transfer import existing
from tccli.core.transfer.context import TransferProgress
from tccli.core.transfer.digests import StreamHasher
from tccli.core.transfer.download import download_to_file
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.remote import RemoteFile
from tccli.errors import NoAnswerError, NotFoundError
from tests.http_server import Received, Response, response
from tests.transfer_env import UrlSource, files_in, random_bytes, remote_file, transfer_context

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tccli.core.transfer.options import DownloadResult
    from tccli.core.transfer.source import Source
    from tests.http_server import ScriptedServer
    from tests.transfer_env import TransferEnv

DATA = random_bytes(3 << 20)
OTHER = random_bytes(3 << 20, 1)
SHORT = random_bytes(5000)
OPTIONS = DownloadOptions()


def md5(data: bytes) -> str:
    """
    Return the MD5 in hexadecimal.
    """
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def server_of(data: bytes, **headers: str) -> Callable[[Received], Response]:
    """
    Return a server of *data* that knows ranges; underscores in the names of *headers* become hyphens.
    """

    def respond(received: Received) -> Response:
        first, _, last = received.headers.get("range", "").removeprefix("bytes=").partition("-")
        if not first or not data:
            return response(200, data, **headers)
        part = data[int(first) : int(last or len(data)) + 1]
        content_range = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return response(206, part, Content_Range=content_range, **headers)

    return respond


def download(source: Source, target: Path, options: DownloadOptions = OPTIONS) -> tuple[DownloadResult, int]:
    """
    Download to *target*; return the result and the bytes that were received for it.
    """
    remote = remote_file(source)
    result = download_to_file(remote, str(target), options)
    assert not result.was_complete or result.size == remote.context.progress.compared_bytes
    return result, remote.context.progress.wire_bytes


def test_compared_bytes_are_counted(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    For all files together, too: a limit for slow connections counts them.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    (tmp_path / "file").write_bytes(DATA)
    total = TransferProgress()
    remote = RemoteFile(source, replace(transfer_context(), progress=TransferProgress(total)))
    download_to_file(remote, str(tmp_path / "file"), OPTIONS)

    assert (len(DATA), 0) == (total.compared_bytes, total.wire_bytes)


@pytest.mark.parametrize("data", [b"", b"a", SHORT, DATA], ids=["empty", "one byte", "short", "long"])
def test_complete_artifacts(transfer_env: TransferEnv, tmp_path: Path, data: bytes) -> None:
    """
    One request of one byte; the file is not touched.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", data)
    target = tmp_path / "file"
    assert not download(source, target)[0].was_complete
    target.chmod(0o600)
    before = os.stat(target)
    sent = transfer_env.sent()
    result, received = download(source, target)

    assert (True, len(data), {"md5": md5(data)}) == (result.was_complete, result.size, dict(result.digests))
    assert ("length", "md5") == result.verified
    assert 0 == received
    assert transfer_env.sent() - sent <= 1
    assert (before.st_ino, before.st_mtime_ns, before.st_mode) == (
        (now := os.stat(target)).st_ino,
        now.st_mtime_ns,
        now.st_mode,
    )
    assert ["file"] == files_in(tmp_path)


def test_complete_object(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The hashes that the object service tells are those that count.
    """
    source = transfer_env.put_object("a", DATA)
    (tmp_path / "file").write_bytes(DATA)
    result, received = download(source, tmp_path / "file")

    assert (True, ("length", "sha256", "sha512"), 0) == (result.was_complete, result.verified, received)


@pytest.mark.parametrize(
    "content", [OTHER, DATA[:-1], DATA + b"a", b""], ids=["changed", "shorter", "longer", "emptied"]
)
@pytest.mark.parametrize("is_object", [True, False], ids=["object", "artifact"])
def test_different_files(transfer_env: TransferEnv, tmp_path: Path, content: bytes, *, is_object: bool) -> None:
    """
    They are replaced.
    """
    if is_object:
        source: Source = transfer_env.put_object("a", DATA)
    else:
        source = transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    (tmp_path / "file").write_bytes(content)
    result, received = download(source, tmp_path / "file")

    assert (False, len(DATA)) == (result.was_complete, received)
    assert DATA == (tmp_path / "file").read_bytes()


def test_object_with_wrong_md5(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    A file with the MD5 of the ETag, but not with the hashes of the source, is not complete.
    """
    http_server.respond_with(server_of(DATA, ETag=f'"{md5(OTHER)}"'))
    (tmp_path / "file").write_bytes(OTHER)
    hashes = {"sha256": hashlib.sha256(DATA).hexdigest()}

    assert not download(UrlSource(http_server.url, hashes), tmp_path / "file")[0].was_complete
    assert DATA == (tmp_path / "file").read_bytes()


def test_checksum_of_the_user(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    It is enough, with the length.
    """
    http_server.respond_with(server_of(SHORT, ETag='"1"'))
    (tmp_path / "file").write_bytes(SHORT)
    options = DownloadOptions(hashes={"sha256": hashlib.sha256(SHORT).hexdigest()})

    assert download(UrlSource(http_server.url), tmp_path / "file", options)[0].was_complete


GOOGLE = base64.b64encode(hashlib.md5(SHORT, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("headers", "is_known"),
    [
        pytest.param({"ETag": f'"{md5(SHORT)}"'}, True, id="S3"),
        pytest.param({"ETag": '"CLj1"', "x_goog_hash": f"crc32c=n03x6A==,md5={GOOGLE}"}, True, id="Google"),
        pytest.param({"ETag": '"CLj1"', "x_goog_hash": f"md5={GOOGLE}"}, True, id="Google, md5 only"),
        pytest.param({"ETag": '"CLj1"', "x_goog_hash": "crc32c=n03x6A=="}, False, id="Google, composed"),
        pytest.param({"ETag": '"CLj1"', "x_goog_hash": "md5=!"}, False, id="no base64"),
        pytest.param({"ETag": f'W/"{md5(SHORT)}"'}, False, id="weak"),
        pytest.param({"ETag": f'"{md5(SHORT)}-1"'}, False, id="multipart"),
        pytest.param({"ETag": f'"{md5(SHORT)[1:]}"'}, False, id="too short"),
        pytest.param({"ETag": f'"{md5(DATA)}"'}, False, id="a hash of something else"),
        pytest.param({}, False, id="nothing"),
    ],
)
@pytest.mark.parametrize("has_ranges", [True, False])
def test_headers(
    http_server: ScriptedServer, tmp_path: Path, headers: dict[str, str], *, is_known: bool, has_ranges: bool
) -> None:
    """
    What cannot be compared is downloaded again; from a server without ranges, with the same response.
    """
    http_server.respond_with(server_of(SHORT, **headers) if has_ranges else response(200, SHORT, **headers))
    (tmp_path / "file").write_bytes(SHORT)
    result, received = download(UrlSource(http_server.url), tmp_path / "file")

    assert (is_known, 0 if is_known else len(SHORT)) == (result.was_complete, received)
    assert (2 if has_ranges and not is_known else 1) == len(http_server.requests)
    assert SHORT == (tmp_path / "file").read_bytes()


def test_connection_is_used_again(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The byte that was asked for is read.
    """
    http_server.respond_with(server_of(SHORT, ETag=f'"{md5(SHORT)}"'))
    (tmp_path / "file").write_bytes(DATA)
    remote = remote_file(UrlSource(http_server.url))
    for _ in range(3):
        download_to_file(remote, str(tmp_path / "file"), OPTIONS)

    assert ["bytes=0-0", "bytes=0-16777215", "bytes=0-0", "bytes=0-0"] == [
        each.headers["range"] for each in http_server.requests
    ]
    assert 1 == http_server.connections


@pytest.mark.parametrize("was_compressed", [True, False], ids=["compressed before", "decoded before"])
@pytest.mark.parametrize("compressed", [True, False], ids=["compressed now", "decoded now"])
def test_content_encodings(
    transfer_env: TransferEnv, tmp_path: Path, *, was_compressed: bool, compressed: bool
) -> None:
    """
    The ETag is that of the stored bytes, so it tells nothing of decoded ones.
    """
    stored = gzip.compress(SHORT)
    source = transfer_env.artifact(transfer_env.task(), "public/a", stored, "gzip")
    download(source, tmp_path / "file", DownloadOptions(compressed=was_compressed))
    result, _ = download(source, tmp_path / "file", DownloadOptions(compressed=compressed))

    assert (compressed and was_compressed) == result.was_complete
    assert (stored if compressed else SHORT) == (tmp_path / "file").read_bytes()


def test_decoded_file_with_known_hashes(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The hashes of an object are those of the decoded bytes.
    """
    http_server.respond_with(server_of(gzip.compress(SHORT), Content_Encoding="gzip"))
    (tmp_path / "file").write_bytes(SHORT)
    source = UrlSource(http_server.url, {"sha256": hashlib.sha256(SHORT).hexdigest()})
    result, received = download(source, tmp_path / "file")

    assert (True, len(SHORT), 0) == (result.was_complete, result.size, received)


def test_deleted_artifact(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    That the file is there does not hide that the service has it no longer.
    """
    http_server.respond_with(response(404))
    (tmp_path / "file").write_bytes(SHORT)
    with pytest.raises(NotFoundError):
        download(UrlSource(http_server.url), tmp_path / "file")
    assert SHORT == (tmp_path / "file").read_bytes()


def test_links_and_unreadable_files(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    The file that a link leads to is compared; one that cannot be read is replaced.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", SHORT)
    (tmp_path / "file").write_bytes(SHORT)
    (tmp_path / "link").symlink_to("file")
    assert download(source, tmp_path / "link")[0].was_complete
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "dangling").symlink_to("new")
    assert not download(source, tmp_path / "dangling")[0].was_complete
    assert SHORT == (tmp_path / "new").read_bytes()
    (tmp_path / "file").chmod(0)
    if not os.access(tmp_path / "file", os.R_OK):
        assert not download(source, tmp_path / "file")[0].was_complete


def test_stop_while_a_file_is_hashed(
    transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Ctrl-C, or a limit, need not wait until a long file is read.
    """
    source = transfer_env.artifact(transfer_env.task(), "public/a", DATA)
    (tmp_path / "file").write_bytes(DATA)
    remote = remote_file(source)
    reads: list[int] = []

    class Stopping(StreamHasher):
        def hash_blocks(self, fill: Callable[[memoryview], int]) -> Generator[memoryview, None, None]:
            for block in super().hash_blocks(fill):
                reads.append(len(block))
                remote.stop()
                yield block

    monkeypatch.setattr(existing, "StreamHasher", Stopping)
    with pytest.raises(NoAnswerError):
        download_to_file(remote, str(tmp_path / "file"), OPTIONS)
    assert 1 == len(reads)
    assert DATA == (tmp_path / "file").read_bytes()
