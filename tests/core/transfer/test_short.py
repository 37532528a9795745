"""
Downloads of short files, which are read into memory first.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.context import TransferContext
from tccli.core.transfer.download import download_to_file
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.segments import MIN_KEPT_BYTES
from tccli.errors import BrokenAnswerError, LocalFileError, NoAnswerError
from tests.http_server import Received, Response, response
from tests.transfer_env import UrlSource, files_in, random_bytes, remote_file, run_in_threads, transfer_context

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http_server import ScriptedServer
    from tests.transfer_env import TransferEnv

DATA = random_bytes(5000)
QUICK = RetryPolicy(retries=2, delay_factor=0)


def respond_to_range(received: Received) -> Response:
    """
    Return the requested part, and nothing that identifies the file.
    """
    first, _, last = received.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    part = DATA[int(first) : int(last or len(DATA)) + 1]
    content_range = f"bytes {first}-{int(first) + len(part) - 1}/{len(DATA)}"
    return response(206, part, Content_Range=content_range)


def test_one_request_is_enough(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    What one response has is of one file, also without a validator.
    """
    http_server.respond_with(respond_to_range)
    result = download_to_file(remote_file(UrlSource(http_server.url)), str(tmp_path / "file"), DownloadOptions())

    assert DATA == (tmp_path / "file").read_bytes()
    assert (len(DATA), ("length",)) == (result.size, result.verified)
    assert 1 == len(http_server.requests)
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("size", [0, 1, MIN_KEPT_BYTES - 1, MIN_KEPT_BYTES, MIN_KEPT_BYTES + 1])
@pytest.mark.parametrize("buffer_bytes", [1000, 12 << 20])
def test_sizes(transfer_env: TransferEnv, tmp_path: Path, size: int, buffer_bytes: int) -> None:
    """
    The limits of what is read into memory make no difference for what is written.
    """
    data = random_bytes(size)
    source = transfer_env.put_object("a", data)
    context = transfer_context(QUICK)
    small = TransferContext(context.transport, context.policy, context.report, buffer_bytes=buffer_bytes)
    result = download_to_file(RemoteFile(source, small), str(tmp_path / "file"), DownloadOptions())

    assert data == (tmp_path / "file").read_bytes()
    assert (size, True) == (result.size, "sha512" in result.verified)
    assert ["file"] == files_in(tmp_path)


def test_interrupted_download_without_validator_starts_again(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    All bytes are those of one response. There are as many attempts as for longer files, and nothing is left.
    """
    cut = Response(response(200, random_bytes(5000, 1)).data[:3000], closes=True)
    http_server.respond_with(cut, cut, response(200, DATA))
    target = tmp_path / "file"
    download_to_file(remote_file(UrlSource(http_server.url), QUICK), str(target), DownloadOptions())
    assert (DATA, 3) == (target.read_bytes(), len(http_server.requests))

    http_server.respond_with(cut)
    with pytest.raises(NoAnswerError, match="dropped the connection"):
        download_to_file(remote_file(UrlSource(http_server.url), QUICK), str(target), DownloadOptions())
    assert (DATA, 6) == (target.read_bytes(), len(http_server.requests))
    assert ["file"] == files_in(tmp_path)


def test_wrong_digest(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The target keeps its content and mode, and no other file remains.
    """
    target = tmp_path / "file"
    target.write_text("before")
    target.chmod(0o604)
    for body, headers in ((DATA, {}), (gzip.compress(DATA), {"Content_Encoding": "gzip"})):
        http_server.respond_with(response(200, body, **headers))
        options = DownloadOptions(hashes={"sha256": "0" * 64})
        with pytest.raises(BrokenAnswerError, match="has sha256"):
            download_to_file(remote_file(UrlSource(http_server.url)), str(target), options)
        assert ("before", 0o604) == (target.read_text(), target.stat().st_mode & 0o777)
        assert ["file"] == files_in(tmp_path)


def test_decoded_file(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The digest is that of the decoded bytes; what is cut short is an error.
    """
    packed, target = gzip.compress(DATA), tmp_path / "file"
    http_server.respond_with(response(200, packed, Content_Encoding="gzip"))
    options = DownloadOptions(hashes={"sha256": hashlib.sha256(DATA).hexdigest()})
    result = download_to_file(remote_file(UrlSource(http_server.url)), str(target), options)
    assert (DATA, len(DATA)) == (target.read_bytes(), result.size)

    http_server.respond_with(response(200, packed[:-9], Content_Encoding="gzip"))
    with pytest.raises(BrokenAnswerError, match="cut short"):
        download_to_file(remote_file(UrlSource(http_server.url)), str(target), DownloadOptions())
    assert DATA == target.read_bytes()
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_leftovers_of_a_killed_run(http_server: ScriptedServer, tmp_path: Path, mode: int) -> None:
    """
    They are not taken for bytes of the file. What others could have written is not used.
    """
    http_server.respond_with(respond_to_range)
    for name in (".file.tc-partial", ".file.tc-partial.log"):
        (tmp_path / name).write_bytes(b"left" * 5000)
        (tmp_path / name).chmod(mode)
    download_to_file(remote_file(UrlSource(http_server.url)), str(tmp_path / "file"), DownloadOptions())

    assert DATA == (tmp_path / "file").read_bytes()
    assert (mode == 0o600) == (files_in(tmp_path) == ["file"])


def test_parallel_downloads_to_one_target(transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    All succeed, and the bytes are right.
    """
    source = transfer_env.put_object("a", DATA)
    target = tmp_path / "file"

    def download() -> None:
        for _ in range(20):
            download_to_file(remote_file(source), str(target), DownloadOptions())

    run_in_threads(download, 4)

    assert DATA == target.read_bytes()
    assert ["file"] == files_in(tmp_path)


def test_file_that_cannot_be_written(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The error names it; the directory was removed meanwhile.
    """
    directory = tmp_path / "directory"
    directory.mkdir()

    def respond(_received: Received) -> Response:
        directory.rmdir()
        return response(200, DATA)

    http_server.respond_with(respond)
    with pytest.raises(LocalFileError, match="cannot write"):
        download_to_file(remote_file(UrlSource(http_server.url)), str(directory / "file"), DownloadOptions())
