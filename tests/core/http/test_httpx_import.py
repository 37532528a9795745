"""
httpx and httpcore without the parts that a call does not need: a request imports few modules, and whoever uses more of
them in the same process gets all of it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tccli.core.http import httpx_import
from tests.http_server import response

if TYPE_CHECKING:
    from tests.http_server import ScriptedServer

SEND = """
import os, sys
from tccli.core.http.messages import Request
from tccli.core.http.transport import HttpTransport
print(HttpTransport(60, {{}}).send(Request("GET", {url!r}, {{}})).body.decode())
"""
SEND_BODY = SEND.replace('Request("GET", {url!r}, {{}})', 'Request("PUT", {url!r}, {{}}, b"body")')


def run(code: str) -> str:
    """
    Run a program in a fresh process, and return what it prints.
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize("send", [SEND, SEND_BODY], ids=["GET", "PUT"])
def test_a_request_over_http_imports_no_tls_no_cookies_and_no_client(http_server: ScriptedServer, send: str) -> None:
    """
    Each of them takes milliseconds, as much as the rest of the request.
    """
    heavy = [
        "ssl", "_ssl", "_hashlib", "logging", "urllib.request",
        "http.client", "http.cookiejar", "email.message", "tempfile",
        "pathlib", "mimetypes", "httpx._client", "httpx._main", "httpcore._async", "h2", "anyio", "certifi", "idna",
        "rich",
    ]  # fmt: skip
    http_server.respond_with(response(200, b"fine"))

    code = send.format(url=http_server.url) + f"print([name for name in {heavy} if name in sys.modules])"

    assert "fine\n[]\n" == run(code)


def test_the_whole_of_httpx_works_in_the_same_process(http_server: ScriptedServer) -> None:
    """
    Cookies, forms with files and proxies of the environment, which use what was left out; the classes are the same.
    """
    http_server.respond_with(response(200, b"fine"), response(200, Set_Cookie="a=b"), response(200), response(200))
    code = f"""
{SEND.format(url=http_server.url)}
from tccli.core.http.httpx_import import httpx as ours, httpcore as core
import httpx, httpcore
assert ours is httpx and core is httpcore
kinds = httpx.Request, httpx.Response, httpx.URL, httpcore.Request
with httpx.Client() as client:
    client.get({http_server.url!r})
    assert client.get({http_server.url!r}).request.headers["cookie"] == "a=b"
    sent = client.post({http_server.url!r}, files={{"f": ("name.json", b"content")}}).request
    assert b"application/json" in sent.read()
assert kinds == (httpx.Request, httpx.Response, httpx.URL, httpcore.Request)
assert kinds[0] is type(sent)
assert httpcore.ConnectionPool and httpcore.AsyncConnectionPool and httpx.AsyncClient
from http.cookiejar import CookieJar
assert isinstance(httpx.Cookies().jar, CookieJar)
import io, logging
log = io.StringIO()
logging.basicConfig(level="DEBUG", stream=log)
HttpTransport(60, {{}}).send(Request("GET", {http_server.url!r}, {{}}))
assert "DEBUG:httpcore.http11:receive_response_headers.complete" in log.getvalue(), log.getvalue()
"""

    assert "fine\n" == run(code)


def test_threads_may_need_all_of_it_at_once() -> None:
    """
    One imports it, and the others wait for that.
    """
    code = """
import sys
from concurrent.futures import ThreadPoolExecutor
from tccli.core.http.httpx_import import httpx
sys.setswitchinterval(1e-5)
with ThreadPoolExecutor(8) as pool:
    print(len(set(pool.map(lambda name: getattr(httpx, name), ["Client", "AsyncClient", "Timeout", "Limits"] * 4))))
try:
    httpx.no_such_name
except AttributeError as error:
    print(error)
"""
    assert "4\nmodule 'httpx' has no attribute 'no_such_name'\n" == run(code)


def test_what_was_imported_before_is_used(http_server: ScriptedServer) -> None:
    """
    Then nothing is left out.
    """
    http_server.respond_with(response(200, b"fine"))

    assert "fine\n" == run(f"import httpx, httpcore\n{SEND.format(url=http_server.url)}assert httpx.Client")


@pytest.mark.parametrize("name", sorted(httpx_import.NAMES))
def test_names_are_those_that_the_packages_export(name: str) -> None:
    """
    In a release that defines one elsewhere, it would be looked for in the package.
    """
    package = getattr(httpx_import, name.partition(".")[0])
    module = sys.modules[name]
    assert [] == [each for each in httpx_import.NAMES[name] if getattr(package, each) is not getattr(module, each)]
