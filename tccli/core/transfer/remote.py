"""
The far side of a download: where it is, what is known of it, and a reader that does not give up.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin

from tccli import __version__
from tccli.core.http.messages import Request
from tccli.core.http.redact import redact_text
from tccli.core.http.retry import retry_after
from tccli.errors import BrokenAnswerError, FailedError, TcError, service_error_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.http.deadline import Exchange
    from tccli.core.http.transport import Stream
    from tccli.core.transfer.context import TransferContext

MAX_REDIRECTS = 5
RENEW_BEFORE_SECONDS = 5.0
"""Seconds before a URL expires at which it is renewed rather than tried."""


@dataclass(frozen=True, slots=True)
class Location:
    """
    Where the bytes are, for a while.

    Attributes:
        url: Fetched as it is, with no header of ours that says who is asking.
        hashes: Hexadecimal digests of the decoded bytes, by algorithm.
        expires: Unix time, or None where nobody says.
        follow: Whether redirects are followed.
    """

    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    expires: float | None = None
    follow: bool = False


class Source(Protocol):
    """
    Something that can be downloaded.

    Attributes:
        name: For messages.
        identity: What makes it this one and no other, for picking up a download; JSON values.
    """

    name: str
    identity: Mapping[str, Any]

    def locate(self) -> Location:
        """
        Ask where it is: at the beginning, and again when a URL has expired.
        """


@dataclass(frozen=True, slots=True)
class RemoteMetadata:
    """
    What an answer says about the whole; while that stays the same, parts of different answers fit together.

    Attributes:
        length: Bytes as stored, or None where nobody says.
        validator: The entity tag, else the time of change, else nothing.
        encoding: The content encoding, in lower case, or nothing.
    """

    length: int | None
    validator: str
    encoding: str


class RemoteChangedError(Exception):
    """
    The remote side is not what it was: what has been fetched of it is of no use.
    """


class RangeResponse:
    """
    An answer that is being read.

    Attributes:
        start: Where in the whole its first byte belongs.
        is_range: Whether the server gave what was asked for, and not everything.
    """

    def __init__(self, stream: Stream, start: int, metadata: RemoteMetadata, *, is_range: bool) -> None:
        self.stream = stream
        self.start = start
        self.metadata = metadata
        self.is_range = is_range


class RemoteFile:
    """
    Opens parts of a source; threads may share it.

    Attributes:
        stopped: Set when all that is going on is to end.
    """

    def __init__(self, source: Source, context: TransferContext) -> None:
        self.source = source
        self.context = context
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._location: Location | None = None
        self._ranges = True
        self._streams: set[Stream] = set()
        self._starting: dict[int, Exchange] = {}

    def location(self) -> Location:
        """
        Return where the bytes are now.
        """
        with self._lock:
            found = self._location
            if found is None or (found.expires is not None and found.expires - time.time() < RENEW_BEFORE_SECONDS):
                found = self._location = self.source.locate()
            return found

    def renew(self, stale: Location) -> None:
        """
        Forget a location that does not work any more, unless another thread has done so.
        """
        with self._lock:
            if self._location is stale:
                self._location = None

    def stop(self) -> None:
        """
        End all that is going on, soon.
        """
        self.stopped.set()
        with self._lock:
            streams = list(self._streams)
            for exchange in self._starting.values():
                exchange.abort()
        for stream in streams:
            stream.abort()

    def open(self, start: int, end: int | None) -> RangeResponse:
        """
        Ask for the bytes from *start* to before *end*; what comes may be everything instead.

        Raises:
            NoAnswerError: There was none.
            ServiceError: It is an error.
            BrokenAnswerError: It is for other bytes than were asked for.
        """
        location = self.location()
        headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": f"tc/{__version__}"}
        if self._ranges and (start or end is not None):
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        stream = self._follow(location, headers)
        if stream.status == 416 and start == 0 and "Range" in headers:
            # What is empty has no ranges.
            stream.__exit__(None, None, None)
            del headers["Range"]
            stream = self._follow(location, headers)
        try:
            return self._response(stream, location, start)
        except BaseException:
            stream.__exit__(None, None, None)
            raise

    def unregister(self, stream: Stream) -> None:
        """
        Say that a stream is not read any more.
        """
        with self._lock:
            self._streams.discard(stream)

    def _follow(self, location: Location, headers: Mapping[str, str]) -> Stream:
        url = location.url
        for _ in range(MAX_REDIRECTS):
            stream = self._opened(Request("GET", url, headers))
            target = stream.headers.get("location")
            if not (location.follow and stream.status in {301, 302, 303, 307, 308} and target):
                return stream
            stream.__exit__(None, None, None)
            url = urljoin(url, target)
            if not url.startswith(("http://", "https://")):
                raise BrokenAnswerError(f"{self.source.name}: redirected to {redact_text(url)}, not a web address")
        raise BrokenAnswerError(f"{self.source.name}: redirected more than {MAX_REDIRECTS} times")

    def _opened(self, request: Request) -> Stream:
        thread = threading.get_ident()

        def register(exchange: Exchange) -> None:
            with self._lock:
                self._starting[thread] = exchange
            if self.stopped.is_set():
                exchange.abort()

        try:
            return self.context.transport.stream(request, on_start=register)
        finally:
            with self._lock:
                self._starting.pop(thread, None)

    def _response(self, stream: Stream, location: Location, start: int) -> RangeResponse:
        validator = stream.headers.get("etag") or stream.headers.get("last-modified") or ""
        encoding = stream.headers.get("content-encoding", "").strip().lower().replace("identity", "")
        if stream.status == 200:
            response = RangeResponse(stream, 0, RemoteMetadata(stream.length, validator, encoding), is_range=False)
        elif stream.status == 206:
            first, length = self._content_range(stream, start)
            response = RangeResponse(stream, first, RemoteMetadata(length, validator, encoding), is_range=True)
        else:
            raise self._refusal(stream, location)
        with self._lock:
            self._streams.add(stream)
            if self.stopped.is_set():
                stream.abort()
        return response

    def _content_range(self, stream: Stream, start: int) -> tuple[int, int]:
        """
        Return the first byte and the whole length that a partial answer says it is for.
        """
        said = stream.headers.get("content-range", "")
        found = re.fullmatch(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)", said.strip())
        if found:
            first, last, length = map(int, found.groups())
            fits = stream.length is None or stream.length == last - first + 1
            if first == start and first <= last < length and fits:
                return first, length
        # A server that gets ranges wrong is asked for everything from now on.
        self._ranges = False
        raise TransientError(f"{self.source.name}: asked for bytes from {start} on, and got {said or 'no range'!r}")

    def _refusal(self, stream: Stream, location: Location) -> Exception:
        """
        Return what an answer without the bytes means.
        """
        body = stream.read(2048).decode("utf-8", "replace")
        text = " ".join(re.sub(r"<[^>]*>|[\x00-\x1f\x7f]", " ", body).split())[:200]
        message = f"{self.source.name}: {stream.status}: {text or 'no text'} ({redact_text(location.url)})"
        if stream.status == 416:
            return RemoteChangedError(message)
        if stream.status == 429 or stream.status >= 500:
            return TransientError(
                message, status=stream.status, after=retry_after(stream.headers.get("retry-after", ""))
            )
        if stream.status in {401, 403, 410}:
            return UrlExpiredError(message, stream.status, location)
        return service_error_class(stream.status)(message, status=stream.status)


class TransientError(Exception):
    """
    A failure that may be over when it is tried again.
    """

    def __init__(self, message: str, *, status: int = 0, after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.after = after

    def final(self) -> TcError:
        """
        Return the error that it is when it does not pass.
        """
        if self.status:
            return FailedError(str(self), status=self.status)
        return BrokenAnswerError(str(self))


class UrlExpiredError(Exception):
    """
    A refusal that a new URL may mend.
    """

    def __init__(self, message: str, status: int, location: Location) -> None:
        super().__init__(message)
        self.status = status
        self.location = location
