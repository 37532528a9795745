"""
Proxies: which one leads where, and that requests go through it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.http.messages import Request
from tccli.core.http.proxies import find_proxy, is_bypassed
from tccli.core.http.transport import HttpTransport
from tccli.errors import ConfigurationError, NoAnswerError
from tests.core.http.servers import ConnectProxy, SlowSocksProxy, socks_proxy
from tests.http_server import ScriptedServer, response
from tests.time_limits import check_duration

if TYPE_CHECKING:
    import socket
    import ssl

    from tests.conftest import CommandLine


@pytest.mark.parametrize(
    ("entry", "bypassed", "proxied"),
    [
        pytest.param("*", ["tc.example.com", "10.0.0.1", "::1"], [], id="all"),
        pytest.param(
            "example.com", ["example.com", "a.b.example.com"], ["badexample.com", "example.org"], id="a domain"
        ),
        pytest.param(".example.com", ["example.com", "a.example.com"], ["badexample.com"], id="a leading dot"),
        pytest.param("*.example.com", ["a.example.com"], ["example.com", "badexample.com"], id="a star"),
        pytest.param("EXAMPLE.com.", ["Example.COM", "example.com."], [], id="case and a final dot"),
        pytest.param("example.com:8080", [], ["example.com"], id="another port"),
        pytest.param("example.com:443", ["example.com", "a.example.com"], ["example.org"], id="the port"),
        pytest.param("a.org,example.com", ["example.com"], ["b.org"], id="a comma"),
        pytest.param(" a.org ,  example.com ", ["a.org", "example.com"], ["b.org"], id="blanks"),
        pytest.param("a.org example.com", ["a.org", "example.com"], ["b.org"], id="blanks only"),
        pytest.param("10.0.0.1", ["10.0.0.1"], ["10.0.0.2", "10.0.0.1.example.com"], id="an address"),
        pytest.param("10.0.0.1:443", ["10.0.0.1"], ["10.0.0.2"], id="an address and the port"),
        pytest.param("10.0.0.1:80", [], ["10.0.0.1"], id="an address and another port"),
        pytest.param("10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "example.com"], id="a network"),
        pytest.param("10.1.2.3/8", ["10.9.9.9"], ["11.0.0.1"], id="a network by one of its hosts"),
        pytest.param("::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2"], id="IPv6"),
        pytest.param("[::1]", ["::1"], ["::2"], id="IPv6 in brackets"),
        pytest.param("[::1]:443", ["::1"], ["::2"], id="IPv6 and the port"),
        pytest.param("[::1]:80", [], ["::1"], id="IPv6 and another port"),
        pytest.param("fd00::/8", ["fd12::1"], ["fe80::1"], id="an IPv6 network"),
        pytest.param("10.0.0.0/8", ["::ffff:10.1.2.3", "::FFFF:0a01:0203"], ["::ffff:11.0.0.1"], id="a mapped host"),
        pytest.param("::ffff:10.0.0.1", ["10.0.0.1", "::ffff:10.0.0.1"], ["10.0.0.2"], id="a mapped address"),
        pytest.param("[::ffff:10.0.0.1]:443", ["10.0.0.1"], ["10.0.0.2"], id="a mapped address and the port"),
        pytest.param("::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.0.0.1", "::1"], id="a mapped network"),
        pytest.param("::/0", ["::1"], ["10.0.0.1", "example.com"], id="all of IPv6"),
        pytest.param("", [], ["example.com", "10.0.0.1"], id="nothing"),
        pytest.param(",. ,/,:,[]:1,*x", [], ["example.com", "10.0.0.1", "::1"], id="nonsense"),
        pytest.param("0.1", [], ["10.0.0.1"], id="the end of an address"),
    ],
)
def test_no_proxy_in_all_its_forms(entry: str, bypassed: list[str], proxied: list[str]) -> None:
    """
    As curl and Go read them.
    """
    assert bypassed == [host for host in bypassed if is_bypassed(host, 443, entry)]
    assert [] == [host for host in proxied if is_bypassed(host, 443, entry)]


@given(st.text("abc.:*/[]0123456789, "), st.sampled_from(["example.com", "10.0.0.1", "::1"]))
def test_no_proxy_may_hold_anything(text: str, host: str) -> None:
    """
    Nonsense matches nothing, and breaks nothing.
    """
    is_bypassed(host, 443, text)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        pytest.param({"https_proxy": "a:1", "HTTPS_PROXY": "b:1", "all_proxy": "c:1"}, "a", id="lower case first"),
        pytest.param({"HTTPS_PROXY": "b:1", "all_proxy": "c:1"}, "b", id="the scheme's before all"),
        pytest.param({"http_proxy": "a:1", "ALL_PROXY": "c:1"}, "c", id="all"),
        pytest.param({"https_proxy": "", "HTTPS_PROXY": "b:1"}, None, id="empty is none"),
        pytest.param({"http_proxy": "a:1"}, None, id="the other scheme's"),
        pytest.param({"https_proxy": "a:1", "NO_PROXY": "host"}, None, id="NO_PROXY"),
        pytest.param({"https_proxy": "a:1", "no_proxy": "", "NO_PROXY": "host"}, "a", id="no_proxy before NO_PROXY"),
    ],
)
def test_the_order_of_the_variables(environ: dict[str, str], found: str | None) -> None:
    """
    For ``https://host``.
    """
    proxy = find_proxy("https", "host", 443, environ)

    assert found == (proxy and proxy.host)


def test_a_cgi_script_ignores_what_a_client_can_set() -> None:
    """
    A header ``Proxy:`` becomes ``HTTP_PROXY`` there.
    """
    environ = {"HTTP_PROXY": "evil:1", "REQUEST_METHOD": "GET"}

    assert find_proxy("http", "host", 80, environ) is None
    assert find_proxy("http", "host", 80, {**environ, "http_proxy": "good:1"}) is not None


@pytest.mark.parametrize(
    ("url", "port"), [("http://h", 80), ("https://h", 443), ("socks5://h", 1080), ("socks5h://h/", 1080), ("h:8", 8)]
)
def test_default_ports(url: str, port: int) -> None:
    """
    Of each kind of proxy.
    """
    proxy = find_proxy("https", "host", 443, {"all_proxy": url})

    assert proxy is not None
    assert ("h", port, None) == (proxy.host, proxy.port, proxy.auth)


def test_socks_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The error names the extra.
    """
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"all_proxy.*taskcluster-cli\[socks\]"):
        find_proxy("https", "host", 443, {"all_proxy": "socks5://h"})


