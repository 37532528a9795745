"""
Failures of TLS: each names its reason, and what to do about that reason only.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import trustme

from tccli.core.http import tls
from tccli.core.http.messages import Request
from tccli.core.http.transport import HttpTransport
from tccli.errors import BrokenAnswerError, NoAnswerError, TcError
from tests.http_server import ScriptedServer, response
from tests.ports import refuse_connections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOW = datetime.now(UTC)
HINTS = {
    "expired": "needs a new certificate",
    "not yet": "is this machine's clock right?",
    "another host": "is the host in the URL right?",
    "self-signed": "the server's own certificate",
    "unknown authority": "its certificate authority",
    "limited": "is set, so only",
}


def fail(url: str, environ: Mapping[str, str]) -> TcError:
    """
    Return the error of a request.
    """
    transport = HttpTransport(60, environ)
    with pytest.raises(TcError) as caught:
        transport.send(Request("GET", url, {}))
    transport.close()
    assert "\n" not in str(caught.value)
    assert ".;" not in str(caught.value)
    return caught.value


def fail_with(certificate: trustme.LeafCert, environ: Mapping[str, str]) -> str:
    """
    Return the message of a client that is shown a certificate. Another attempt would not help.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with ScriptedServer(tls=context) as server:
        error = fail(server.url, environ)

    assert isinstance(error, NoAnswerError)
    assert error.final
    assert not error.sent
    assert f"no secure connection to {server_url(error)}" in str(error)
    return str(error)


def server_url(error: TcError) -> str:
    """
    Return the URL that a message names.
    """
    return str(error).partition("to ")[2].partition(": ")[0]


@pytest.mark.parametrize(
    ("start", "end", "names", "hint"),
    [
        (-9, -1, ["127.0.0.1"], "expired"),
        (1, 9, ["127.0.0.1"], "not yet"),
        (-1, 9, ["tc.example.com"], "another host"),
        (-1, 9, ["127.0.0.2"], "another host"),
    ],
)
def test_a_certificate_that_is_not_valid(
    authority: trustme.CA, trust: dict[str, str], start: int, end: int, names: list[str], hint: str
) -> None:
    """
    Of an authority that is trusted, so other authorities have nothing to do with it.
    """
    certificate = authority.issue_cert(
        *names, not_before=NOW + timedelta(days=start), not_after=NOW + timedelta(days=end)
    )

    message = fail_with(certificate, trust)
    assert [hint] == [name for name, text in HINTS.items() if text in message], message
    assert "SSL_CERT" not in message


@pytest.mark.parametrize(
    ("environ", "hint"), [([], "unknown authority"), (["SSL_CERT_FILE"], "limited"), (["SSL_CERT_DIR"], "limited")]
)
def test_a_certificate_of_an_unknown_authority(trust: dict[str, str], environ: list[str], hint: str) -> None:
    """
    The message names the variable that adds authorities, or the one that excludes them.
    """
    given = {"SSL_CERT_FILE": trust["SSL_CERT_FILE"], "SSL_CERT_DIR": str(trust["SSL_CERT_FILE"]).rpartition("/")[0]}
    message = fail_with(trustme.CA().issue_cert("127.0.0.1"), {name: given[name] for name in environ})

    assert [hint] == [name for name, text in HINTS.items() if text in message], message
    assert (environ or ["SSL_CERT_FILE"])[0] in message


def test_a_certificate_that_signs_itself() -> None:
    """
    There is no authority to ask for.
    """
    own = trustme.CA()
    certificate = trustme.LeafCert(own.private_key_pem.bytes(), own.cert_pem.bytes(), [])
    message = fail_with(certificate, {})

    assert ["self-signed"] == [name for name, text in HINTS.items() if text in message], message


BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
ALERT = b"\x15\x03\x01\x00\x02\x02\x46"


def test_https_at_a_port_for_http(http_server: ScriptedServer) -> None:
    """
    One attempt is enough where the server says something; else it may have been a failure.
    """
    with respond_with(BAD_REQUEST) as port:
        error = fail(f"https://127.0.0.1:{port}", {})

    assert isinstance(error, NoAnswerError)
    assert error.final
    assert f"write http://127.0.0.1:{port}" in str(error)
    silent = str(fail(http_server.url.replace("http:", "https:"), {}))
    assert "closed the connection; does it speak TLS?" in silent


def test_http_at_a_port_for_https(tls_server: ScriptedServer) -> None:
    """
    Most servers send an alert of TLS, or nothing.
    """
    url = tls_server.url.replace("https:", "http:")
    with respond_with(ALERT) as port:
        error = fail(f"http://127.0.0.1:{port}", {})

    assert isinstance(error, BrokenAnswerError)
    assert f"write https://127.0.0.1:{port}" in str(error)
    assert url in str(fail(url, {}))


def test_an_https_proxy_that_speaks_http() -> None:
    """
    The proxy is at fault, not the server; a message never has the password of either.
    """
    with respond_with(BAD_REQUEST) as port:
        error = fail("https://tc.example.com", {"HTTPS_PROXY": f"https://me:hunter2@127.0.0.1:{port}"})

    assert f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) does not speak TLS" in str(error)
    assert "write HTTPS_PROXY=http://" in str(error)
    assert "hunter2" not in str(error)


def test_a_proxy_with_a_certificate_that_is_not_trusted(tls_server: ScriptedServer) -> None:
    """
    The message is about the proxy's certificate.
    """
    error = fail("https://tc.example.com", {"HTTPS_PROXY": f"https://127.0.0.1:{tls_server.port}"})

    assert f"no secure connection to the proxy 127.0.0.1:{tls_server.port} (HTTPS_PROXY)" in str(error)


def test_a_proxy_that_is_not_there_is_named() -> None:
    """
    Refused, or unknown: the variable is what to check.
    """
    with refuse_connections() as port:
        refused = str(fail("https://tc.example.com", {"https_proxy": f"http://127.0.0.1:{port}"}))

    assert f"connection refused by the proxy 127.0.0.1:{port} (https_proxy)" in refused
    assert refused.endswith("is https_proxy right?")


@contextmanager
def respond_with(data: bytes) -> Iterator[int]:
    """
    Run a server that sends these bytes whatever comes, and yield its port.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as sock:
                sock.recv(65536)
                sock.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(10)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="only OpenSSL's own program makes hashed directories")
@pytest.mark.parametrize("is_named", [True, False])
def test_a_hashed_directory_is_read_as_certificates_are_needed(
    tls_server: ScriptedServer,
    trust: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    is_named: bool,
) -> None:
    """
    To parse all authorities of a system takes longer than a request: those of SSL_CERT_DIR, and of the system.
    """
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    if not is_named:
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(capath=None))
        monkeypatch.setattr(tls, "HASHED_DIRECTORIES", ("/nonexistent", str(tmp_path)))
    environ = {"SSL_CERT_DIR": str(tmp_path)} if is_named else {}
    tls_server.respond_with(response(200, b"fine"))

    assert 0 == tls.create_tls_context(environ).cert_store_stats()["x509"]
    with closing(HttpTransport(60, environ)) as transport:
        assert b"fine" == transport.send(Request("GET", tls_server.url, {})).body
    assert 1 == tls.create_tls_context(trust).cert_store_stats()["x509"]
