"""
Uploads: a PUT, hashed while it is sent.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import pytest

from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.upload import Upload, UploadUrlExpiredError, open_upload, put
from tccli.errors import (
    BrokenAnswerError,
    FailedError,
    LocalFileError,
    NoAnswerError,
    RefusedError,
    RejectedError,
    TcError,
    UsageError,
)
from tests.http_server import DROPPED, Response, response
from tests.transfer_env import QUICK, random_bytes, transfer_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import RunningSandbox
    from tests.http_server import ScriptedServer

DATA = random_bytes(3 << 20)
HEADERS = {"Content-Type": "text/x", "Content-Length": "WRONG", "Content-Encoding": "identity", "x-meta": "1"}


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Upload]:
    """
    A file of three mebibytes.
    """
    (tmp_path / "file").write_bytes(DATA)
    with open_upload(str(tmp_path / "file"), "text/x", None) as found:
        yield found


def sha256(data: bytes) -> dict[str, str]:
    """
    Return the digests that a put returns.
    """
    return {"sha256": hashlib.sha256(data).hexdigest()}


def test_headers(http_server: ScriptedServer, upload: Upload) -> None:
    """
    Signed headers are sent unchanged; the length is added, once and right.
    """
    http_server.respond_with(response(200))
    digests = put(transfer_context(), f"{http_server.url}/a%2Fb?c=d", HEADERS, upload, algorithms=["sha256"])
    sent = http_server.requests[0]

    assert sha256(DATA) == digests
    assert ("PUT", "/a%2Fb?c=d", DATA) == (sent.verb, sent.target, sent.body)
    expected = {"content-type": "text/x", "content-encoding": "identity", "x-meta": "1", "content-length": str(3 << 20)}
    assert expected == {name: value for name, value in sent.headers.items() if name != "host"}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sizes(http_server: ScriptedServer, size: int) -> None:
    """
    Every size is uploaded.
    """
    http_server.respond_with(response(200))
    digests = put(transfer_context(), http_server.url, {}, Upload(Raw(DATA[:size]), size, "a/b"), algorithms=["sha256"])

    assert (sha256(DATA[:size]), DATA[:size]) == (digests, http_server.requests[0].body)


class Raw(io.BytesIO):
    """
    A file of bytes.
    """


@pytest.mark.parametrize(
    ("failures", "requests"),
    [
        pytest.param([response(503)], 2, id="503"),
        pytest.param([response(503), response(500), response(503)], 4, id="5xx three times"),
        pytest.param([response(429)], 2, id="429"),
        pytest.param([DROPPED, DROPPED], 3, id="no answer"),
        pytest.param([Response(b"HTTP/1.1 200", closes=True)], 2, id="half an answer"),
    ],
)
def test_transient_failures(
    http_server: ScriptedServer, upload: Upload, failures: list[Response], requests: int
) -> None:
    """
    Each retry starts with the first byte and new hashes, and is reported in a line.
    """
    http_server.respond_with(*failures, response(200))
    log: list[str] = []
    by = transfer_context(log=log)

    assert sha256(DATA) == put(by, http_server.url, {}, upload, algorithms=["sha256"])
    assert [DATA] * requests == [request.body for request in http_server.requests]
    assert requests - 1 == len(log)
    assert all("from the first byte; retry" in line for line in log)
    assert (len(DATA), len(DATA)) == (by.progress.done_bytes, by.progress.total_bytes)


@pytest.mark.parametrize("point", [0, 1, 1000, 700_000, 1 << 20, 2_500_000, (3 << 20) - 1])
def test_dropped_anywhere(sandbox: RunningSandbox, upload: Upload, point: int) -> None:
    """
    The storage has the whole file in the end.
    """
    storage = sandbox.storage
    fault = storage.faults.add(f"drop={point},verb=put,times=2")
    url = storage.put_url("b", "x", 60, {"content-type": "text/x"})

    assert sha256(DATA) == put(transfer_context(), url, {"Content-Type": "text/x"}, upload, algorithms=["sha256"])
    assert 2 == fault.count
    found = storage.files.get("/b/x")
    assert found is not None
    assert len(DATA) == found.size


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, RejectedError, id="400"),
        pytest.param(403, RefusedError, id="403"),
        pytest.param(411, RejectedError, id="411"),
        pytest.param(302, BrokenAnswerError, id="a redirect"),
    ],
)
def test_rejection_is_not_retried(
    http_server: ScriptedServer, upload: Upload, status: int, kind: type[TcError]
) -> None:
    """
    The message has the storage's text, and the URL without its signature.
    """
    http_server.respond_with(response(status, b"<Error><Message>The length does\nnot match</Message></Error>"))
    with pytest.raises(kind, match=f"{status}: The length does not match") as caught:
        put(transfer_context(), f"{http_server.url}/x?X-Amz-Signature=secret", {}, upload, algorithms=[])

    assert 1 == len(http_server.requests)
    assert "secret" not in str(caught.value)


def test_retries_are_limited(http_server: ScriptedServer, upload: Upload) -> None:
    """
    The last error is raised.
    """
    policy = RetryPolicy(retries=2, delay_factor=0)
    http_server.respond_with(response(503, b"busy"))
    with pytest.raises(FailedError, match="503: busy"):
        put(transfer_context(policy), http_server.url, {}, upload, algorithms=[])
    http_server.respond_with(DROPPED)
    with pytest.raises(NoAnswerError):
        put(transfer_context(policy), http_server.url, {}, upload, algorithms=[])

    assert 6 == len(http_server.requests)


def test_expired_url_is_not_used(http_server: ScriptedServer, upload: Upload) -> None:
    """
    Neither at first nor for a retry.
    """
    with pytest.raises(UploadUrlExpiredError):
        put(transfer_context(), http_server.url, {}, upload, algorithms=[], expires=1.0)

    assert [] == http_server.requests


@contextmanager
def early_server(status: int) -> Iterator[str]:
    """
    A server that responds to the first bytes, and closes the connection.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # The client may hang up at any of them.
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: 4\r\n\r\nbusy".encode())
                connection.shutdown(socket.SHUT_WR)
                # Read on, so that the answer arrives; then leave the rest.
                connection.recv(65536)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_early_success_is_an_error(tmp_path: Path) -> None:
    """
    The storage cannot have stored bytes that were not sent.
    """
    data = random_bytes(32 << 20)
    (tmp_path / "file").write_bytes(data)
    with (
        early_server(200) as url,
        open_upload(str(tmp_path / "file"), None, None) as upload,
        pytest.raises(NoAnswerError),
    ):
        put(transfer_context(RetryPolicy(retries=1, delay_factor=0)), url, {}, upload, algorithms=["sha256"])


