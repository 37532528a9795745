"""
Name lookup and TCP connections for httpcore, within the deadline of an exchange.

httpcore passes its ``timeout`` values on without looking at them: this is how every call here gets its `Exchange`.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

from tccli.core.http.httpx_import import httpcore
from tccli.core.http.network_stream import NetworkStream

if TYPE_CHECKING:
    from tccli.core.http.deadline import Exchange


class Backend(httpcore.NetworkBackend):
    """
    Opens TCP connections.
    """

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Any = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> NetworkStream:
        """
        Return a connected stream; *timeout* is the exchange.

        Raises:
            OSError: socket.gaierror, TimeoutError, ConnectionRefusedError and their like.
        """
        del local_address, socket_options
        exchange: Exchange = timeout
        addresses = _resolve(host, port, exchange)
        for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            sock = socket.socket(family, kind, protocol)
            try:
                exchange.attach(sock)
                # An address that swallows packets must not use up the time of those after it.
                sock.settimeout(exchange.remaining() / (len(addresses) - number + 1))
                sock.connect(address)
                # Head and body are two writes; to join them would cost the round trip of a delayed ACK.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                sock.close()
                if number == len(addresses):
                    raise
                continue
            except BaseException:
                sock.close()
                raise
            return NetworkStream(sock, exchange)
        raise OSError(errno.EADDRNOTAVAIL, "the name has no address")


def _resolve(host: str, port: int, exchange: Exchange) -> list[Any]:
    # A text would go through the codec for international names, whose import takes longer than many a request.
    name = host.encode()
    try:
        return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found = exchange.run_in_thread(lambda: socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
    return list(found)