def get(url: str) -> Request:
    """
    Return a request.
    """
    return Request("GET", f"{url}/x", {})


def test_through_a_connect_proxy_with_a_password(
    tls_server: ScriptedServer, connect_proxy: ConnectProxy, trust: dict[str, str]
) -> None:
    """
    One tunnel for several requests; the server sees nothing of the proxy's credentials.
    """
    transport = HttpTransport(60, {**trust, "https_proxy": f"http://me:p%40ss@127.0.0.1:{connect_proxy.port}"})
    assert [200, 200] == [transport.send(get(tls_server.url)).status for _ in range(2)]
    transport.close()

    assert [f"CONNECT 127.0.0.1:{tls_server.port}"] == connect_proxy.targets
    assert "proxy-authorization" not in tls_server.requests[0].headers


def test_a_wrong_proxy_password_is_final(tc: CommandLine, connect_proxy: ConnectProxy) -> None:
    """
    Nothing is retried; the message names the variable and not the password.
    """
    env = {
        "TASKCLUSTER_ROOT_URL": "https://tc.invalid",
        "HTTPS_PROXY": f"http://me:hunter2@127.0.0.1:{connect_proxy.port}",
    }
    result = tc("queue", "ping", env=env)

    assert (8, 1) == (result.exit_code, len(connect_proxy.targets))
    assert "407" in result.stderr
    assert "HTTPS_PROXY" in result.stderr
    assert "hunter2" not in result.stderr


