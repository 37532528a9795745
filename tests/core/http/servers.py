"""
Servers that speak HTTP/2, or stand between a client and a server: for the tests of the transport.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import h2.config
import h2.connection
import h2.events

from tests.ports import find_free_ports

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from types import TracebackType

MAX_START_SECONDS = 60


class Listener:
    """
    Accepts connections on a loopback port, each in a thread of its own.

    Attributes:
        connections: The number of connections accepted.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        """
        The port.
        """
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def serve(self, sock: socket.socket) -> None:
        """
        Speak with one client.
        """
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._run, args=[sock], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, sock: socket.socket) -> None:
        with suppress(OSError):
            self._open.append(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            with sock:
                self.serve(sock)


class ConnectProxy(Listener):
    """
    A proxy that connects clients with servers by CONNECT.

    Attributes:
        targets: What it was asked to connect to.
        credentials: ``USER:PASSWORD`` that it wants, or None.
        respond: Its response instead of a connection, if not None.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, credentials: str | None = None) -> None:
        super().__init__(tls)
        self.targets: list[str] = []
        self.credentials = credentials
        self.respond: Callable[[socket.socket], None] | None = None

    def serve(self, sock: socket.socket) -> None:
        """
        Read the CONNECT and pass bytes in both directions.
        """
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := sock.recv(4096)):
                return
            head += data
        verb, target, _ = head.decode().split(" ", 2)
        self.targets.append(f"{verb} {target}")
        if self.respond is not None:
            self.respond(sock)
            return
        if self.credentials is not None:
            wanted = b"Basic " + b64encode(self.credentials.encode())
            if wanted not in head:
                sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as upstream:
            self._open.append(upstream)
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            thread = threading.Thread(target=pump, args=[upstream, sock], daemon=True)
            thread.start()
            pump(sock, upstream)
            thread.join(10)


class SlowSocksProxy(Listener):
    """
    A SOCKS5 proxy that sends every byte of its replies by itself.

    Attributes:
        bound: The address in its reply to the request to connect: type and bytes.
        reply: Its reply to the request to connect instead, if not None.
    """

    def __init__(self, bound: bytes, reply: bytes | None = None) -> None:
        super().__init__()
        self.bound = bound
        self.reply = reply

    def serve(self, sock: socket.socket) -> None:
        """
        Take any password, and pass bytes in both directions.
        """
        stream = sock.makefile("rb")
        _, count = stream.read(2)
        methods = stream.read(count)
        self._send(sock, b"\x05" + methods[:1])
        if methods == b"\x02":
            stream.read(1)
            for _ in ("user", "password"):
                stream.read(stream.read(1)[0])
            self._send(sock, b"\x01\x00")
        size = {1: 4, 4: 16}.get(stream.read(4)[3]) or stream.read(1)[0]
        host, port = stream.read(size), int.from_bytes(stream.read(2), "big")
        if self.reply is not None:
            self._send(sock, self.reply)
            return
        with socket.create_connection((socket.inet_ntoa(host) if size == 4 else host.decode(), port)) as upstream:
            self._open.append(upstream)
            self._send(sock, b"\x05\x00\x00" + self.bound + b"\x00\x50")
            thread = threading.Thread(target=pump, args=[upstream, sock], daemon=True)
            thread.start()
            pump(sock, upstream)
            thread.join(10)

    def _send(self, sock: socket.socket, data: bytes) -> None:
        for byte in data:
            sock.sendall(bytes([byte]))
            time.sleep(0.001)


def pump(source: socket.socket, sink: socket.socket) -> None:
    """
    Copy bytes until the source ends, and end the sink.
    """
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        socket.socket.shutdown(sink, socket.SHUT_RDWR)


@dataclass
class Http2Stream:
    """
    A request over HTTP/2; ``ended`` once its body is complete.
    """

    number: int
    headers: dict[str, str]
    body: bytes = b""
    ended: bool = False


@dataclass
class Http2Reply:
    """
    What the HTTP/2 server does for a request.

    Attributes:
        status: None leaves it out.
        headers: Further ones, as they are sent.
        interim: Statuses of interim responses, sent before.
        raw: Frames to send instead of a response, before the connection is closed.
        early: Respond when the headers have come, and reset the stream.
        silent: Do nothing.
        goodbye: Send GOAWAY and close instead of a response.
        closes: Close the connection after the response.
        pause: Seconds after each byte of the body.
    """

    status: str | None = "200"
    body: bytes = b'{"ok": true}'
    headers: tuple[tuple[bytes, bytes], ...] = ()
    interim: tuple[str, ...] = ()
    raw: bytes | None = None
    early: bool = False
    silent: bool = False
    goodbye: bool = False
    closes: bool = False
    pause: float = 0.0


class Http2Server(Listener):
    """
    An HTTP/2 server over TLS.

    Attributes:
        requests: The requests that have come whole.
        script: What to do for each of them; the last one for all that follow.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2", "http/1.1"])
        super().__init__(tls)
        self.requests: list[Http2Stream] = []
        self.script: list[Http2Reply] = [Http2Reply()]

    @property
    def url(self) -> str:
        """
        The root URL.
        """
        return f"https://127.0.0.1:{self.port}"

    def serve(self, sock: socket.socket) -> None:
        """
        Speak HTTP/2 with one client.
        """
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        connection.initiate_connection()
        sock.sendall(connection.data_to_send())
        streams: dict[int, Http2Stream] = {}
        while data := sock.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = Http2Stream(event.stream_id, dict(event.headers))  # type: ignore[arg-type] # decoded
                    if self.script[0].early and not self._reply(connection, sock, streams[event.stream_id]):
                        return
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id].body += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    stream = streams[event.stream_id]
                    stream.ended = True
                    if not self._reply(connection, sock, stream):
                        return
            sock.sendall(connection.data_to_send())

    def _reply(self, connection: Any, sock: socket.socket, stream: Http2Stream) -> bool:
        self.requests.append(stream)
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if reply.silent:
            return True
        if reply.raw is not None:
            sock.sendall(reply.raw)
            return False
        if reply.goodbye:
            connection.close_connection(last_stream_id=stream.number - 2)
            sock.sendall(connection.data_to_send())
            return False
        status = [] if reply.status is None else [(b":status", reply.status.encode("latin-1"))]
        for interim in reply.interim:
            connection.send_headers(stream.number, [(b":status", interim.encode())])
        connection.send_headers(stream.number, [*status, (b"content-type", b"application/json"), *reply.headers])
        step = 1 if reply.pause else 16384
        for start in range(0, len(reply.body), step):
            while connection.local_flow_control_window(stream.number) < step:
                connection.receive_data(sock.recv(65536))
            connection.send_data(stream.number, reply.body[start : start + step])
            sock.sendall(connection.data_to_send())
            time.sleep(reply.pause)
        connection.end_stream(stream.number)
        if reply.early:
            connection.reset_stream(stream.number, 0)
        sock.sendall(connection.data_to_send())
        return not reply.closes


@contextmanager
def socks_proxy(credentials: str | None = None) -> Iterator[int]:
    """
    Run a SOCKS5 proxy from PyPI in a process of its own, and yield its port.
    """
    [port] = find_free_ports(1)
    user, _, password = (credentials or "").partition(":")
    code = (
        "import asyncio, sys; asyncio.set_event_loop(asyncio.new_event_loop());"
        "from asyncio_socks_server.app import SocksServer; port, user, password = sys.argv[1:];"
        "SocksServer(LISTEN_HOST='127.0.0.1', LISTEN_PORT=int(port), AUTH_METHOD=2 if user else 0,"
        " USERS={user: password}, ACCESS_LOG=False).run()"
    )
    argv = [sys.executable, "-c", code, str(port), user, password]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + MAX_START_SECONDS
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()
