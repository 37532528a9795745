"""
Failures of the network, in terms of what was tried: which error they are, and whether another attempt can help.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.http.httpx_import import httpcore
from tccli.core.http.network_stream import TLS_ALERT
from tccli.core.printable import escape_line
from tccli.errors import BrokenAnswerError, CutOffAnswerError, NoAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"})
MAX_REASON_CHARACTERS = 200
# What OpenSSL finds wrong with a certificate: X509_V_ERR_ in its x509_vfy.h.
NOT_YET_VALID, EXPIRED, SELF_SIGNED, OTHER_NAMES = 9, 10, 18, {62, 64}


class Failure(NamedTuple):
    """
    What happened, and what to do. It is final if another attempt would fail as well.
    """

    message: str
    hint: str = ""
    is_final: bool = False


def is_network_error(error: BaseException) -> bool:
    """
    Return whether an error comes from the network or the other side, and not from a mistake here.
    """
    # httpcore does not wrap all that h2 and socksio raise, and they may not be installed.
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, NETWORK_ERRORS) or package in {"h2", "hpack", "hyperframe", "socksio"}


def explain_failure(
    error: BaseException,
    exchange: Exchange,
    url: str,
    proxy: Proxy | None,
    environ: Mapping[str, str],
    *,
    received: int | None = None,
    length: int | None = None,
) -> TcError:
    """
    Return the error to raise for a failure of the network.

    Args:
        url: Scheme, host and port of the server, for the message.
        environ: Names the certificate authorities.
        received: Bytes of the body that had come, if a response has begun.
        length: Bytes of the whole body, where it is known.
    """
    where = f"{url} through {proxy}" if proxy else url
    has_ended = exchange.stream is not None and exchange.stream.ended
    if isinstance(error, httpcore.LocalProtocolError) and not exchange.sent:
        return UsageError(f"cannot send the request to {where}: {_excerpt(error)}")
    if _is_malformed(error, received) and not has_ended:
        reason, hint = _excerpt(error), ""
        if error.args and error.args[0] == TLS_ALERT:
            reason, hint = "it is TLS", f"write https:{url.partition(':')[2]}"
        return BrokenAnswerError(f"the response of {where} is not HTTP: {reason}", hint=hint)
    if received is not None and (isinstance(error, ConnectionError) or not isinstance(error, OSError)):
        promised = f" of {length}" if length is not None else ""
        message = f"{where} dropped the connection after {received}{promised} bytes of the response"
        return CutOffAnswerError(message, sent=True)
    message, hint, is_final = _describe(error, exchange, url, where, proxy, environ)
    sent = exchange.sent and _http2_code(error) != REFUSED_STREAM
    return NoAnswerError(message, hint=hint, sent=sent, final=is_final)


def _describe(
    error: BaseException,
    exchange: Exchange,
    url: str,
    where: str,
    proxy: Proxy | None,
    environ: Mapping[str, str],
) -> Failure:
    check_source = f"is {proxy.variable if proxy else 'the URL'} right?"
    # TLS to the proxy itself comes before TLS through it.
    is_at_proxy = proxy is not None and proxy.scheme == "https" and not exchange.has_tls
    peer = str(proxy) if is_at_proxy else where
    match error:
        case socket.gaierror():
            is_unknown = error.errno in UNKNOWN_HOST
            host = str(proxy) if proxy else url.partition("://")[2]
            reason = "unknown host" if is_unknown else error.strerror
            return Failure(f"cannot resolve {host}: {reason}", check_source, is_unknown)
        case ConnectionRefusedError():
            by = f"{proxy}, which leads to {url}" if proxy else url
            return Failure(f"connection refused by {by}", check_source)
        case TimeoutError():
            return Failure(f"no response from {where} within {exchange.seconds:g} s")
        case ssl.SSLCertVerificationError():
            reason = error.verify_message.rstrip(".")
            return Failure(
                f"no secure connection to {peer}: {reason}", _explain_certificate(error, environ), is_final=True
            )
        case ssl.SSLError() if error.reason in NOT_TLS and not exchange.sent:
            write = f"{proxy.variable}=http://…" if proxy and is_at_proxy else f"http:{url.partition(':')[2]}"
            return Failure(f"{peer} does not speak TLS", f"write {write}", is_final=True)
        case ssl.SSLEOFError():
            return Failure(f"no secure connection to {peer}: it closed the connection", "does it speak TLS?")
        case ssl.SSLError():
            return Failure(f"no secure connection to {peer}: {error.reason or error}")
        case _ if _is_from_proxy(error):
            return _explain_refusal(_excerpt(error), url, proxy)
        case OSError() if not isinstance(error, ConnectionError):
            return Failure(f"{where} cannot be reached: {error.strerror or error}")
    return Failure(f"{where} dropped the connection without a response")


def _explain_certificate(error: ssl.SSLCertVerificationError, environ: Mapping[str, str]) -> str:
    if error.verify_code == EXPIRED:
        return "the server needs a new certificate, or this machine's clock is wrong"
    if error.verify_code == NOT_YET_VALID:
        return "is this machine's clock right?"
    if error.verify_code in OTHER_NAMES:
        return "is the host in the URL right?"
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name):
            return f"{name} is set, so only the authorities in it are trusted"
    who = "the server's own certificate" if error.verify_code == SELF_SIGNED else "its certificate authority"
    return f"to trust {who}, set SSL_CERT_FILE to a file that has it"


def _explain_refusal(reason: str, url: str, proxy: Proxy | None) -> Failure:
    variable = proxy.variable if proxy else "the proxy"
    # A proxy that refuses once refuses again, except with "timeout" and "too many requests".
    needs_password = reason.startswith(("407", "Invalid username", "Requested"))
    is_final = needs_password or (reason.startswith("4") and reason[:3] not in {"408", "429"})
    hint = f"check the user and password in {variable}" if needs_password else f"is {variable} right?"
    return Failure(f"cannot connect to {url} through {proxy}: {reason}", hint, is_final)


def _is_from_proxy(error: BaseException) -> bool:
    return isinstance(error, httpcore.ProxyError) or type(error).__module__.startswith("socksio")


def _excerpt(error: BaseException) -> str:
    # h11 shows the whole line that it does not understand, as the representation of a bytearray.
    text = str(error).replace("bytearray(b", "").removesuffix(")").rstrip(".")
    return escape_line(text, MAX_REASON_CHARACTERS)


def _is_malformed(error: BaseException, received: int | None) -> bool:
    if isinstance(error, httpcore.RemoteProtocolError):
        return _http2_code(error) is None
    # h2 blames both sides with the same class; a stream that is closed was reset by the server.
    cause = type(error.args[0]).__name__ if error.args else ""
    return isinstance(error, httpcore.LocalProtocolError) and received is None and "Stream" not in cause


def _http2_code(error: BaseException) -> int | None:
    # The argument is the event of h2: the reset of a stream, or the end of a connection.
    return getattr(error.args[0], "error_code", None) if error.args else None
