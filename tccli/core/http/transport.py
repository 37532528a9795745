"""
Sends requests over HTTP, on httpx's transport layer.

`HttpTransport` is an `httpx.BaseTransport` around connections of httpcore. There is no `httpx.Client`, which would add
headers and cookies, follow redirects and change the URL that was signed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, Self

from tccli.core.http.connections import Body, Route
from tccli.core.http.deadline import Exchange
from tccli.core.http.decompress import decompress
from tccli.core.http.httpx_import import httpx
from tccli.core.http.messages import Response
from tccli.core.http.urls import MAX_SHOWN_CHARACTERS, show_url, split_url
from tccli.errors import BrokenAnswerError, TcError, UsageError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from tccli.core.http.messages import Request

MAX_RESPONSE_BYTES = 128 * 1024 * 1024
"""Of the body of a whole response, as sent and decompressed."""
MAX_HTTP2_BODY_BYTES = 32 * 1024
"""A larger body goes over HTTP/1.1: over HTTP/2, httpcore does not read a response while it still sends."""
JOIN_SECONDS = 0.02
"""How long small pieces of a body are joined to larger ones."""
FRAMING_HEADERS = frozenset(
    {"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization"}
)
"""A service must not choose them: they decide how a message is framed and how it travels."""
OWN_HEADERS = frozenset({"host", "content-length"})
"""Where a service chooses them, httpx reconciles them with the request."""
VERBS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Of the name of a header; RFC 9110, section 5.6.2."""


class StreamingTransport(Protocol):
    """
    What sends requests and can return their responses as streams: an `HttpTransport`, or a wrapper of one.
    """

    def send(self, request: Request) -> Response:
        """
        Send once and return the whole response.
        """

    def stream(self, request: Request) -> Stream:
        """
        Send once and return the response with its body still to be read.
        """


