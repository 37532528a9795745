"""
Connections to one server: opened directly or through a proxy, reused while they are idle, and what their failures mean.
"""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tccli.core.http.httpx_import import httpcore, httpx
from tccli.core.http.network import Backend
from tccli.core.http.network_stream import MAX_READ_BYTES, NetworkStream
from tccli.core.http.proxies import find_proxy
from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

    from tccli.core.http.deadline import Exchange

DEFAULT_PORTS = {"http": 80, "https": 443}


class Connection(NamedTuple):
    """
    A connection between two exchanges.
    """

    interface: httpcore.ConnectionInterface
    stream: NetworkStream


class Route:
    """
    How requests to one scheme, host and port travel, and the idle connections that they may use.

    A connection carries one exchange at a time, over HTTP/2 too: none waits for another, and each can be aborted.

    An idle connection that the server has closed is noticed before it is used. The server may also close it between
    that look and the request, and nothing tells then whether it has read the request: not even the acknowledgements of
    its machine, which come late. So a request that must not be received twice gets a new connection, and for any other
    one the error has ``stale`` set.

    Raises:
        ConfigurationError: The environment names a proxy that cannot be used.
    """

    def __init__(self, url: httpx.URL, environ: Mapping[str, str], contexts: dict[bool, ssl.SSLContext]) -> None:
        port = url.port or DEFAULT_PORTS[url.scheme]
        self._environ = environ
        self._contexts = contexts
        self._url = f"{url.scheme}://{url.netloc.decode()}"
        self._is_tls = url.scheme == "https"
        self._has_http2 = self._is_tls and importlib.util.find_spec("h2") is not None
        self._proxy = proxy = find_proxy(url.scheme, url.host, port, environ)
        self._origin = httpcore.Origin(url.raw_scheme, url.raw_host, port)
        # An HTTP proxy gets whole requests for http://, and only connects for https://. A SOCKS proxy always connects.
        self._is_forwarded = proxy is not None and not self._is_tls and proxy.scheme in DEFAULT_PORTS
        if proxy is not None and self._is_forwarded:
            self._origin = httpcore.Origin(proxy.scheme.encode(), proxy.host.encode(), proxy.port)
        self.via = str(proxy) if self._is_forwarded else ""
        self._idle: dict[bool, list[Connection]] = {False: [], True: []}
        self._is_closed = False

    def close(self) -> None:
        """
        Close the idle connections, and from now on each one when it is released.
        """
        self._is_closed = True
        for connections in self._idle.values():
            while connections:
                connections.pop().interface.close()

    def send(self, request: httpx.Request, exchange: Exchange) -> Body:
        """
        Send a request and return the body of its response.

        Raises:
            NoAnswerError, BrokenAnswerError, UsageError: See `explain_failure`.
        """
        http2 = self._has_http2 and bool(request.extensions.get("http2"))
        may_repeat = bool(request.extensions.get("may_repeat", True))
        message = self._message(request, exchange)
        if not may_repeat:
            # Its own connection is idle afterwards: their number must not grow with that of the requests.
            self._close_idle()
        while True:
            connection = self._take_idle(exchange, http2=http2) if may_repeat else None
            interface = self._connect(http2=http2) if connection is None else connection.interface
            try:
                response = interface.handle_request(message)
                break
            except BaseException as error:  # noqa: BLE001 - raised again
                interface.close()
                if exchange.stream is not None:
                    exchange.stream.close()
                if isinstance(error, httpcore.ConnectionNotAvailable):
                    # Over HTTP/2 the server has told that it did not process the request.
                    exchange.sent = False
                    continue
                is_stale = connection is not None and connection.stream.was_closed_early
                self.raise_failure(error, exchange, is_stale=is_stale)
        if response.status == 407 and self._is_forwarded:
            interface.close()
            refusal = httpcore.ProxyError("407 Proxy Authentication Required")
            self.raise_failure(refusal, exchange)
        return Body(self, Connection(interface, exchange.stream), response, exchange, is_head=request.method == "HEAD")

    def release(self, connection: Connection, *, http2: bool) -> None:
        """
        Keep a connection for another exchange.
        """
        if not http2:
            # The old interface still waits for the body, which was read without it.
            connection = Connection(httpcore.HTTP11Connection(self._origin, connection.stream), connection.stream)
        self._idle[http2].append(connection)
        if self._is_closed:
            # Another thread ends later than the command, which no longer needs its response.
            self.close()

    def _close_idle(self) -> None:
        for idle in self._idle.values():
            with suppress(IndexError):
                # The one that was used last may be needed by other requests.
                idle.pop(0).interface.close()
                return

    def _take_idle(self, exchange: Exchange, *, http2: bool) -> Connection | None:
        for idle in (self._idle[True], self._idle[False]) if http2 else (self._idle[False],):
            # A list's pop is atomic: two threads never get the same connection.
            with suppress(IndexError):
                while True:
                    connection = idle.pop()
                    if not connection.stream.is_stale():
                        connection.stream.begin(exchange, passes_heads_only=idle is self._idle[False])
                        return connection
                    connection.interface.close()
        return None

    def _connect(self, *, http2: bool) -> httpcore.ConnectionInterface:
        proxy = self._proxy
        context = self._tls_context(http2=http2) if self._is_tls else None
        proxy_context = self._tls_context(http2=False) if proxy is not None and proxy.scheme == "https" else None
        if proxy is None or self._is_forwarded:
            return httpcore.HTTPConnection(
                self._origin, ssl_context=context or proxy_context, http2=http2, network_backend=Backend()
            )
        # Without the second argument, httpcore writes an IPv6 address without brackets.
        headers = [(b"Host", self._authority)] if b":" in self._origin.host else []
        url = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/")
        through = httpcore.Proxy(url, auth=proxy.auth, headers=headers, ssl_context=proxy_context)
        pool = httpcore.ConnectionPool(ssl_context=context, proxy=through, http2=http2, network_backend=Backend())
        return pool.create_connection(self._origin)

    def _tls_context(self, *, http2: bool) -> ssl.SSLContext:
        # One for each: httpcore sets the protocols to offer on the context, and threads share it.
        from tccli.core.http.tls import create_tls_context

        if http2 not in self._contexts:
            self._contexts[http2] = create_tls_context(self._environ)
        return self._contexts[http2]

    @property
    def _authority(self) -> bytes:
        host = self._origin.host
        return b"%b:%d" % (b"[%b]" % host if b":" in host else host, self._origin.port)

    def _message(self, request: httpx.Request, exchange: Exchange) -> httpcore.Request:
        target = request.extensions.get("target", request.url.raw_path)
        headers = request.headers.raw
        if self._is_forwarded:
            target = self._url.encode() + target
            if self._proxy is not None and self._proxy.auth is not None:
                credentials = base64.b64encode(b"%b:%b" % self._proxy.auth)
                headers = [*headers, (b"Proxy-Authorization", b"Basic " + credentials)]
        scheme, host, port = self._origin.scheme, self._origin.host, self._origin.port
        message = httpcore.Request(
            request.method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=target),
            headers=headers,
            content=request.stream,
            extensions={"timeout": {"connect": exchange, "read": exchange, "write": exchange}},
        )
        if self._proxy is not None and not self._is_forwarded:
            # This is read for the CONNECT request only; the message has its target already.
            message.extensions["target"] = self._authority
        return message

    def raise_failure(
        self, error: BaseException, exchange: Exchange, *, is_stale: bool = False, **progress: int | None
    ) -> NoReturn:
        """
        Raise what a failure of the network means, as `explain_failure`, or the error itself if it is none.
        """
        # Most calls have no failure.
        from tccli.core.http.failures import explain_failure, is_network_error

        if not is_network_error(error):
            raise error
        failure = explain_failure(error, exchange, self._url, self._proxy, self._environ, **progress)
        if isinstance(failure, NoAnswerError):
            failure.stale = is_stale
        try:
            raise failure from error
        finally:
            # With its traceback it is a cycle, which would keep the buffers of a body alive.
            del failure


