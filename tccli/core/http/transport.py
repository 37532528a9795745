"""
Requests out, answers in: the only module that touches the network.

API calls are small and often the only thing that a process does, and downloads want their bytes in a buffer of their
own, so all of it goes through the standard library's client: it is loaded in a fraction of the time that a richer one
takes, and copies nothing more often than it must.

Redirects are never followed, and what a proxy or a lost connection does is mapped to the errors of this project.
"""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from tccli.core.http.deadline import Deadline, DeadlinedReader, Pieces
from tccli.core.http.decoding import decoded
from tccli.core.http.messages import Response
from tccli.core.http.proxies import proxy_authorization, proxy_for
from tccli.errors import BrokenAnswerError, NoAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from tccli.core.http.messages import Request

JOIN_SECONDS = 0.02
"""How long small pieces of a body are joined to larger ones."""


class HttpTransport:
    """
    Sends requests over HTTP/1.1, and keeps connections for the next one. Threads may share it.

    Args:
        timeout: Seconds for a whole request, from the connection to the last byte; of a stream, for each piece.
        environ: Where proxies and certificate authorities are read from.
    """

    def __init__(self, timeout: float, environ: Mapping[str, str]) -> None:
        self._timeout = timeout
        self._environ = environ
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}
        self._context: Any = None

    def close(self) -> None:
        """
        Close what is open and not in use.
        """
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.close()

    def send(self, request: Request) -> Response:
        """
        Send once, and read the whole answer.

        Raises:
            NoAnswerError: Nothing came back, or not all of it.
            BrokenAnswerError: What came back is not HTTP, or not of the encoding it claims.
        """
        with self.stream(request) as stream:
            body = stream.read()
        return Response(stream.status, stream.headers, decoded(body, stream.headers.get("content-encoding", "")))

    def stream(self, request: Request, *, on_connect: Callable[[socket.socket], None] | None = None) -> Stream:
        """
        Send once, and return the answer with its body still to be read.

        Args:
            on_connect: Is told by which connection, so that another thread can hang up before there is an answer.

        Raises:
            NoAnswerError: Nothing came back.
            BrokenAnswerError: What came back is not HTTP.
        """
        parts = urlsplit(request.url)
        base = f"{parts.scheme}://{parts.netloc}"
        proxy = proxy_for(parts.scheme, parts.hostname or "", self._environ)
        absolute = proxy is not None and parts.scheme == "http"
        headers = {**request.headers, **(proxy_authorization(proxy) if absolute else {})}
        target = request.url if absolute else request.url.removeprefix(base) or "/"
        idle = self._idle.setdefault(base, [])
        # A list's pop is atomic, so threads never get the same connection.
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._connection(base, proxy)
        failure = _Failure(base, proxy, self._timeout, sent=connection.sock is not None)
        deadline = Deadline(self._timeout)
        try:
            if connection.sock is None:
                connection.timeout = self._timeout
                connection.connect()
                # Headers and body are two writes; waiting to join them would cost a round trip of delayed ACKs.
                connection.sock.setsockopt(  # type: ignore[attr-defined] # connect has set it
                    socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
                )
            failure.sent = True
            sock: socket.socket = connection.sock
            if on_connect is not None:
                on_connect(sock)
            connection.response_class = partial(_response, deadline)  # type: ignore[assignment]
            _write(connection, request, target, headers, deadline)
            answer = _head(connection)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise failure.of(error) from error
        except BaseException:
            connection.close()
            raise
        return Stream(connection, sock, answer, deadline, failure, idle)

    def _connection(self, base: str, proxy: str | None) -> http.client.HTTPConnection:
        parts = urlsplit(base)
        via = urlsplit(proxy) if proxy else parts
        host, port = via.hostname or "", via.port or (443 if via.scheme == "https" else 80)
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        if self._context is None:
            from tccli.core.http.tls import tls_context

            self._context = tls_context(self._environ)
        connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        if proxy:
            connection.set_tunnel(parts.hostname or "", parts.port or 443, proxy_authorization(proxy))
        return connection


