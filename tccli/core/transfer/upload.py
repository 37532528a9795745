"""
Uploads: one PUT of a file, hashed as it goes, from the first byte again after every failure that may pass.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from tccli.core.http.messages import Request
from tccli.core.http.redact import redact_text
from tccli.core.http.retry import retry_after
from tccli.core.transfer.digests import StreamHasher
from tccli.errors import LocalFileError, NoAnswerError, UsageError, service_error_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tccli.core.http.messages import Response
    from tccli.core.transfer.context import TransferContext

DEFAULT_CONTENT_TYPE = "application/octet-stream"
MAX_URLS = 10
"""How often a new URL is asked for before an upload is given up."""
ENCODED_TYPES = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


class UploadUrlExpiredError(Exception):
    """
    The URL to put to has expired, or is refused as if it had.
    """


class Upload:
    """
    The bytes that are to be uploaded.

    Attributes:
        file: Open for reading, and seekable.
        length: Bytes.
        content_type: Of HTTP.
    """

    def __init__(self, file: IO[bytes], length: int, content_type: str) -> None:
        self.file = file
        self.length = length
        self.content_type = content_type


@contextmanager
def open_upload(path: str, content_type: str | None, stdin: IO[bytes] | None) -> Iterator[Upload]:
    """
    Open the file to upload; ``-`` is *stdin*, whose length has to be known first, so it is kept on disk meanwhile.

    Raises:
        UsageError: There is no such file.
        LocalFileError: It cannot be read, or stdin cannot be kept.
    """
    if content_type is None:
        import mimetypes

        # What the bytes are, not what they would be when they were unpacked.
        plain, encoding = mimetypes.guess_type(path)
        content_type = (ENCODED_TYPES.get(encoding) if encoding else plain) or DEFAULT_CONTENT_TYPE
    if path == "-":
        if stdin is None:
            raise UsageError("stdin is closed")
        with _spooled(stdin) as file:
            yield Upload(file, os.fstat(file.fileno()).st_size, content_type)
        return
    try:
        if not os.path.isfile(path):
            with open(path, "rb", buffering=0) as stream, _spooled(stream) as file:
                yield Upload(file, os.fstat(file.fileno()).st_size, content_type)
            return
        with open(path, "rb", buffering=0) as file:
            yield Upload(file, os.fstat(file.fileno()).st_size, content_type)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except PermissionError as error:
        raise LocalFileError(f"cannot read {path}: {error.strerror}") from None


def put(
    context: TransferContext,
    url: str,
    headers: Mapping[str, str],
    upload: Upload,
    *,
    algorithms: Iterable[str],
    expires: float | None = None,
) -> dict[str, str]:
    """
    Put the bytes, and return their digests: of exactly what was sent.

    Args:
        headers: Sent as they are, since they may be signed.
        expires: Of the URL, as Unix time.

    Raises:
        ExpiredUrlError: A new URL is needed; everything begins anew with it.
        ServiceError: The storage refuses: a 4xx is final.
        NoAnswerError: There was no answer, after the retries.
        LocalFileError: The file is not what it was when it was opened.
    """
    failures = 0
    while True:
        if expires is not None and time.time() > expires:
            raise UploadUrlExpiredError
        upload.file.seek(0)
        context.progress.start(upload.length)
        hashes = StreamHasher(algorithms)
        trouble: NoAnswerError | None = None
        after = 0.0
        try:
            response = _put_once(context, url, headers, upload, hashes)
        except NoAnswerError as error:
            trouble = error
        digests = hashes.digests()
        if trouble is None:
            if 200 <= response.status < 300:
                return digests
            if response.status in {401, 403} and expires is not None and time.time() > expires - 1:
                raise UploadUrlExpiredError
            if response.status < 500 and response.status != 429:
                raise _refusal(url, response)
            after = retry_after(response.headers.get("retry-after", ""))
        failures += 1
        if failures > context.policy.retries:
            raise trouble or _refusal(url, response)
        what = str(trouble) if trouble else f"status {response.status} to the upload"
        time.sleep(context.policy.pause(failures, f"{what}; from the beginning", after, context.report))


def _put_once(
    context: TransferContext, url: str, headers: Mapping[str, str], upload: Upload, hashes: StreamHasher
) -> Response:
    left = upload.length
    sent = 0

    def fill(buffer: memoryview) -> int:
        nonlocal left
        count: int = upload.file.readinto(buffer[:left]) if left else 0  # type: ignore[attr-defined]
        left -= count
        return count

    def blocks() -> Iterator[Any]:
        nonlocal sent
        for block in hashes.hash_blocks(fill):
            yield block
            sent += len(block)
            context.progress.advance(len(block))
        if left:
            raise LocalFileError(f"the file became {left} bytes shorter while it was read", hint="upload it again")

    # A length that was given is signed; it is sent once either way.
    sized = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    request = Request("PUT", url, {**sized, "Content-Length": str(upload.length)}, blocks=blocks())
    response = context.transport.send(request)
    if response.status < 300 and sent < upload.length:
        raise NoAnswerError(f"the storage answers {response.status} before it was sent everything", sent=True)
    return response


def _refusal(url: str, response: Response) -> Exception:
    text = re.sub(r"<[^>]*>|[\x00-\x1f\x7f]", " ", response.body[:2048].decode("utf-8", "replace"))
    message = f"the storage answers {response.status}: {' '.join(text.split())[:200] or 'no text'} ({redact_text(url)})"
    return service_error_class(response.status)(message, status=response.status)


@contextmanager
def _spooled(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    import shutil

    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            shutil.copyfileobj(stream, file, 1 << 20)
            file.seek(0)
            yield file
    except OSError as error:
        raise LocalFileError(f"cannot keep stdin in {tempfile.gettempdir()}: {error.strerror}") from None
