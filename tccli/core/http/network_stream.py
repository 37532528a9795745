"""
A connection for httpcore that keeps the deadline of an exchange, and reads bodies straight into the caller's buffer.

httpcore passes its ``timeout`` values on without looking at them: this is how every call here gets its `Exchange`.
"""

from __future__ import annotations

import re
import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tccli.core.http.httpx_import import httpcore, ssl
from tccli.interrupts import MAX_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.http.deadline import Exchange

MAX_READ_BYTES = 256 * 1024
"""httpcore asks for 64 KiB; fewer and larger reads are faster."""
MAX_TLS_WRITE_BYTES = 256 * 1024
MAX_JOINED_BYTES = 64 * 1024
"""Of a request that is sent in one piece, head and body."""
SOCKS_VERSION = 5
SOCKS_REPLY_BYTES = {1: 10, 4: 22}
"""Of a reply with an IPv4 or IPv6 address; with a name, 7 and the length of the name."""
SOCKS_NAME = 3
NO_ADDRESS = b"\x01\x00\x00\x00\x00\x00\x00"
END_OF_HEAD = re.compile(rb"\n\r?\n")
TLS_ALERT = b"\x15\x03"
FINAL_STATUS = rb"(?:^|\n\r?\n)HTTP/1\.[01] [2-9]"