class HttpTransport(httpx.BaseTransport):
    """
    Sends requests, and keeps connections open for the next ones. Threads may share it.

    ``send(request)`` returns a whole response, decompressed. ``stream(request)`` returns a `Stream`, whose body is read
    piece by piece, as it was sent. ``close()`` closes the idle connections. Nothing here follows a redirect or repeats
    a request that may have reached the server.

    Args:
        timeout: Seconds for a whole request, from the name lookup to the last byte. Of a stream: for its head, and then
            for each piece.
        environ: Names proxies (see `find_proxy`) and certificate authorities (see `tls_context`).
    """

    def __init__(self, timeout: float, environ: Mapping[str, str]) -> None:
        self._timeout = timeout
        self._environ = environ
        self._urls: dict[str, httpx.URL] = {}
        self._routes: dict[str, Route] = {}
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def send(self, request: Request) -> Response:
        """
        Send once and return the whole response.

        Over TLS it uses HTTP/2 where the server offers it and the package h2 is installed.

        Raises:
            NoAnswerError: There was no response, or only a part of it.
            BrokenAnswerError: What came back is not HTTP, is too large, or cannot be decompressed; or the URL or a
                header cannot be sent, and a service chose them.
            UsageError: The URL or a header cannot be sent.
        """
        http2 = request.blocks is None and len(request.body or b"") <= MAX_HTTP2_BODY_BYTES
        with self._open(request, http2=http2) as stream:
            body = stream.read(MAX_RESPONSE_BYTES + 1)
        if len(body) > MAX_RESPONSE_BYTES:
            raise BrokenAnswerError(f"the response is larger than {MAX_RESPONSE_BYTES >> 20} MiB")
        encoding = stream.headers.get("content-encoding", "")
        return Response(stream.status, stream.headers, decompress(body, encoding, MAX_RESPONSE_BYTES), stream.via)

    def stream(self, request: Request) -> Stream:
        """
        Send once and return the response with its body still to be read. Always HTTP/1.1.

        Over HTTP/1.1 a body is read straight into the caller's buffer, which the frames of HTTP/2 do not allow.

        Raises:
            NoAnswerError: There was no response.
            BrokenAnswerError: What came back is not HTTP; or the URL or a header cannot be sent, and a service chose
                them.
            UsageError: The URL or a header cannot be sent.
        """
        return self._open(request, http2=False)

    def close(self) -> None:
        """
        Close the connections that are not in use.
        """
        for route in list(self._routes.values()):
            route.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send a request of httpx and return the response, whose stream is a `Body`.

        Of the extensions, ``target`` is sent instead of the URL's path and query, ``exchange`` sets the deadline,
        ``http2`` allows HTTP/2, ``may_repeat`` the use of an idle connection, and ``base`` is the URL without its path.
        """
        body = self._send(request)
        return httpx.Response(body.status, headers=body.headers, stream=body)

    def _send(self, request: httpx.Request) -> Body:
        base = request.extensions.get("base") or f"{request.url.scheme}://{request.url.netloc.decode()}"
        route = self._routes.get(base)
        if route is None:
            # Of two threads that come here at once, both use the same route.
            route = self._routes.setdefault(base, Route(request.url, self._environ, self._contexts))
        return route.send(request, request.extensions.get("exchange") or Exchange(self._timeout))

    def _open(self, request: Request, *, http2: bool) -> Stream:
        exchange = Exchange(self._timeout)
        if request.cancellation is not None:
            request.cancellation.add(exchange)
        try:
            base, _, target = split_url(request.url)
            headers = _encode_headers(request)
            url = self._urls.get(base) or self._urls.setdefault(base, httpx.URL(base))
        except (httpx.InvalidURL, ValueError) as error:
            raise _refusal(request, str(error)) from None
        extensions = {
            # The signature covers these bytes; httpx would turn /a/../b into /b.
            "target": target.encode(),
            "base": base,
            "exchange": exchange,
            "http2": http2,
            "may_repeat": request.may_repeat,
        }
        # A block may take longer than the timeout, over a slow link.
        exchange.renews = request.blocks is not None
        if request.blocks is None and (
            not request.is_from_service or OWN_HEADERS.isdisjoint(name.lower() for name in request.headers)
        ):
            # httpx would add the same headers, but takes as long for it as a signature does.
            headers.insert(0, (b"Host", url.netloc))
            if request.body or request.verb in VERBS_WITH_BODY:
                headers.append((b"Content-Length", b"%d" % len(request.body or b"")))
            stream = httpx.ByteStream(request.body) if request.body else _NO_BODY
            message = httpx.Request(request.verb, url, headers=headers, stream=stream, extensions=extensions)
        else:
            content = request.body if request.blocks is None else _restart_with_each(request.blocks, exchange)
            message = httpx.Request(request.verb, url, headers=headers, content=content, extensions=extensions)
        return Stream(self._send(message), exchange)


class _NoBody(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(())


_NO_BODY = _NoBody()


def _encode_headers(request: Request) -> list[tuple[bytes, bytes]]:
    headers = []
    for name, value in request.headers.items():
        if not name or not TOKEN_CHARACTERS.issuperset(name):
            raise ValueError(f"the header {name[:MAX_SHOWN_CHARACTERS]!a} is not valid")
        if not value.isascii() or value != value.strip() or not value.replace("\t", " ").isprintable():
            raise ValueError(f"the value of the header {name} is not valid")
        if request.is_from_service and name.lower() in FRAMING_HEADERS:
            raise ValueError(f"a service must not choose the header {name}")
        headers.append((name.encode(), value.encode()))
    return headers


def _refusal(request: Request, reason: str) -> TcError:
    if request.is_from_service:
        return BrokenAnswerError(f"cannot request {show_url(request.url)}, which a service chose: {reason}")
    return UsageError(f"cannot request {show_url(request.url)}: {reason}")


def _restart_with_each(blocks: Iterable[Any], exchange: Exchange) -> Iterator[Any]:
    for block in blocks:
        exchange.restart()
        yield block
    exchange.restart()


class Stream:
    """
    A response whose body is still to be read. Leaving the context releases its connection.

    Attributes:
        status: Of HTTP.
        headers: By lower-case name; of a repeated one, the last.
        via: The proxy that may have made the response up; see `Response`.
        length: Bytes of the body as sent, or None where the response does not tell.
    """

    def __init__(self, body: Body, exchange: Exchange) -> None:
        self.status = body.status
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in body.headers}
        self.via = body.via
        self.length = body.length
        self._body = body
        self._exchange = exchange
        self._failure: TcError | None = None
        self._join_seconds = JOIN_SECONDS

    def follow(self, seconds: float) -> None:
        """
        Return each piece as soon as it comes, and wait at least that long for it: it may be written only now.
        """
        self._exchange.seconds = max(seconds, self._exchange.seconds)
        self._join_seconds = 0.0

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next piece into *buffer* and return its length; 0 is the end.

        Raises:
            NoAnswerError: The connection ended before the body, or nothing came within the timeout.
            BrokenAnswerError: The body is not framed as HTTP.
        """
        got = 0
        started = time.monotonic()
        # Small pieces are joined for a short time only: over a slow link a buffer may take hours to fill.
        while (
            got < len(buffer) and self._failure is None and (not got or time.monotonic() - started < self._join_seconds)
        ):
            self._exchange.restart()
            try:
                count = self._body.readinto(buffer[got:])
            except TcError as error:
                self._failure = error
                break
            if not count:
                break
            got += count
        # What came before a failure is returned first: it need not be fetched again.
        if self._failure is not None and not got:
            raise self._failure
        return got

    def read(self, max_bytes: int) -> bytes:
        """
        Return the rest of the body, or its first *max_bytes*, within one timeout.

        Raises:
            NoAnswerError, BrokenAnswerError: As `readinto`.
        """
        return self._body.read(max_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._body.close()
