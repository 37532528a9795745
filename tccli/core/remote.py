"""
The far side of a download: where it is, what is known of it, and a reader that does not give up.
"""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin

from tccli import __version__
from tccli.core.retries import retry_after
from tccli.core.tracing import masked_url
from tccli.core.transport import Request
from tccli.errors import BrokenAnswerError, FailedError, NoAnswerError, TcError, service_error_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.transfer import Carrier
    from tccli.core.transport import Stream

MOST_REDIRECTS = 5
RENEW_BEFORE = 5.0
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
class Facts:
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


class ChangedError(Exception):
    """
    The remote side is not what it was: what has been fetched of it is of no use.
    """


class Part:
    """
    An answer that is being read.

    Attributes:
        start: Where in the whole its first byte belongs.
        is_range: Whether the server gave what was asked for, and not everything.
    """

    def __init__(self, stream: Stream, start: int, facts: Facts, *, is_range: bool) -> None:
        self.stream = stream
        self.start = start
        self.facts = facts
        self.is_range = is_range


class Remote:
    """
    Opens parts of a source; threads may share it.

    Attributes:
        stopped: Set when all that is going on is to end.
    """

    def __init__(self, source: Source, carrier: Carrier) -> None:
        self.source = source
        self.carrier = carrier
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._location: Location | None = None
        self._ranges = True
        self._streams: set[Stream] = set()

    def location(self) -> Location:
        """
        Return where the bytes are now.
        """
        with self._lock:
            found = self._location
            if found is None or (found.expires is not None and found.expires - time.time() < RENEW_BEFORE):
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
        for stream in streams:
            stream.abort()

    def open(self, start: int, end: int | None) -> Part:
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
            return self._part(stream, location, start)
        except BaseException:
            stream.__exit__(None, None, None)
            raise

    def forget(self, stream: Stream) -> None:
        """
        Say that a stream is not read any more.
        """
        with self._lock:
            self._streams.discard(stream)

    def _follow(self, location: Location, headers: Mapping[str, str]) -> Stream:
        url = location.url
        for _ in range(MOST_REDIRECTS):
            stream = self.carrier.transport.open(Request("GET", url, headers))
            target = stream.headers.get("location")
            if not (location.follow and stream.status in {301, 302, 303, 307, 308} and target):
                return stream
            stream.__exit__(None, None, None)
            url = urljoin(url, target)
            if not url.startswith(("http://", "https://")):
                raise BrokenAnswerError(f"{self.source.name}: redirected to {masked_url(url)}, which is no web address")
        raise BrokenAnswerError(f"{self.source.name}: redirected more than {MOST_REDIRECTS} times")

    def _part(self, stream: Stream, location: Location, start: int) -> Part:
        validator = stream.headers.get("etag") or stream.headers.get("last-modified") or ""
        encoding = stream.headers.get("content-encoding", "").strip().lower().replace("identity", "")
        if stream.status == 200:
            part = Part(stream, 0, Facts(stream.length, validator, encoding), is_range=False)
        elif stream.status == 206:
            first, length = self._content_range(stream, start)
            part = Part(stream, first, Facts(length, validator, encoding), is_range=True)
        else:
            raise self._refusal(stream, location)
        with self._lock:
            self._streams.add(stream)
            if self.stopped.is_set():
                stream.abort()
        return part

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
        raise _PassingError(f"{self.source.name}: asked for bytes from {start} on, and got {said or 'no range'!r}")

    def _refusal(self, stream: Stream, location: Location) -> Exception:
        """
        Return what an answer without the bytes means.
        """
        body = stream.read(2048).decode("utf-8", "replace")
        text = " ".join(re.sub(r"<[^>]*>|[\x00-\x1f\x7f]", " ", body).split())[:200]
        message = f"{self.source.name}: {stream.status}: {text or 'no text'} ({masked_url(location.url)})"
        if stream.status == 416:
            return ChangedError(message)
        if stream.status == 429 or stream.status >= 500:
            return _PassingError(
                message, status=stream.status, after=retry_after(stream.headers.get("retry-after", ""))
            )
        if stream.status in {401, 403, 410}:
            return _ExpiredError(message, stream.status, location)
        return service_error_class(stream.status)(message, status=stream.status)