def _write(
    connection: http.client.HTTPConnection,
    request: Request,
    target: str,
    headers: Mapping[str, str],
    deadline: Deadline,
) -> None:
    """
    Send a request whole. A server may answer and hang up before it has read everything: then its answer is what counts.
    """
    connection.sock.settimeout(deadline.left())
    if request.blocks is None:
        connection.request(request.verb, target, body=request.body, headers=dict(headers))
        return
    connection.putrequest(request.verb, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        for block in request.blocks:
            deadline.restart()
            connection.sock.settimeout(deadline.left())
            connection.sock.sendall(block)
    except (BrokenPipeError, ConnectionResetError):
        pass
    deadline.restart()


def _response(deadline: Deadline, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
    """
    Make the response that http.client reads from, with a reader that keeps the deadline.
    """
    answer = http.client.HTTPResponse(sock, *args, **kwargs)
    answer.fp.close()
    answer.fp = Pieces(DeadlinedReader(sock, deadline))
    return answer


def _head(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    """
    Read the head of an answer; the library takes one that was cut off for one that ended.
    """
    answer = connection.getresponse()
    if isinstance(answer.fp, Pieces) and answer.fp.line not in {b"\r\n", b"\n"}:
        raise http.client.RemoteDisconnected("cut off")
    return answer


def hang_up(sock: socket.socket) -> None:
    """
    End a connection, also for a thread that waits for bytes of it.
    """
    with suppress(OSError):
        # Not the method of a TLS socket, which would take the ground from under that thread.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Stream:
    """
    An answer whose body is still to be read; leaving the context lets go of it.

    Attributes:
        status: Of HTTP.
        headers: By lower-case name; of a repeated one, the last.
        length: Bytes of the body, or None where only the end of it tells.
    """

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        sock: socket.socket,
        answer: http.client.HTTPResponse,
        deadline: Deadline,
        failure: _Failure,
        idle: list[http.client.HTTPConnection],
    ) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.length = answer.length
        self._connection = connection
        self._socket = sock
        self._answer = answer
        self._deadline = deadline
        self._failure = failure
        self._idle = idle
        self._got = 0
        self._broken: TcError | None = None
        if isinstance(answer.fp, Pieces):
            answer.fp.whole = answer.chunked

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next piece into *buffer*, and return its length; 0 is the end.

        Raises:
            NoAnswerError: The connection was dropped before the end, or nothing came for too long.
        """
        got = 0
        begun = time.monotonic()
        # Small pieces are joined, as long as that delays or loses nothing: a slow link may take hours for a buffer.
        while got < len(buffer) and self._broken is None and (not got or time.monotonic() - begun < JOIN_SECONDS):
            try:
                count = self._piece(buffer[got:])
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                self._broken = self._failure.of(error, got=self._got)
                break
            if not count:
                break
            got += count
            self._got += count
        if self._broken is not None and not got:
            raise self._broken
        return got

    def _piece(self, buffer: memoryview) -> int:
        self._deadline.restart()
        if self._answer.chunked:
            data = self._answer.read1(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        count = self._answer.readinto(buffer)
        if not count and self.length is not None and self._got < self.length:
            raise http.client.IncompleteRead(b"", self.length - self._got)
        return count

    def read(self, most: int | None = None) -> bytes:
        """
        Read the rest of the body, or the first *most* bytes of it.

        Raises:
            NoAnswerError: It did not come within the time, or not all of it.
        """
        try:
            body = self._answer.read(most)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise self._failure.of(error) from error
        self._got += len(body)
        return body

    def abort(self) -> None:
        """
        End the connection, also for a thread that waits for bytes of it.
        """
        hang_up(self._socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._answer.isclosed() and not self._answer.will_close and self._connection.sock is not None:
            self._idle.append(self._connection)
        else:
            self._connection.close()


@dataclass(slots=True)
class _Failure:
    """
    Says what a failure of the network means, in terms of what was tried.
    """

    base: str
    proxy: str | None
    timeout: float
    sent: bool

    def of(self, error: Exception, *, got: int = 0) -> TcError:
        where = self.base + (f" through the proxy {urlsplit(self.proxy).hostname}" if self.proxy else "")
        match error:
            case socket.gaierror():
                host = urlsplit(self.proxy or self.base).hostname
                return NoAnswerError(f"the host {host} is not known", hint="check the address", sent=self.sent)
            case TimeoutError():
                return NoAnswerError(f"no answer from {where} within {self.timeout:g} s", sent=self.sent)
            case ConnectionRefusedError():
                return NoAnswerError(f"nobody listens at {where} (connection refused)", sent=self.sent)
            case http.client.IncompleteRead():
                got += len(error.partial)
                promised = f" of {got + error.expected}" if error.expected else ""
                what = f"dropped the connection after {got}{promised} bytes of the answer"
                return NoAnswerError(f"{where} {what}", sent=self.sent)
            case http.client.RemoteDisconnected() | ConnectionError():
                return NoAnswerError(f"{where} dropped the connection without an answer", sent=self.sent)
            case http.client.InvalidURL():
                return UsageError(f"not a URL that can be sent: {error}")
            case http.client.HTTPException():
                return BrokenAnswerError(f"what {where} answers is not HTTP ({type(error).__name__})")
            case OSError() if type(error).__name__.startswith("SSL"):
                reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
                hint = "SSL_CERT_FILE names further authorities" if "erif" in f"{reason}{error}" else ""
                return NoAnswerError(f"no secure connection to {where}: {reason}", hint=hint, sent=self.sent)
            case _:
                return NoAnswerError(f"cannot talk to {where}: {error}", sent=self.sent)
