"""
Requests out, answers in: the only module that touches the network.

API calls are small and often the only thing that a process does, so they go through the standard library's client,
which is loaded in a fraction of the time that a richer one takes.

Redirects are never followed, and what a proxy or a lost connection does is mapped to the errors of this project.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from tccli.errors import BrokenAnswerError, ConfigurationError, NoAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.fake import Call


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request, exactly as it goes out.

    Attributes:
        url: Absolute and percent-encoded; what was signed.
        headers: Without Host and Content-Length.
        body: None where there is none, which is not the same as an empty one.
        call: The method call it stands for.
    """

    verb: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """
    One answer, whole and decoded.

    Attributes:
        headers: By lower-case name; of a repeated one, the last.
        body: Decoded of any content encoding.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """
    Whatever can turn a request into an answer.
    """

    def send(self, request: Request) -> Response:
        """
        Send once, without retries.
        """


class HttpTransport:
    """
    Sends requests over HTTP/1.1, reusing the connection while the host stays the same.

    Args:
        timeout: Seconds for a whole request, from the connection to the last byte.
        environ: Where proxies and certificate authorities are read from.
    """

    def __init__(self, timeout: float, environ: Mapping[str, str]) -> None:
        self._timeout = timeout
        self._environ = environ
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def close(self) -> None:
        """
        Close what is open.
        """
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def send(self, request: Request) -> Response:
        """
        Send once.

        Raises:
            NoAnswerError: Nothing came back, or not all of it.
            BrokenAnswerError: What came back is not HTTP, or not of the encoding it claims.
        """
        parts = urlsplit(request.url)
        key = f"{parts.scheme}://{parts.netloc}"
        deadline = _Deadline(self._timeout)
        proxy = self._proxy(parts.scheme, parts.hostname or "")
        connection = self._connections.pop(key, None) or self._connection(key, proxy)
        connected = connection.sock is not None
        target = request.url if proxy and parts.scheme == "http" else request.url.removeprefix(key) or "/"
        headers = {**request.headers, **(_proxy_authorization(proxy) if parts.scheme == "http" else {})}
        try:
            if not connected:
                connection.timeout = self._timeout
                connection.connect()
                connected = True
            connection.sock.settimeout(deadline.left())
            connection.response_class = deadline.response  # type: ignore[assignment]
            connection.request(request.verb, target, body=request.body, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _mapped(error, key, proxy, self._timeout, sent=connected) from error
        except BaseException:
            connection.close()
            raise
        found = {name.lower(): value for name, value in answer.getheaders()}
        if not answer.will_close:
            self._connections[key] = connection
        return Response(answer.status, found, _decoded(body, found.get("content-encoding", ""), key))

    def _connection(self, base: str, proxy: str | None) -> http.client.HTTPConnection:
        parts = urlsplit(base)
        via = urlsplit(proxy) if proxy else parts
        host, port = via.hostname or "", via.port or (443 if via.scheme == "https" else 80)
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=tls_context(self._environ))
        if proxy:
            connection.set_tunnel(parts.hostname or "", parts.port or 443, _proxy_authorization(proxy))
        return connection

    def _proxy(self, scheme: str, host: str) -> str | None:
        """
        Return the HTTP proxy that the environment names for a host, if any.
        """
        if not any(name.lower() in {f"{scheme}_proxy", "all_proxy"} for name in self._environ):
            return None
        from urllib import request

        proxies = request.getproxies_environment()
        found = proxies.get(scheme) or proxies.get("all")
        if not found or request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
            return None
        if "://" not in found:
            found = f"http://{found}"
        if not found.startswith("http://"):
            raise ConfigurationError(
                f"the proxy for {scheme} is of a kind that is not supported: {found.split('@')[-1]}",
                hint="name an http:// proxy",
            )
        return found


class _Deadline:
    """
    One moment by which all of a request is done, whatever the pieces it comes in.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining

    def response(self, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
        """
        Make the response that http.client reads from, with a reader that keeps the deadline.
        """
        answer = http.client.HTTPResponse(sock, *args, **kwargs)
        answer.fp.close()
        answer.fp = io.BufferedReader(_DeadlinedReader(sock, self))
        return answer


class _DeadlinedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._socket = sock
        self._deadline = deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def tls_context(environ: Mapping[str, str]) -> Any:
    """
    Return a context that trusts what ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, else what the system does.

    A directory of hashed certificates is read as they are needed; a bundle is parsed whole, which takes tens of
    milliseconds, so the directory is preferred.

    Raises:
        ConfigurationError: A named file or folder is not there, or holds no certificates.
    """
    import os
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        for name, path in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
            if path and not os.path.exists(path):
                raise ConfigurationError(f"{name} names {path}, which is not there")
        try:
            context.load_verify_locations(cafile=file or None, capath=folder or None)
        except OSError as error:
            raise ConfigurationError(f"SSL_CERT_FILE cannot be used: {error}") from None
        return context
    for path in (ssl.get_default_verify_paths().capath, "/etc/ssl/certs"):
        if path and os.path.isdir(path) and any(name.endswith(".0") for name in os.listdir(path)):
            context.load_verify_locations(capath=path)
            return context
    context.load_default_certs()
    return context


def _proxy_authorization(proxy: str | None) -> dict[str, str]:
    parts = urlsplit(proxy or "")
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _mapped(error: Exception, base: str, proxy: str | None, timeout: float, *, sent: bool) -> TcError:
    """
    Say what a failure of the network means.
    """
    where = base + (f" through the proxy {urlsplit(proxy).hostname}" if proxy else "")
    match error:
        case socket.gaierror():
            host = urlsplit(proxy or base).hostname
            return NoAnswerError(f"the host {host} is not known", hint="check the root URL", sent=sent)
        case TimeoutError():
            return NoAnswerError(f"no answer from {where} within {timeout:g} s", sent=sent)
        case ConnectionRefusedError():
            return NoAnswerError(f"nobody listens at {where} (connection refused)", sent=sent)
        case http.client.IncompleteRead():
            got = len(error.partial)
            promised = f" of {got + error.expected}" if error.expected else ""
            return NoAnswerError(f"{where} dropped the connection after {got}{promised} bytes of the answer", sent=sent)
        case http.client.RemoteDisconnected() | ConnectionError():
            return NoAnswerError(f"{where} dropped the connection without an answer", sent=sent)
        case http.client.InvalidURL():
            return UsageError(f"not a URL that can be sent: {error}")
        case http.client.HTTPException():
            return BrokenAnswerError(f"what {where} answers is not HTTP ({type(error).__name__})")
        case OSError() if type(error).__name__.startswith("SSL"):
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
            hint = "SSL_CERT_FILE names further authorities" if "erif" in f"{reason}{error}" else ""
            return NoAnswerError(f"no secure connection to {where}: {reason}", hint=hint, sent=sent)
        case _:
            return NoAnswerError(f"cannot talk to {where}: {error}", sent=sent)


def _decoded(body: bytes, encoding: str, base: str) -> bytes:
    """
    Undo the content encoding, the whole of it: a stream that was cut short is an error.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BrokenAnswerError(f"{base} answered in the encoding {encoding!r}, which was not asked for")
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = decoder.decompress(body) + decoder.flush()
    except zlib.error as error:
        raise BrokenAnswerError(f"{base} answered with broken {encoding} data ({error})") from None
    if not decoder.eof:
        raise BrokenAnswerError(f"{base} answered with {encoding} data that was cut short")
    return plain
