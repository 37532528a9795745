"""
``tc signed-url``.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import CREDENTIALS, error_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox
    from tests.http_server import ScriptedServer

ROOT = "https://tc.example.com"
ENV = {"TASKCLUSTER_ROOT_URL": ROOT, **CREDENTIALS}


def bewit(url: str) -> list[str]:
    """
    Return what the bewit of a URL says: client, expiry, MAC, ext.
    """
    return urlsafe_b64decode(url.strip().rpartition("bewit=")[2] + "===").decode().split("\\")


def temporary(start: int, expiry: int) -> dict[str, str]:
    """
    Return an environment with temporary credentials; times are in seconds from now.
    """
    now = time.time()
    certificate = {"version": 1, "scopes": [], "seed": "a", "signature": "b"}
    certificate |= {"start": int(now + start) * 1000, "expiry": int(now + expiry) * 1000}
    return {**ENV, "TASKCLUSTER_CERTIFICATE": json.dumps(certificate)}


@pytest.mark.parametrize(
    ("options", "lifetime"),
    [
        pytest.param([], 900, id="default"),
        pytest.param(["--expires", "2 hours"], 7200, id="offset"),
        pytest.param(["--expires", "90"], 90, id="seconds"),
        pytest.param(["--expires", "2100-01-01T00:00:00Z"], 4102444800, id="timestamp"),
    ],
)
def test_a_url_lives_as_long_as_asked(tc: CommandLine, options: list[str], lifetime: int) -> None:
    """
    15 minutes by itself.
    """
    before = int(time.time())
    result = tc("signed-url", "queue", "getLatestArtifact", TASK_ID, "public/a b", *options, env=ENV)
    expires = int(bewit(result.stdout)[1])

    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith(f"{ROOT}/api/queue/v1/task/{TASK_ID}/artifacts/public%2Fa%20b?bewit=")
    assert expires == lifetime or before + lifetime <= expires <= int(time.time()) + lifetime
    assert "tester/one" == bewit(result.stdout)[0]
    assert "=" not in result.stdout.rpartition("bewit=")[2]


def test_joins_what_there_is_already(tc: CommandLine) -> None:
    """
    The query is signed too.
    """
    result = tc("signed-url", "queue", "listArtifacts", TASK_ID, "0", "--limit", "5", env=ENV)

    assert result.stdout.startswith(f"{ROOT}/api/queue/v1/task/{TASK_ID}/runs/0/artifacts?limit=5&bewit=")


def test_carries_authorized_scopes(tc: CommandLine) -> None:
    """
    As a header would.
    """
    from base64 import b64decode

    result = tc("signed-url", "secrets", "get", "a", "--authorized-scope", "secrets:get:a", env=ENV)

    assert {"authorizedScopes": ["secrets:get:a"]} == json.loads(b64decode(bewit(result.stdout)[3]))


@pytest.mark.parametrize(
    ("argv", "env", "code", "line"),
    [
        pytest.param(["queue", "createTask", TASK_ID], ENV, 2, "queue.createTask", id="not a GET"),
        pytest.param(["secrets", "get", "a", "--expires", "soon"], ENV, 2, "'soon'", id="no time"),
        pytest.param(["secrets", "get", "a", "--expires", "-1 hour"], ENV, 2, "is in the past", id="over"),
        pytest.param(["secrets", "get", "a", "--expires", "0"], ENV, 2, "is in the past", id="at once"),
        pytest.param(
            ["secrets", "get", "a", "--expires", "2001-01-01T00:00:00Z"], ENV, 2, "is in the past", id="long over"
        ),
        pytest.param(
            ["secrets", "get", "a"], {"TASKCLUSTER_ROOT_URL": ROOT}, 3, "no credentials to sign with", id="nobody"
        ),
        pytest.param(["secrets", "get", "a"], {}, 3, "no root URL", id="nowhere"),
        pytest.param(
            ["secrets", "get", "a"],
            {"TASKCLUSTER_PROXY_URL": "http://taskcluster"},
            3,
            "no root URL",
            id="only a proxy",
        ),
        pytest.param(["secrets", "get", "a"], temporary(-7200, -1), 3, "expired at", id="credentials that ended"),
        pytest.param(["secrets", "get", "a"], temporary(3600, 7200), 3, "valid only from", id="not yet valid ones"),
        pytest.param(["secrets", "get", "a"], temporary(0, 10**20), 3, "invalid certificate", id="no time"),
        pytest.param(["secrets", "get", ".."], ENV, 2, "cannot be '..'", id="another endpoint"),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], env: dict[str, str], code: int, line: str) -> None:
    """
    Rather than printing a URL that never works.
    """
    result = tc("signed-url", *argv, env=env)

    assert (code, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr


@pytest.mark.parametrize(
    ("start", "expiry", "warning"),
    [
        pytest.param(-60, 3600, "", id="valid for longer"),
        pytest.param(-60, 60, "expires with the temporary credentials", id="valid for less"),
        pytest.param(300, 3600, "works only from", id="valid from later on"),
    ],
)
def test_warns_of_another_lifetime(tc: CommandLine, start: int, expiry: int, warning: str) -> None:
    """
    A URL works as long as the temporary credentials that signed it; --quiet suppresses the warning.
    """
    env = temporary(start, expiry)
    result = tc("signed-url", "secrets", "get", "a", env=env)

    assert 0 == result.exit_code
    assert warning in result.stderr
    assert bool(warning) == result.stderr.count("\n")
    assert "" == tc("signed-url", "secrets", "get", "a", "-q", env=env).stderr


def test_a_task_asks_its_proxy(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With the real URL as text; the answer's place is what is printed, never the proxy's own host.
    """
    signed = f"{ROOT}/api/secrets/v1/secret/a?bewit=x"
    http_server.respond_with(response(303, signed.encode(), Location=signed))
    env = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_PROXY_URL": http_server.url}
    result = tc("signed-url", "secrets", "get", "a", env=env)
    asked = http_server.requests[0]

    assert (0, f"{signed}\n", "") == (result.exit_code, result.stdout, result.stderr)
    assert ("POST", "/bewit") == (asked.verb, asked.target)
    assert f"{ROOT}/api/secrets/v1/secret/a".encode() == asked.body
    assert "authorization" not in asked.headers
    assert "1 hour" in tc("signed-url", "secrets", "get", "a", "--expires", "5", env=env).stderr


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        pytest.param(response(200, b"OK"), 9, id="no URL"),
        pytest.param(response(303, b"", Location="https://elsewhere/?bewit=x"), 9, id="another URL"),
        pytest.param(error_response(403, "InsufficientScopes", "no"), 4, id="refused"),
        pytest.param(response(500), 7, id="failed"),
    ],
)
def test_a_proxy_may_fail(tc: CommandLine, http_server: ScriptedServer, trouble: Any, code: int) -> None:
    """
    Then nothing is printed.
    """
    http_server.respond_with(trouble)
    env = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_PROXY_URL": http_server.url}
    result = tc("signed-url", "secrets", "get", "a", "--delay-factor", "0", env=env)

    assert (code, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize("kind", ["permanent", "temporary", "limited"])
def test_a_deployment_accepts_it(tc: CommandLine, sandbox: RunningSandbox, kind: str) -> None:
    """
    Fetched by anybody, without a header; and no longer after a character is changed.
    """
    env = dict(sandbox.environment)
    secret = '{"secret": {"a": 1}, "expires": "2100-01-01T00:00:00.000Z"}'
    assert 0 == tc("secrets", "set", "a/b", stdin=secret, env=env).exit_code
    options = ["--authorized-scope", "secrets:get:a/b"] if kind == "limited" else []
    if kind == "temporary":
        issued = json.loads(
            tc("temp-credentials", "--scope", "*", "--expires", "1 hour", "--format", "json", env=env).stdout
        )
        env["TASKCLUSTER_CLIENT_ID"] = issued["clientId"]
        env["TASKCLUSTER_ACCESS_TOKEN"] = issued["accessToken"]
        env["TASKCLUSTER_CERTIFICATE"] = issued["certificate"]
    url = tc("signed-url", "secrets", "get", "a/b", *options, env=env).stdout.strip()

    with urllib.request.urlopen(url) as response:
        assert {"a": 1} == json.load(response)["secret"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("a%2Fb", "a%2Fc"))
    with refused.value:
        assert 401 == refused.value.code


def test_the_reason_of_missing_credentials_is_named(tc: CommandLine) -> None:
    """
    With --anonymous, setting credentials would not help.
    """
    result = tc("signed-url", "queue", "ping", "--anonymous", env=ENV)
    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "--anonymous" in result.stderr
    assert "TASKCLUSTER_CLIENT_ID" not in result.stderr