class NetworkStream(httpcore.NetworkStream):
    """
    A TCP or TLS connection.

    While the head of a response is read, no byte after the head is passed on, so that the body is still here when
    its framing is known.

    Attributes:
        passes_heads_only: Whether that is so; HTTP/2 and chunked bodies need every byte.
        ended: Whether the other side has closed the connection.
        received: Whether anything has come in for the current exchange.
        is_cut_off: Whether a request was not sent to its end, so that no other may follow it.
        was_reset: Whether the other side has ended the connection with a reset, or TLS without its closing message.
    """

    def __init__(self, sock: Any, exchange: Exchange) -> None:
        self.passes_heads_only = True
        self.ended = False
        self.received = False
        self.is_cut_off = False
        self.was_reset = False
        self._socket = sock
        self._exchange = exchange
        self._pending = b""
        self._head_tail = b""
        self._writes = 0
        self._head = b""
        exchange.stream = self
        # To change the timeout of a socket is a call of the system, and so is the wait of one that has a timeout. This
        # stream waits by itself, on sockets that need no more than that.
        self._poller: Any = None
        if type(sock) is socket.socket and hasattr(select, "poll"):
            sock.settimeout(0)
            self._poller = select.poll()
            self._poller.register(sock, select.POLLIN)

    def begin(self, exchange: Exchange, *, passes_heads_only: bool) -> None:
        """
        Use the connection for another exchange.
        """
        self._exchange = exchange
        exchange.stream = self
        exchange.attach(self._socket)
        self.passes_heads_only = passes_heads_only
        self.received = False
        self._writes = 0
        self._head = b""

    def is_stale(self) -> bool:
        """
        Return whether the idle connection was closed by the other side, or has sent what was not asked for.
        """
        if self._pending:
            return True
        if not (self._poller.poll(0) if self._poller is not None else _poll(self._socket, 0, read=True)):
            return False
        # TLS session tickets may arrive after a response; they are not data.
        return not _has_tls(self._socket) or self._receive_now() is not None

    @property
    def was_closed_early(self) -> bool:
        """
        Whether the other side ended the connection before any byte of a response.
        """
        return not self.received and (self.ended or self.is_cut_off)

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        """
        Return the next bytes, or none at the end of the connection.
        """
        if timeout is None:
            return self._read_socks_reply()
        if self._head:
            # As where a write fails, the response may be there all the same.
            with suppress(httpcore.WriteError):
                self._send_head()
        data, self._pending = self._pending, b""
        if not data:
            # A head is short; of the rest, fewer and larger reads are faster.
            data = self._receive(self._socket.recv, max_bytes if self.passes_heads_only else MAX_READ_BYTES) or b""
        if not data or not self.passes_heads_only:
            return data
        if not self._head_tail and not b"HTTP/".startswith(data[:5]):
            raise httpcore.RemoteProtocolError(data[:2] if data.startswith(TLS_ALERT) else "not an HTTP response")
        window = self._head_tail + data
        found = END_OF_HEAD.search(window)
        if found is None:
            self._head_tail = window[-3:]
            return data
        end = found.end() - len(self._head_tail)
        self._head_tail = b""
        self._pending = data[end:]
        return data[:end]

    def _read_socks_reply(self) -> bytes:
        """
        Return one reply of a SOCKS proxy, which httpcore reads without a timeout, and expects in one piece.

        Source: RFC 1928, sections 3 and 6; RFC 1929, section 2.
        """
        length = 2
        while len(self._pending) < length:
            data = self._receive(self._socket.recv, 4096)
            if not data:
                raise httpcore.ProxyError("the proxy closed the connection")
            self._pending += data
            # The reply to the third message, a request to connect, has an address of a length that depends on its type.
            if self._writes > 2 or (self._writes == 2 and self._pending[0] == SOCKS_VERSION):
                kind, size = (*self._pending[3:5], 0, 0)[:2]
                length = SOCKS_REPLY_BYTES.get(kind, 7 + size)
        reply, self._pending = self._pending[:length], self._pending[length:]
        # Nothing needs a bound name, and socksio cannot read all of them.
        return reply[:3] + NO_ADDRESS if length > 2 and reply[3] == SOCKS_NAME else reply

    def readinto(self, buffer: memoryview) -> int:
        """
        Read the next bytes into *buffer* and return their number; 0 is the end of the connection.
        """
        if not self._pending:
            return self._receive(self._socket.recv_into, buffer) or 0
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def skip(self, count: int) -> bool:
        """
        Drop the next *count* bytes if they are here already; return whether they were.
        """
        if count > len(self._pending):
            return False
        self._pending = self._pending[count:]
        return True

    def write(self, buffer: Any, timeout: Any = None) -> None:
        """
        Send all bytes; a server may answer and stop reading before it has them, which ends the sending.

        Raises:
            httpcore.WriteError: Nothing more can be sent, but a response may be there.
        """
        if not buffer:
            return
        self._writes += 1
        # Handshakes with proxies do not count as sent: a CONNECT, or what SOCKS sends without a timeout.
        counts = timeout is not None and bytes(buffer[:8]) != b"CONNECT "
        if self._writes == 1 and self.passes_heads_only and counts and not self._exchange.renews:
            # The head goes with the body, if that is short; without one, `read` sends it. A body that is read in blocks
            # may come late.
            self._head = bytes(buffer)
            return
        if self._head and len(buffer) <= MAX_JOINED_BYTES:
            head, self._head = self._head, b""
            self._send_all(head + bytes(buffer), counts=counts)
            return
        self._send_head()
        # No response can be earlier than the head.
        if self._writes > 1 and self.passes_heads_only and counts and _poll(self._socket, 0, read=True):
            self._stop_if_answered()
        self._send_all(buffer, counts=counts)

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._send_all(head, counts=True)

    def _send_all(self, buffer: Any, *, counts: bool) -> None:
        view = memoryview(buffer)
        while view:
            try:
                view = view[self._send(view, counts=counts) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                self.is_cut_off = True
                if not self.passes_heads_only:
                    # HTTP/2 writes while it reads; what has come already may be the whole response.
                    return
                raise httpcore.WriteError(str(error)) from error

    def _send(self, view: memoryview, *, counts: bool) -> int:
        sock = self._socket
        if self._poller is None:
            sock.settimeout(0 if isinstance(sock, socket.socket) else self._exchange.remaining())
        try:
            count = int(sock.send(view[:MAX_TLS_WRITE_BYTES] if _has_tls(sock) else view))
        except (BlockingIOError, ssl.SSLWantWriteError):
            # TLS may have sent a part all the same.
            self._exchange.sent = self._exchange.sent or (counts and _has_tls(sock))
            if _poll(sock, self._exchange.remaining(), read=True, write=True) and self.passes_heads_only:
                self._stop_if_answered()
            return 0
        except ssl.SSLWantReadError:
            _poll(sock, self._exchange.remaining(), read=True)
            return 0
        self._exchange.sent = self._exchange.sent or counts
        if self._exchange.renews:
            self._exchange.restart()
        return count

    def _stop_if_answered(self) -> None:
        """
        Stop sending when a final response has begun. Interim ones (100, 103) wait here until they are read.
        """
        data = self._receive_now()
        if data is None:
            return
        self._pending += data
        if not data or re.search(FINAL_STATUS, self._pending):
            self.is_cut_off = True
            raise httpcore.WriteError("the server responded before it received the whole request")

    def _receive_now(self) -> bytes | None:
        """
        Return what is here already: None for nothing, no bytes for the end of the connection.
        """
        if self._poller is None:
            self._socket.settimeout(0)
        try:
            data: bytes = self._socket.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            data = b""
        self.received = self.received or bool(data)
        return data

    def _receive(self, receive: Callable[[Any], Any], argument: Any) -> Any:
        while True:
            if self._poller is None:
                self._socket.settimeout(self._exchange.remaining())
            elif not self._poller.poll(min(self._exchange.remaining(), MAX_WAIT_SECONDS) * 1000):
                continue
            try:
                result = receive(argument)
                break
            except BlockingIOError:
                # The system may drop what it has announced.
                continue
            except (ConnectionError, ssl.SSLEOFError):
                # After a reset there is nothing more to read, as after an orderly end.
                result = None
                self.was_reset = True
                break
        if result:
            self.received = True
        else:
            self.ended = True
            # Raises if it was this side that ended the connection.
            self._exchange.remaining()
        return result

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: Any = None
    ) -> NetworkStream:
        """
        Return the stream that speaks TLS over this one.
        """
        exchange: Exchange = timeout
        sock: Any
        # A text would go through the codec for international names, but this one is ASCII: it is that of the URL.
        hostname = None if server_hostname is None else server_hostname.encode("ascii")
        if _has_tls(self._socket):
            from tccli.core.http.tls import TlsOverTls

            sock = TlsOverTls(self._socket, ssl_context, hostname)
        else:
            sock = ssl_context.wrap_socket(
                self._socket,
                server_hostname=hostname,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
            exchange.attach(sock)
        try:
            sock.settimeout(exchange.remaining())
            sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        exchange.has_tls = True
        stream = NetworkStream(sock, exchange)
        if sock.selected_alpn_protocol() == "h2":
            from tccli.core.http import http2

            http2.install()
            stream.passes_heads_only = False
        return stream

    def close(self) -> None:
        """
        Close the connection.
        """
        # It has the number of the file, which is another's from now on.
        self._poller = None
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """
        Return what httpcore asks for: the TLS object, and whether an idle connection can be read.
        """
        if info == "ssl_object" and type(self._socket) is not socket.socket:
            return self._socket
        if info == "is_readable":
            return self.is_stale()
        return None


def _has_tls(sock: Any) -> bool:
    # Nothing else about a plain socket needs the module for TLS.
    return type(sock) is not socket.socket and isinstance(sock, ssl.SSLSocket)


def _poll(sock: Any, seconds: float, *, read: bool = False, write: bool = False) -> bool:
    """
    Wait until a socket can be used, or *seconds* are over; return whether it can be read or has ended.
    """
    if read and _has_tls(sock) and sock.pending():
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([sock] if read else [], [sock] if write else [], [], seconds)[0])
    poll = select.poll()
    poll.register(sock, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
    return any(events & ~select.POLLOUT for _, events in poll.poll(seconds * 1000))
