"""
Failures of the network, in terms of what was tried: which error they are, and whether another attempt can help.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from tccli.core.http.httpx_import import httpcore
from tccli.errors import BrokenAnswerError, NoAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from tccli.core.http.deadline import Exchange
    from tccli.core.http.proxies import Proxy

NETWORK_ERRORS = (
    OSError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
UNKNOWN_HOST = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
REFUSED_STREAM = 7
"""The HTTP/2 error code of a request that was not processed; RFC 9113, section 8.7."""


def is_network_error(error: BaseException) -> bool:
    """
    Return whether an error comes from the network or the other side, and not from a mistake here.
    """
    # httpcore does not wrap all that h2 and socksio raise, and they may not be installed.
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, NETWORK_ERRORS) or package in {"h2", "hpack", "hyperframe", "socksio"}


def explain_failure(
    error: BaseException, exchange: Exchange, url: str, proxy: Proxy | None, *, received: int, length: int | None
) -> TcError:
    """
    Return the error to raise for a failure of the network.

    Args:
        url: Scheme, host and port of the server, for the message.
        received: Bytes of the body that had come.
        length: Bytes of the whole body, where it is known.
    """
    where = url + (f" through the proxy {proxy.host}:{proxy.port} ({proxy.variable})" if proxy else "")
    source = proxy.variable if proxy else "the URL"
    has_ended = exchange.stream is not None and exchange.stream.ended
    is_final = False
    hint = ""
    match error:
        case httpcore.LocalProtocolError() if not exchange.sent:
            return UsageError(f"cannot send the request to {where}: {error}")
        case httpcore.RemoteProtocolError() if not has_ended and not _http2_code(error):
            return BrokenAnswerError(f"the response of {where} is not HTTP: {error}")
        case socket.gaierror():
            is_final = error.errno in UNKNOWN_HOST
            host = proxy.host if proxy else url.partition("://")[2]
            message = f"cannot resolve {host}: {'unknown host' if is_final else error.strerror}"
            hint = f"check {source}"
        case ConnectionRefusedError():
            message = f"connection refused by {where}"
            hint = f"is {source} right?"
        case TimeoutError():
            message = f"no response from {where} within {exchange.seconds:g} s"
        case ssl.SSLError():
            is_final = isinstance(error, ssl.SSLCertVerificationError)
            reason = getattr(error, "verify_message", None) or error.reason or str(error)
            message = f"no secure connection to {where}: {reason}"
            hint = "SSL_CERT_FILE names further certificate authorities" if is_final else ""
        case httpcore.ProxyError():
            # A proxy that refuses once refuses again, except with "timeout" and "too many requests".
            reason = str(error).rstrip(".")
            needs_password = reason.startswith(("407", "Invalid username", "Requested"))
            is_final = needs_password or (reason.startswith("4") and reason[:3] not in {"408", "429"})
            message = f"cannot connect to {where}: {reason}"
            hint = f"check the user and password in {source}" if needs_password else ""
        case _:
            message = f"{where} {_describe_end(error, received, length)}"
    sent = exchange.sent and _http2_code(error) != REFUSED_STREAM
    return NoAnswerError(message, hint=hint, sent=sent, final=is_final)


def _describe_end(error: BaseException, received: int, length: int | None) -> str:
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return f"cannot be reached: {error.strerror or error}"
    if received or length is not None:
        promised = f" of {length}" if length is not None else ""
        return f"dropped the connection after {received}{promised} bytes of the response"
    return "dropped the connection without a response"


def _http2_code(error: BaseException) -> int | None:
    # The argument is the event of h2: the reset of a stream, or the end of a connection.
    return getattr(error.args[0], "error_code", None) if error.args else None
