"""
A certificate authority for the tests of the transport, and servers that it vouches for.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.core.http.servers import ConnectProxy, Http2Server
from tests.http_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """
    A certificate authority that nothing trusts by itself.
    """
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """
    TLS for a server on loopback.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "::1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """
    The environment of a client that trusts the authority.
    """
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return {"SSL_CERT_FILE": str(path)}


@pytest.fixture
def tls_server(tls: ssl.SSLContext) -> Iterator[ScriptedServer]:
    """
    A scripted server that speaks TLS.
    """
    with ScriptedServer(tls=tls) as server:
        yield server


@pytest.fixture
def http2_server(tls: ssl.SSLContext) -> Iterator[Http2Server]:
    """
    A server that speaks HTTP/2.
    """
    with Http2Server(tls) as server:
        yield server


@pytest.fixture
def connect_proxy() -> Iterator[ConnectProxy]:
    """
    A proxy that wants ``me:p@ss``.
    """
    with ConnectProxy(credentials="me:p@ss") as proxy:
        yield proxy
