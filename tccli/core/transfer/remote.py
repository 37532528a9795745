"""
Remote files: their URL, their metadata, and requests for ranges of their bytes.
"""

from __future__ import annotations

import binascii
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tccli import __version__
from tccli.core.http.deadline import Cancellation
from tccli.core.http.messages import Request
from tccli.core.http.redact import redact_text
from tccli.core.http.retry import parse_retry_after
from tccli.core.http.urls import resolve_redirect
from tccli.core.printable import escape_line
from tccli.core.responses import excerpt
from tccli.errors import BrokenAnswerError, FailedError, NoAnswerError, TcError, service_error_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.core.http.transport import Stream
    from tccli.core.transfer.context import TransferContext
    from tccli.core.transfer.source import Location, Source

MAX_REDIRECTS = 5
MAX_ERROR_BODY_BYTES = 2048
MAX_DRAINED_BYTES = 64
MAX_HEADER_CHARACTERS = 200
"""In a message."""
STRONG_ETAG = re.compile(r'"[!\x23-\x7e\x80-\xff]+"')
"""RFC 9110, section 8.8.3; an empty one would tell nothing."""
MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')
"""What S3 has for an upload in one request, and Google for one that is not composed of several. With some kinds of
encryption it is a hash of something else."""
GOOGLE_MD5 = re.compile(r"(?:^|,)\s*md5=([A-Za-z0-9+/]{22}==)")
RENEW_BEFORE_SECONDS = 5.0
"""A URL that expires sooner is replaced before it is used."""


@dataclass(frozen=True, slots=True)
class RemoteMetadata:
    """
    What a response tells about the whole file. Ranges of responses with equal metadata belong to the same file.

    Attributes:
        length: Stored bytes, or None if not known.
        validator: The strong ETag, or "". A weak one, or a date, may be the same for different bytes.
        encoding: Content encoding in lower case, or "".
        content_type: As sent, or "".
        md5: Hexadecimal, probably of the stored bytes, or "".
    """

    length: int | None
    validator: str
    encoding: str
    content_type: str = field(default="", compare=False)
    md5: str = field(default="", compare=False)


class RemoteChangedError(Exception):
    """
    The remote file has changed: the bytes downloaded so far are useless.
    """


class NotResumableError(RemoteChangedError):
    """
    A transfer was interrupted, and nothing would show that the rest belongs to the same file.

    Attributes:
        error: What interrupted it.
    """

    def __init__(self, error: TcError) -> None:
        super().__init__(str(error))
        self.error = error