def test_a_407_for_a_forwarded_request_is_final(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    It is no response of the service.
    """
    http_server.respond_with(response(407))
    env = {"TASKCLUSTER_ROOT_URL": "http://tc.invalid", "http_proxy": http_server.url}
    result = tc("queue", "ping", env=env)

    assert (8, 1) == (result.exit_code, len(http_server.requests))
    assert "http_proxy" in result.stderr


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_through_a_proxy_that_speaks_tls(
    tls: ssl.SSLContext, tls_server: ScriptedServer, trust: dict[str, str], size: int
) -> None:
    """
    TLS inside of TLS, in both directions.
    """
    tls_server.respond_with(response(200, b"y" * size))
    with ConnectProxy(tls=tls) as proxy:
        transport = HttpTransport(60, {**trust, "https_proxy": f"https://127.0.0.1:{proxy.port}"})
        for _ in range(2):
            sent = transport.send(Request("PUT", f"{tls_server.url}/x", {}, b"x" * size))
            assert b"y" * size == sent.body
        transport.close()

        assert b"x" * size == tls_server.requests[-1].body
        assert 1 == proxy.connections


def test_forwards_through_a_proxy_that_speaks_tls(tls_server: ScriptedServer, trust: dict[str, str]) -> None:
    """
    The whole URL goes to it.
    """
    transport = HttpTransport(60, {**trust, "http_proxy": tls_server.url})
    assert [200, 200] == [transport.send(get("http://tc.invalid")).status for _ in range(2)]
    transport.close()

    assert "http://tc.invalid/x" == tls_server.requests[0].target
    assert 1 == tls_server.connections


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_through_a_socks_proxy(
    http_server: ScriptedServer, tls_server: ScriptedServer, trust: dict[str, str], scheme: str
) -> None:
    """
    A real one, with a password; a wrong one is final, and a server that it cannot reach is not.
    """
    with socks_proxy("me:pw") as port:
        transport = HttpTransport(60, {**trust, "all_proxy": f"{scheme}://me:pw@127.0.0.1:{port}"})
        for url in (http_server.url, tls_server.url):
            assert [200, 200] == [transport.send(get(url)).status for _ in range(2)]
        with pytest.raises(NoAnswerError, match="all_proxy") as unreachable:
            transport.send(get("http://127.0.0.1:1"))
        transport.close()
        with pytest.raises(NoAnswerError, match="password") as refused:
            HttpTransport(60, {"all_proxy": f"{scheme}://me:bad@127.0.0.1:{port}"}).send(get(http_server.url))

    assert (False, False) == (unreachable.value.sent, unreachable.value.final)
    assert (False, True) == (refused.value.sent, refused.value.final)
    assert 1 == tls_server.connections


@pytest.mark.parametrize("password", ["", "me:p@"], ids=["no password", "password"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(
    "bound",
    [b"\x01\x7f\x00\x00\x01", b"\x04" + bytes(16), b"\x03\x09localhost", b"\x03\xff" + b"a" * 255],
    ids=["IPv4", "IPv6", "a name", "a long name"],
)
def test_socks_replies_may_come_in_pieces(http_server: ScriptedServer, host: str, bound: bytes, password: str) -> None:
    """
    TCP has no messages: a reply may come byte by byte, and the response right behind it.
    """
    with SlowSocksProxy(bound) as proxy:
        transport = HttpTransport(60, {"all_proxy": f"socks5://{password}127.0.0.1:{proxy.port}"})
        responses = [transport.send(Request("GET", f"http://{host}:{http_server.port}/", {})) for _ in range(2)]
        transport.close()

    assert [200, 200] == [response.status for response in responses]
    assert 1 == proxy.connections


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        pytest.param(b"\x05\x05\x00\x01" + bytes(6), "refused", id="refused"),
        pytest.param(b"\x05\x02\x00\x01" + bytes(6), "not allowed", id="not allowed"),
        pytest.param(b"\x05\x63\x00\x01" + bytes(6), "", id="an unknown code"),
        pytest.param(b"\x04\x00\x00\x01" + bytes(6), "", id="another version"),
        pytest.param(b"\x05\x00\x00\x07" + bytes(6), "", id="an unknown kind of address"),
        pytest.param(b"\x05\x00\x00", "closed", id="cut off"),
        pytest.param(b"", "closed", id="nothing"),
    ],
)
def test_a_socks_proxy_that_refuses(http_server: ScriptedServer, reply: bytes, says: str) -> None:
    """
    Is named, with its reason.
    """
    with SlowSocksProxy(b"", reply) as proxy:
        port = proxy.port
        transport = HttpTransport(60, {"all_proxy": f"socks5://127.0.0.1:{port}"})
        with pytest.raises(NoAnswerError) as caught:
            transport.send(Request("GET", http_server.url, {}))

    assert f"127.0.0.1:{port} (all_proxy)" in str(caught.value)
    assert says in str(caught.value)
    assert not caught.value.sent


def test_an_ipv6_server_through_a_connect_proxy(tls: ssl.SSLContext, trust: dict[str, str]) -> None:
    """
    In brackets.
    """
    with ScriptedServer(host="::1", tls=tls) as server, ConnectProxy() as proxy:
        transport = HttpTransport(60, {**trust, "https_proxy": f"127.0.0.1:{proxy.port}"})
        assert 200 == transport.send(get(server.url)).status
        transport.close()

        assert [f"CONNECT [::1]:{server.port}"] == proxy.targets


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_trickles_meets_the_deadline(kind: str) -> None:
    """
    Its handshake is a part of the request.
    """

    def trickle(sock: socket.socket) -> None:
        for _ in range(100):
            sock.sendall(b"H")
            time.sleep(0.1)

    with ConnectProxy() as proxy:
        proxy.respond = trickle
        started = time.monotonic()
        with pytest.raises(NoAnswerError) as caught:
            HttpTransport(0.5, {"all_proxy": f"{kind}://127.0.0.1:{proxy.port}"}).send(get("https://tc.invalid"))

    check_duration(started, 3)
    assert not caught.value.sent