class _PassingError(Exception):
    """
    A failure that may be over when it is tried again.
    """

    def __init__(self, message: str, *, status: int = 0, after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.after = after

    def final(self) -> TcError:
        if self.status:
            return FailedError(str(self), status=self.status)
        return BrokenAnswerError(str(self))


class _ExpiredError(Exception):
    """
    A refusal that a new URL may mend.
    """

    def __init__(self, message: str, status: int, location: Location) -> None:
        super().__init__(message)
        self.status = status
        self.location = location


class Reader:
    """
    Reads bytes of a source in order, and goes on from where it stopped after every failure that may pass.

    Args:
        start: The first byte.
        end: After the last byte, or None for as many as there are.
        part: An answer that is open already.

    Attributes:
        position: The next byte.
        end: After the last byte; None until the length of the whole is known, if ever.
        facts: About the whole, once something has been opened.
    """

    def __init__(self, remote: Remote, start: int, end: int | None, part: Part | None = None) -> None:
        self.position = start
        self.facts = part.facts if part else None
        self.end = end
        self._remote = remote
        self._part = part
        self._failures = 0
        self._renewed = False

    def open(self) -> Part:
        """
        Return the answer that is being read, asking for one where there is none.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while self._part is None:
            try:
                # Without a length there are no parts: all is sent again, and what is known goes by.
                whole = self.facts is not None and self.facts.length is None
                part = self._remote.open(0, None) if whole else self._remote.open(self.position, self.end)
            except (NoAnswerError, BrokenAnswerError, _PassingError, _ExpiredError) as error:
                self._bear(error)
                continue
            self._part = part
            if self.facts is not None and part.facts != self.facts:
                self.close()
                raise ChangedError(f"{self._remote.source.name} has changed")
            self.facts = part.facts
            if self.facts.length is not None:
                self.end = self.facts.length if self.end is None else min(self.end, self.facts.length)
        return self._part

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer*, and return how many; 0 is the end.

        Raises:
            ChangedError: The remote side has changed since the first answer.
            TcError: It failed for good.
        """
        while True:
            part = self.open()
            if self.end is not None:
                buffer = buffer[: self.end - self.position]
            if not len(buffer):
                break
            try:
                if part.start < self.position:
                    # Everything was sent where a part was asked for: what is known goes by.
                    skipped = part.stream.readinto(buffer[: self.position - part.start])
                    part.start += skipped
                    if skipped:
                        continue
                    count = 0
                else:
                    count = part.stream.readinto(buffer)
            except NoAnswerError as error:
                self.close()
                self._bear(error)
                continue
            if count:
                self._failures = 0
                self._renewed = False
                self.position += count
                part.start = self.position
                self._remote.carrier.meter.advance(count)
                return count
            self.close()
            if self.end is None:
                if self._remote.stopped.is_set():
                    raise NoAnswerError(f"{self._remote.source.name}: ended before it was whole")
                return 0
            missing = self.end - self.position
            self._bear(_PassingError(f"{self._remote.source.name}: {missing} bytes fewer than promised"))
        self.close()
        return 0

    def close(self) -> None:
        """
        Let go of the answer that is being read.
        """
        if self._part is not None:
            self._remote.forget(self._part.stream)
            self._part.stream.__exit__(None, None, None)
            self._part = None

    def _bear(self, error: Exception) -> None:
        """
        Wait before the next try, or give up.
        """
        remote = self._remote
        if remote.stopped.is_set():
            raise error
        if isinstance(error, _ExpiredError):
            if self._renewed:
                raise service_error_class(error.status)(str(error), status=error.status) from None
            self._renewed = True
            remote.renew(error.location)
            return
        self._failures += 1
        policy = remote.carrier.policy
        if self._failures > policy.retries:
            if isinstance(error, NoAnswerError):
                error.message = f"{remote.source.name}: {error.message}"
            raise (error.final() if isinstance(error, _PassingError) else error) from None
        after = error.after if isinstance(error, _PassingError) else 0.0
        delay = max(policy.delay(self._failures, random.uniform(-1, 1)), after)  # noqa: S311 - spreads load
        remote.carrier.report(f"{error}; retry {self._failures} of {policy.retries} in {delay:.1f} s")
        remote.stopped.wait(delay)