class TransientError(Exception):
    """
    A failure that a retry may resolve.

    Args:
        after: Seconds that the server asks to wait.
    """

    def __init__(self, message: str, *, status: int = 0, after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.after = after

    def to_final(self) -> TcError:
        """
        Return the error to raise when all retries have failed.
        """
        return FailedError(str(self), status=self.status) if self.status else BrokenAnswerError(str(self))


class UrlExpiredError(Exception):
    """
    The URL was rejected; a new one may work.
    """

    def __init__(self, message: str, status: int, location: Location) -> None:
        super().__init__(message)
        self.status = status
        self.location = location


@dataclass(slots=True)
class RangeResponse:
    """
    An open response.

    Attributes:
        start: The position in the file of the next byte of the body.
        is_range: Whether the server sent the requested range, rather than the whole file.
    """

    stream: Stream
    start: int
    metadata: RemoteMetadata
    is_range: bool


class RemoteFile:
    """
    Opens ranges of a source's bytes. Thread-safe.

    Attributes:
        cancellation: Cancelled when all transfers of the file must end.
        has_checksum: Whether the user gave a digest, which shows whether the bytes belong together.
        check_retry: Called before each retry with its number, from 1, and the failure; may raise an error instead.
    """

    check_retry: Callable[[int, TcError | TransientError], None] | None = None

    def __init__(self, source: Source, context: TransferContext) -> None:
        self.source = source
        self.context = context
        self.cancellation = Cancellation()
        self.has_checksum = False
        self._is_stopped = False
        self._lock = threading.Lock()
        self._location: Location | None = None
        self._used_location: Location | None = None
        self._supports_ranges = True

    def locate(self) -> Location:
        """
        Return a location that has not expired.
        """
        with self._lock:
            location = self._location
            if location is None or (location.expires and location.expires - time.time() < RENEW_BEFORE_SECONDS):
                location = self._location = self.source.locate(self.cancellation)
            return location

    def can_join(self, metadata: RemoteMetadata) -> bool:
        """
        Return whether bytes of two responses can be joined: the validator or a digest shows that they belong together.
        """
        return bool(metadata.validator or self.has_checksum or self.locate().hashes)

    def disable_ranges(self) -> None:
        """
        From now on, request the whole file.
        """
        self._supports_ranges = False

    def invalidate(self, location: Location) -> bool:
        """
        Forget a location that was rejected, unless another thread has replaced it already.

        Returns:
            Whether it has expired: it was accepted before, or another thread has replaced it. Otherwise it was never
            valid, as far as is known.
        """
        with self._lock:
            if self._location is location:
                self._location = None
            return self._used_location is location or self._location is not None

    def forget_location(self) -> None:
        """
        Request the location again before the next range.
        """
        with self._lock:
            self._location = None

    def stop(self) -> None:
        """
        Make all threads that use the file end at once, for good.
        """
        self._is_stopped = True
        self.stop_readers()

    def abort(self) -> None:
        """
        As `stop`, for the `Cancellation` of more than this file.
        """
        self.stop()

    @property
    def is_stopped(self) -> bool:
        """
        Whether `stop` was called.
        """
        return self._is_stopped

    def stop_readers(self) -> None:
        """
        Make all threads that use the file end at once, until :meth:`restart`.
        """
        # Not under the lock: a thread that waits for a service has it.
        self.cancellation.cancel()

    def restart(self) -> None:
        """
        Allow new transfers of the file, unless it was stopped for good.
        """
        self.cancellation = Cancellation()
        # Either this thread sees the flag, or the one that stops sees the cancellation.
        if self._is_stopped:
            self.cancellation.cancel()

    def wait_before_retry(self, retry: int, error: TcError | TransientError) -> None:
        """
        Wait after a failure. If the storage asked to slow down, all transfers of the context wait.

        Args:
            retry: From 1.
            error: Of `open` or of reading the response.

        Raises:
            NoAnswerError: The file was stopped.
        """
        if self.check_retry is not None:
            self.check_retry(retry, error)
        after, status = (error.after, error.status) if isinstance(error, TransientError) else (0.0, 0)
        seconds = self.context.policy.announce_delay(retry, str(error), after, self.context.report)
        if status in {429, 503}:
            self.context.back_off.extend(seconds)
        self.cancellation.sleep(seconds)

    def open(self, location: Location, start: int, end: int | None, *, retry: int = 0) -> RangeResponse:
        """
        Request the bytes from *start* up to *end*; the response may be for the whole file.

        Args:
            retry: Which retry it is, for traces.

        Raises:
            BrokenAnswerError: The URL or the response is not usable, which a retry does not change.
            NoAnswerError: There was no response.
            RemoteChangedError: The file is now shorter than *start*.
            ServiceError: The storage rejected the request.
            TransientError: A retry may help.
            UrlExpiredError: A new URL may help.
        """
        headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": f"tc/{__version__}"}
        if self._supports_ranges and (start or end is not None):
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        stream = self._send(location, headers, retry)
        if stream.status == 416 and start == 0 and "Range" in headers:
            # An empty file has no ranges.
            _close(stream)
            del headers["Range"]
            stream = self._send(location, headers, retry)
        try:
            response = self._to_range_response(stream, location, start)
        except BaseException:
            _close(stream)
            raise
        self._used_location = location
        return response

    def readinto(self, response: RangeResponse, buffer: memoryview) -> int:
        """
        Read the next bytes of a response, and return their number, 0 at the end.

        Raises:
            TransientError: What came is not HTTP, which may be different next time.
            NoAnswerError: The connection failed.
        """
        try:
            return response.stream.readinto(buffer)
        except BrokenAnswerError as error:
            raise TransientError(f"{self.source.name}: {error.message}") from None

    def drain(self, response: RangeResponse) -> None:
        """
        Read the body if it is very short, so that its connection can be used again.
        """
        with suppress(TcError):
            response.stream.read(MAX_DRAINED_BYTES)

    def close(self, response: RangeResponse) -> None:
        """
        Close a response; its connection is used again if the body was read to its end.
        """
        _close(response.stream)

    def _send(self, location: Location, headers: Mapping[str, str], retry: int) -> Stream:
        """
        Send a request, and follow redirects where the location allows it.
        """
        url = location.url
        for _ in range(MAX_REDIRECTS):
            request = Request("GET", url, headers, is_from_service=True, cancellation=self.cancellation, retry=retry)
            try:
                stream = self._send_once(request)
            except NoAnswerError as error:
                error.hint = location.unreachable_hint or error.hint
                raise
            target = stream.headers.get("location")
            if not (location.follow and stream.status in {301, 302, 303, 307, 308} and target):
                return stream
            _close(stream)
            url = resolve_redirect(url, target)
        raise BrokenAnswerError(f"{self.source.name}: redirected more than {MAX_REDIRECTS} times")

    def _send_once(self, request: Request) -> Stream:
        while seconds := self.context.back_off.remaining:
            self.cancellation.sleep(seconds)
        try:
            return self.context.transport.stream(request)
        except BrokenAnswerError as error:
            # What came back is not HTTP, which may be different next time.
            raise TransientError(f"{self.source.name}: {error.message}") from None

    def _to_range_response(self, stream: Stream, location: Location, start: int) -> RangeResponse:
        if stream.status not in {200, 206}:
            raise self._to_error(stream, location)
        is_range = stream.status == 206
        first, length = self._parse_content_range(stream, start) if is_range else (0, stream.length)
        etag = stream.headers.get("etag", "")
        validator = etag if STRONG_ETAG.fullmatch(etag) else ""
        encoding = stream.headers.get("content-encoding", "").strip().lower().replace("identity", "")
        md5 = _find_md5(validator, stream.headers.get("x-goog-hash", ""))
        metadata = RemoteMetadata(length, validator, encoding, stream.headers.get("content-type", ""), md5)
        return RangeResponse(stream, first, metadata, is_range)

    def _parse_content_range(self, stream: Stream, start: int) -> tuple[int, int]:
        """
        Return the first position and the length of the whole file from the Content-Range header.
        """
        value = stream.headers.get("content-range", "")
        match = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", value.strip())
        if match:
            first, last, length = map(int, match.groups())
            has_this_length = stream.length is None or stream.length == last - first + 1
            if first == start and first <= last < length and has_this_length:
                return first, length
        # This server does not implement ranges correctly.
        self.disable_ranges()
        raise TransientError(
            f"{self.source.name}: requested bytes from {start} on, "
            f"but the Content-Range is {escape_line(value, MAX_HEADER_CHARACTERS) or 'missing'!r}"
        )

    def _to_error(self, stream: Stream, location: Location) -> Exception:
        """
        Return the error for a response that is neither 200 nor 206.
        """
        text = excerpt(stream.read(MAX_ERROR_BODY_BYTES)) or "empty response"
        message = f"{self.source.name}: {stream.status}: {text} ({redact_text(location.url)})"
        if stream.status == 416:
            return RemoteChangedError(message)
        if stream.status == 429 or stream.status >= 500:
            seconds = parse_retry_after(stream.headers.get("retry-after", ""))
            return TransientError(message, status=stream.status, after=seconds)
        if stream.status in {401, 403, 410}:
            return UrlExpiredError(message, stream.status, location)
        if stream.status < 400:
            return BrokenAnswerError(f"{message}: neither the file nor an error")
        hint = location.hint if stream.status == 404 else ""
        return service_error_class(stream.status)(message, status=stream.status, hint=hint)


def _find_md5(etag: str, google_hashes: str) -> str:
    """
    Return the MD5 that a response tells of the whole file, in hexadecimal, or an empty string.
    """
    if found := GOOGLE_MD5.search(google_hashes):
        return binascii.a2b_base64(found[1]).hex()
    found = MD5_ETAG.fullmatch(etag)
    return found[1] if found else ""


def _close(stream: Stream) -> None:
    stream.__exit__(None, None, None)
