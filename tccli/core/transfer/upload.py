"""
Uploads: one PUT of a file, hashed while it is sent, and repeated from the first byte after transient failures.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tccli.core.http.messages import Request
from tccli.core.http.redact import redact_text
from tccli.core.http.retry import parse_retry_after
from tccli.core.responses import excerpt
from tccli.core.transfer.digests import BLOCK_BYTES, OBJECT_ALGORITHMS, StreamHasher
from tccli.errors import BrokenAnswerError, LocalFileError, NoAnswerError, UsageError, service_error_class
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tccli.core.http.messages import Response
    from tccli.core.transfer.context import TransferContext

DEFAULT_CONTENT_TYPE = "application/octet-stream"
CONTENT_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+ *(;[ -~]*)?")
"""A media type and perhaps parameters; RFC 9110, section 8.3.1."""
ENCODED_CONTENT_TYPES = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
WRONG_PATH_ERRORS = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""The path itself is wrong, whatever the machine is like."""
MAX_URLS = 10
"""How many URLs of one upload may expire before it fails."""


class UploadUrlExpiredError(Exception):
    """
    The URL has expired; the upload must start again with a new one.
    """


@dataclass(slots=True)
class Upload:
    """
    A file to upload.

    Attributes:
        file: Seekable, and open for reading.
        length: In bytes.
        version: Tells an unchanged file from another one, as far as its size and time show it.
    """

    file: IO[bytes]
    length: int
    content_type: str
    version: str = ""


@contextmanager
def open_upload(path: str, content_type: str | None, stdin: IO[bytes] | None) -> Iterator[Upload]:
    """
    Open the file to upload.

    stdin (``-``) and pipes are copied to a temporary file, because their length must be known first.

    Args:
        content_type: None guesses it from the name.

    Raises:
        LocalFileError: The file cannot be read, or stdin cannot be copied.
        UsageError: There is no such file, or the content type is not one.
    """
    content_type = check_content_type(_guess_content_type(path) if content_type is None else content_type)
    if path == "-":
        if stdin is None:
            raise UsageError("cannot read stdin: it is closed")
        with _copy_to_disk(stdin, "stdin") as file:
            yield _describe_copy(file, content_type)
        return
    with _open_file(path) as file:
        status = os.fstat(file.fileno())
        # Files below /proc and /sys have a size of 0 and bytes nevertheless.
        if os.path.isfile(path) and status.st_size:
            yield Upload(file, status.st_size, content_type, f"{status.st_size} {status.st_mtime_ns}")
            return
        with _copy_to_disk(file, path) as copy:
            yield _describe_copy(copy, content_type)


def _open_file(path: str) -> IO[bytes]:
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        is_local = error.errno not in WRONG_PATH_ERRORS
        kind = LocalFileError if is_local else UsageError
        raise kind(f"cannot read {path or repr(path)}: {explain(error)}") from None


def _describe_copy(file: IO[bytes], content_type: str) -> Upload:
    size = os.fstat(file.fileno()).st_size
    return Upload(file, size, content_type, str(size))