def test_shrinking_file(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The storage does not get an upload that looks complete.
    """
    path = tmp_path / "file"
    path.write_bytes(DATA)
    http_server.respond_with(response(200))
    with open_upload(str(path), None, None) as upload:
        os.truncate(path, 2 << 20)
        with pytest.raises(LocalFileError, match="1048576 bytes shorter"):
            put(transfer_context(), http_server.url, {}, upload, algorithms=["sha256"])


def test_growing_file(http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    It is an error, too, and the storage does not get all bytes.
    """
    path = tmp_path / "file"
    path.write_bytes(b"before")
    http_server.respond_with(response(200))
    with open_upload(str(path), None, None) as upload, path.open("ab") as file:
        file.write(b", after")
        file.flush()
        with pytest.raises(LocalFileError, match="longer"):
            put(transfer_context(QUICK), http_server.url, {}, upload, algorithms=["sha256"])

    assert [] == [request.body for request in http_server.requests if request.body]


@pytest.mark.skipif(not os.path.exists("/proc/self/limits"), reason="no /proc")
def test_file_without_a_size() -> None:
    """
    The system tells size 0 for files below /proc, which have bytes nevertheless.
    """
    with open_upload("/proc/self/limits", None, None) as upload:
        assert upload.length == len(upload.file.read()) > 100


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        pytest.param("a.html", "text/html", id="html"),
        pytest.param("a.JSON", "application/json", id="capitals"),
        pytest.param("a", "application/octet-stream", id="none"),
        pytest.param("a.nonsense", "application/octet-stream", id="unknown"),
        pytest.param("a.txt.gz", "application/gzip", id="gzip"),
        pytest.param("a.tar.xz", "application/x-xz", id="xz"),
        pytest.param("a.tar.bz2", "application/x-bzip2", id="bzip2"),
    ],
)
def test_guessed_content_types(tmp_path: Path, name: str, content_type: str) -> None:
    """
    The type is that of the bytes themselves, not of what they are after decompression.
    """
    (tmp_path / name).touch()
    with open_upload(str(tmp_path / name), None, None) as upload:
        assert content_type == upload.content_type
    with open_upload(str(tmp_path / name), "a/b", None) as upload:
        assert "a/b" == upload.content_type


def test_stdin() -> None:
    """
    It is copied, so that its length is known and it can be read again.
    """
    with open_upload("-", None, io.BytesIO(DATA)) as upload:
        assert (len(DATA), "application/octet-stream") == (upload.length, upload.content_type)
        assert DATA == upload.file.read()
        upload.file.seek(0)
        assert DATA == upload.file.read()


def test_pipe(tmp_path: Path) -> None:
    """
    It is copied, too: a shell passes ``<(…)`` as a path.
    """
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"text"))
    writer.start()
    with open_upload(str(pipe), None, None) as upload:
        assert (4, "text/plain", b"text") == (upload.length, upload.content_type, upload.file.read())
    writer.join()


class BrokenStdin(io.RawIOBase):
    """
    A stdin that fails.
    """

    def readable(self) -> bool:
        """
        Return that it can be read.
        """
        return True

    def read(self, _size: int = -1) -> bytes:
        """
        Fail.
        """
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("path", "stdin", "kind"),
    [
        pytest.param("none", None, UsageError, id="no file"),
        pytest.param(".", None, UsageError, id="a directory"),
        pytest.param("file/x", None, UsageError, id="below a file"),
        pytest.param("loop", None, UsageError, id="links in a circle"),
        pytest.param("n" * 300, None, UsageError, id="a long name"),
        pytest.param("", None, UsageError, id="an empty name"),
        pytest.param("/proc/self/mem", None, LocalFileError, id="a file that cannot be read"),
        pytest.param("-", None, UsageError, id="no stdin"),
        pytest.param("-", BrokenStdin(), LocalFileError, id="broken stdin"),
    ],
)
def test_unreadable_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, stdin: IO[bytes] | None, kind: type[TcError]
) -> None:
    """
    The error comes before anything is sent.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(kind) as raised, open_upload(path, None, stdin):
        pass
    assert (path or "''") in str(raised.value) or path == "-"
