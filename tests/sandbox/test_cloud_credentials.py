"""
Credentials for other services, which this deployment does not have.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest

from tccli.sandbox.clock import from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

    Send = Callable[..., HttpResponse]

AUTH = "/api/auth/v1"
TOKEN = {"permissions": {"contents": "read"}, "repositories": ["Repo"]}
REQUESTS = [
    pytest.param("GET", "aws/s3/read-only/bucket/a/b", None, 404, "ResourceNotFound", id="aws"),
    pytest.param("GET", "gcp/credentials/project/account", None, 400, "InvalidRequestArguments", id="gcp"),
    pytest.param("GET", "sentry/project/dsn", None, 404, "ResourceNotFound", id="sentry"),
    pytest.param("GET", "websocktunnel/audience/client", None, 500, "InternalServerError", id="websocktunnel"),
    pytest.param("POST", "github/app/Owner/repo-token", TOKEN, 404, "ResourceNotFound", id="github"),
]


@pytest.mark.parametrize(("verb", "target", "payload", "status", "code"), REQUESTS)
def test_nothing_is_configured(send: Send, verb: str, target: str, payload: Any, status: int, code: str) -> None:
    """
    The response of a deployment without configuration.
    """
    reply = send(verb, f"{AUTH}/{target}", payload)

    assert (status, code) == (reply.status, reply.code)


def test_needs_scopes(send: Send) -> None:
    """
    Without them, the response does not depend on the configuration.
    """
    for request in REQUESTS:
        verb, target, payload, *_ = request.values
        assert "InsufficientScopes" == send(str(verb), f"{AUTH}/{target}", payload, signed=False).code, target


@pytest.mark.parametrize(
    ("verb", "target", "payload", "code"),
    [
        pytest.param("GET", "aws/s3/write/bucket/a", None, "InvalidRequestArguments", id="level"),
        pytest.param("GET", "aws/s3/read-only/bucket//a", None, "ResourceNotFound", id="no bucket is configured"),
        pytest.param("GET", "aws/s3/read-only/bucket/a?format=x", None, "InvalidRequestArguments", id="format"),
        pytest.param("GET", f"websocktunnel/{'a' * 39}/client", None, "InvalidRequestArguments", id="audience"),
        pytest.param("POST", "github/app/owner/repo-token", {}, "InputValidationError", id="payload"),
        pytest.param("POST", "github/a.b/owner/repo-token", TOKEN, "InvalidRequestArguments", id="application"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str) -> None:
    """
    Requests that are not valid in any deployment.
    """
    assert code == send(verb, f"{AUTH}/{target}", payload).code


def test_websocktunnel_tokens_need_a_secret(send: Send, sandbox_server: Server, sandbox: RunningSandbox) -> None:
    """
    With one, a token is a JSON Web Token for four days.
    """
    sandbox_server.sandbox.state.websocktunnel_secret = "s"
    reply = send("GET", f"{AUTH}/websocktunnel/audience/client").json
    signed, _, mac = reply["token"].rpartition(".")
    header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in signed.split("."))

    assert urlsafe_b64decode(mac + "==") == hmac.digest(b"s", signed.encode(), "sha256")
    assert "HS256" == header["alg"]
    assert ("client", "audience", "taskcluster-auth") == (claims["tid"], claims["aud"], claims["iss"])
    assert sandbox.credentials["clientId"] == claims["sub"]
    assert (96 * 3600, 900) == (claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"])
    assert claims["exp"] * 1000 == from_json(reply["expires"])