def check_content_type(content_type: str) -> str:
    """
    Return *content_type*.

    Raises:
        UsageError: It is not one, so that it cannot be sent, or a service would fail.
    """
    if not CONTENT_TYPE.fullmatch(content_type):
        raise UsageError(f"{content_type!r} is not a content type", hint="write TYPE/SUBTYPE, such as text/plain")
    return content_type


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
    PUT the file, and return the digests of exactly the bytes that were sent.

    Args:
        headers: Sent unchanged, because they may be signed.
        expires: Unix time when the URL expires.

    Raises:
        LocalFileError: The file has become shorter or longer.
        NoAnswerError: There was no response, after all retries.
        ServiceError: The storage rejected the upload. 4xx is not retried.
        UploadUrlExpiredError: A new URL is needed.
    """
    algorithms = tuple(algorithms)
    failures = 0
    while True:
        if expires is not None and time.time() > expires:
            raise UploadUrlExpiredError
        context.progress.start(upload.length)
        hasher = StreamHasher(algorithms, upload.length, context.buffer_bytes)
        after = 0.0
        is_last = failures == context.policy.retries
        try:
            response = _put_once(context, url, headers, upload, hasher, retry=failures)
        except NoAnswerError as error:
            if is_last or error.final or context.cancellation.is_cancelled:
                raise
            reason = str(error)
        else:
            if 200 <= response.status < 300:
                return hasher.digests()
            if response.status in {401, 403} and expires is not None and time.time() > expires - 1:
                raise UploadUrlExpiredError
            if is_last or (response.status < 500 and response.status != 429):
                raise _to_error(url, response)
            reason = f"the storage responded with status {response.status}"
            after = parse_retry_after(response.headers.get("retry-after", ""))
        finally:
            hasher.stop()
        failures += 1
        delay = context.policy.announce_delay(failures, f"{reason}; from the first byte", after, context.report)
        context.cancellation.sleep(delay)


def compute_digests(file: IO[bytes], algorithms: Iterable[str]) -> dict[str, str]:
    """
    Return the hexadecimal digests of a file, without a transfer of it.
    """
    states = {name: hashlib.new(name) for name in algorithms if name in OBJECT_ALGORITHMS}
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        for state in states.values():
            state.update(block)
    return {name: state.hexdigest() for name, state in states.items()}


def _put_once(
    context: TransferContext, url: str, headers: Mapping[str, str], upload: Upload, hasher: StreamHasher, *, retry: int
) -> Response:
    remaining = upload.length
    sent = 0
    upload.file.seek(0)

    def fill(buffer: memoryview) -> int:
        nonlocal remaining
        if not remaining:
            return 0
        count: int = upload.file.readinto(buffer[:remaining])  # type: ignore[attr-defined]
        remaining -= count
        # Before the last bytes are sent, after which the storage would have a whole file.
        if not remaining and upload.file.read(1):
            raise LocalFileError("cannot upload the file: it became longer meanwhile", hint="upload it again")
        return count

    def blocks() -> Iterator[memoryview]:
        nonlocal sent
        for block in hasher.hash_blocks(fill):
            yield block
            sent += len(block)
            context.progress.advance(len(block))
        if remaining:
            raise LocalFileError(
                f"cannot upload the file: it became {remaining} bytes shorter meanwhile", hint="upload it again"
            )

    # The signed headers may contain a length, which must not be sent twice.
    given = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    request = Request(
        "PUT",
        url,
        {**given, "Content-Length": str(upload.length)},
        blocks=blocks(),
        cancellation=context.cancellation,
        is_from_service=True,
        retry=retry,
    )
    response = context.transport.send(request)
    if response.status < 300 and sent < upload.length:
        raise NoAnswerError(f"the storage responded with status {response.status} before it had all bytes", sent=True)
    return response


def _to_error(url: str, response: Response) -> Exception:
    text = excerpt(response.body) or "empty response"
    message = f"cannot upload to the storage: {response.status}: {text} ({redact_text(url)})"
    if response.status < 400:
        return BrokenAnswerError(f"{message}: neither success nor an error")
    return service_error_class(response.status)(message, status=response.status)


def _guess_content_type(path: str) -> str:
    import mimetypes

    content_type, encoding = mimetypes.guess_type(path)
    # The type of the bytes themselves, not of what they are after decompression.
    return (ENCODED_CONTENT_TYPES.get(encoding) if encoding else content_type) or DEFAULT_CONTENT_TYPE


@contextmanager
def _copy_to_disk(stream: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    import shutil

    try:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise LocalFileError(f"cannot copy {name} to a temporary file: {explain(error)}") from None
    with file:
        try:
            shutil.copyfileobj(stream, file, BLOCK_BYTES)
            file.seek(0)
        except OSError as error:
            raise LocalFileError(f"cannot copy {name} to {tempfile.gettempdir()}: {explain(error)}") from None
        yield file
