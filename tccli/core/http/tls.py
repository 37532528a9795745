"""
TLS: the certificate authorities that are trusted, and TLS inside of the TLS connection to a proxy.
"""

from __future__ import annotations

import os
import ssl
import time
from typing import TYPE_CHECKING, Any

from tccli.errors import ConfigurationError
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HASHED_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash")


def create_tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """
    Return a context that trusts what ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, else what the system does.

    A directory of hashed certificates is read as they are needed; a bundle is parsed whole, which takes tens of
    milliseconds, so the directory is preferred. Debian has it at OpenSSL's own path, Fedora has another one.

    Raises:
        ConfigurationError: A named file or directory does not exist, or has no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, directory = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or directory:
        for name, path in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", directory)):
            if path and not os.path.exists(path):
                raise ConfigurationError(f"{name}: {path} does not exist")
        try:
            context.load_verify_locations(cafile=file or None, capath=directory or None)
        except OSError as error:
            raise ConfigurationError(
                f"cannot read the certificates of SSL_CERT_FILE or SSL_CERT_DIR: {explain(error)}"
            ) from None
        return context
    for path in (ssl.get_default_verify_paths().capath, *HASHED_DIRECTORIES):
        if path and os.path.isdir(path) and any(name.endswith(".0") for name in os.listdir(path)):
            context.load_verify_locations(capath=path)
            return context
    context.load_default_certs()
    return context


class TlsOverTls:
    """
    TLS inside of the TLS connection to a proxy, with the methods of a socket that `NetworkStream` needs.

    `ssl.SSLContext.wrap_socket` cannot wrap an SSLSocket.
    """

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, hostname: bytes | None) -> None:
        self._outer = outer
        self._timeout = 0.0
        self._end = 0.0
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self.selected_alpn_protocol = self._tls.selected_alpn_protocol
        self.fileno = outer.fileno
        self.getsockopt = outer.getsockopt
        self.close = outer.close

    def settimeout(self, seconds: float) -> None:
        """
        Set the seconds for the next call; 0 means not to wait.
        """
        self._timeout = seconds
        self._end = time.monotonic() + seconds

    def do_handshake(self) -> None:
        """
        Agree on keys and check the certificate.
        """
        self._run(self._tls.do_handshake)

    def recv(self, count: int) -> bytes:
        """
        Return up to *count* bytes.
        """
        return bytes(self._run(self._tls.read, count))

    def recv_into(self, buffer: memoryview) -> int:
        """
        Read into *buffer* and return the number of bytes.
        """
        return int(self._run(self._tls.read, len(buffer), buffer))

    def send(self, data: memoryview) -> int:
        """
        Send and return the number of bytes.
        """
        return int(self._run(self._tls.write, data))

    def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        while True:
            try:
                result = function(*args)
            except ssl.SSLWantReadError:
                self._flush()
                self._limit_time()
                data = self._outer.recv(256 * 1024)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._limit_time()
            self._outer.sendall(self._outgoing.read())

    def _limit_time(self) -> None:
        remaining = self._end - time.monotonic()
        if self._timeout and remaining <= 0:
            raise TimeoutError("timed out")
        self._outer.settimeout(remaining if self._timeout else 0)
