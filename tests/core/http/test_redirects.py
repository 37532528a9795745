"""
Redirects of downloads, over TLS: never to http, never with credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http_server import ScriptedServer, error_response, json_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.conftest import CommandLine
    from tests.http_server import Received, Response

ARGV = ("download-artifact", TASK_ID, "public/a", "-o", "-", "--retries", "0")


def serve(server: ScriptedServer, file: Response) -> Callable[[Received], Response]:
    """
    Return a deployment with a task that the caller may not see, and its artifact, a link to what has this response.
    """

    def respond(request: Received) -> Response:
        if not request.target.startswith("/api/"):
            return file
        if "/artifact-content/" in request.target:
            return json_response({"storageType": "reference", "url": f"{server.url}/file"})
        return error_response(403, "InsufficientScopes", "no")

    return respond


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{http}/a", "HTTP{rest}/a", "http:{path}", "{http}/a b", " {http}/a"])
def test_no_redirect_leaves_https(
    tc: CommandLine,
    tls_server: ScriptedServer,
    http_server: ScriptedServer,
    trust: dict[str, str],
    status: int,
    location: str,
) -> None:
    """
    Exit code 9 in one line; the other server receives nothing, and the body of the redirect is not the artifact.
    """
    rest, path = http_server.url.removeprefix("http"), http_server.url.removeprefix("http:")
    found = response(status, b"not the file", Location=location.format(http=http_server.url, rest=rest, path=path))
    tls_server.respond_with(serve(tls_server, found))
    result = tc(*ARGV, env={**tls_server.env, **trust})

    assert (9, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert [] == [each for each in tls_server.requests if not each.target.startswith(("/api/queue/", "/file"))]
    assert 1 == len([each for each in tls_server.requests if each.target == "/file"])
    assert [] == http_server.requests


@pytest.mark.parametrize(
    "location",
    [
        "https://me:secret@127.0.0.1/a",
        "//me:secret@127.0.0.1/a",
        "file:///etc/passwd",
        "data:text/plain,a",
        "ftp://127.0.0.1/a",
        "https://",
        "https:///a",
        "https://127.0.0.1:99999/a",
        "https://b\u00fccher.example/a",
        "/a\x01b",
        "/a",
    ],
)
def test_redirects_that_lead_nowhere(
    tc: CommandLine, tls_server: ScriptedServer, trust: dict[str, str], location: str
) -> None:
    """
    Other schemes, users, hosts that are not valid, control characters, and circles: exit code 9, no secret shown.
    """
    tls_server.respond_with(serve(tls_server, response(302, Location=location)))
    result = tc(*ARGV, env={**tls_server.env, **trust})

    assert (9, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert "secret" not in result.stderr
    assert "\x01" not in result.stderr


@pytest.mark.parametrize("location", ["{https}/a", "//{host}/a"])
def test_a_redirect_to_another_server_has_no_credentials(
    tc: CommandLine, tls_server: ScriptedServer, tls: ssl.SSLContext, trust: dict[str, str], location: str
) -> None:
    """
    Also one without a scheme, which stays on https.
    """
    with ScriptedServer(tls=tls) as other:
        other.respond_with(response(200, b"the file"))
        target = location.format(https=other.url, host=f"127.0.0.1:{other.port}")
        tls_server.respond_with(serve(tls_server, response(307, b"a body", Location=target)))
        result = tc(*ARGV, env={**tls_server.env, **trust})

        assert (0, b"the file") == (result.exit_code, result.output), result.stderr
        signed = {each.target == "/file": "authorization" in each.headers for each in tls_server.requests}
        assert signed == {False: True, True: False}
        assert "authorization" not in other.requests[0].headers


def test_a_redirect_without_a_location(tc: CommandLine, tls_server: ScriptedServer, trust: dict[str, str]) -> None:
    """
    It is not the file.
    """
    tls_server.respond_with(serve(tls_server, response(302, b"not the file")))
    result = tc(*ARGV, env={**tls_server.env, **trust})

    assert (9, b"") == (result.exit_code, result.output), result.stderr