class Body(httpx.SyncByteStream):
    """
    The body of a response, as it was sent.

    Attributes:
        status: Of the response.
        headers: Of the response, as they were sent.
        via: The proxy that may have made the response up; see `Response`.
        length: From Content-Length; None for a chunked body, one over HTTP/2, and one that ends with the connection.
    """

    def __init__(
        self, route: Route, connection: Connection, response: httpcore.Response, exchange: Exchange, *, is_head: bool
    ) -> None:
        headers = {name.lower(): value for name, value in response.headers}
        options = b",".join(value for name, value in response.headers if name.lower() == b"connection")
        version = response.extensions["http_version"]
        length = headers.get(b"content-length")
        self.length = int(length) if length is not None and b"transfer-encoding" not in headers else None
        if is_head or response.status < 200 or response.status in {204, 304}:
            self.length = 0
        self.status = response.status
        self.headers = response.headers
        self.via = route.via
        self._route = route
        self._connection = connection
        self._response = response
        self._exchange = exchange
        self._http2 = version == b"HTTP/2"
        self._is_reusable = self._http2 or (
            version == b"HTTP/1.1" and b"close" not in options.lower() and response.status != 101
        )
        self._received = 0
        self._finished = self.length == 0 and not self._http2
        self._is_closed = False
        self._rest = memoryview(b"")
        self._chunks: Iterator[bytes] | None = None
        if self._http2 or b"transfer-encoding" in headers:
            connection.stream.passes_heads_only = False
            assert isinstance(response.stream, Iterable)
            self._chunks = iter(response.stream)

    def __iter__(self) -> Iterator[bytes]:
        buffer = memoryview(bytearray(MAX_READ_BYTES))
        while count := self.readinto(buffer):
            yield bytes(buffer[:count])

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer* and return their number; 0 is the end.

        Raises:
            NoAnswerError, BrokenAnswerError: See `explain_failure`.
        """
        if self._finished:
            return 0
        try:
            count = self._read(buffer) if self._chunks is None else self._read_chunk(buffer, self._chunks)
        except Exception as error:  # noqa: BLE001 - raised again
            self.close()
            self._route.raise_failure(error, self._exchange, received=self._received, length=self.length)
        self._received += count
        self._finished = not count or self._received == self.length
        if self._finished and self._chunks is not None and not self._http2:
            # Bytes behind the last chunk belong to no request; they must not be the response to the next one.
            self._is_reusable = self._is_reusable and not _has_trailing_data(self._response)
        return count

    def read(self, max_bytes: int) -> bytes:
        """
        Return the rest of the body, or its first *max_bytes*.
        """
        body = bytearray()
        size = max_bytes if self.length is None else self.length
        buffer = memoryview(bytearray(min(size, max_bytes, MAX_READ_BYTES)))
        while len(body) < max_bytes and (count := self.readinto(buffer[: max_bytes - len(body)])):
            body += buffer[:count]
        return bytes(body)

    def _read(self, buffer: memoryview) -> int:
        if self.length is not None:
            buffer = buffer[: self.length - self._received]
        count = self._connection.stream.readinto(buffer)
        # Without a length, only an orderly end of the connection is the end of the body.
        if not count and (self.length is not None or self._connection.stream.was_reset):
            raise httpcore.RemoteProtocolError("the body was cut off")
        return count

    def _read_chunk(self, buffer: memoryview, chunks: Iterator[bytes]) -> int:
        while not self._rest:
            try:
                self._rest = memoryview(next(chunks))
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """
        Release the connection, for another exchange where the body was read to its end.
        """
        stream = self._connection.stream
        if self._is_closed:
            return
        self._is_closed = True
        # The connection may carry another exchange from now on.
        self._exchange.detach()
        if not self._finished and self._chunks is None and self.length is not None:
            # The little that has arrived already, such as the text of an error, need not cost the connection.
            self._finished = stream.skip(self.length - self._received)
        if self._finished and self._is_reusable and not stream.ended and not stream.is_cut_off:
            if self._http2:
                self._response.close()
            self._route.release(self._connection, http2=self._http2)
        else:
            self._connection.interface.close()
            stream.close()


def _has_trailing_data(response: httpcore.Response) -> bool:
    # httpcore gives them to upgraded connections only.
    connection = getattr(response.stream, "_connection", None)
    state = getattr(connection, "_h11_state", None)
    return state is None or bool(state.trailing_data[0])
