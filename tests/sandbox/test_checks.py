"""
The order of checks and the format of errors, before a handler runs.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse, Signer

    Send = Callable[..., HttpResponse]


@pytest.mark.parametrize(
    ("verb", "target"),
    [
        pytest.param("GET", "/", id="root"),
        pytest.param("GET", "/api/queue/v2/ping", id="version"),
        pytest.param("GET", "/api/nosuch/v1/ping", id="service"),
        pytest.param("POST", "/api/queue/v1/ping", id="verb"),
        pytest.param("GET", "/api/queue/v1/Ping", id="case"),
        pytest.param("GET", "/api/queue/v1/task/a/b/c", id="route"),
        pytest.param("GET", "/schemas/queue/v1/nosuch.json", id="schema"),
    ],
)
def test_unknown_routes_are_not_found(send: Send, verb: str, target: str) -> None:
    """
    404 with a body that has no code.
    """
    reply = send(verb, target)

    assert 404 == reply.status
    assert {"error": "Not found"} == reply.json


def test_the_format_of_errors(send: Send) -> None:
    """
    Code, message with a trailer, and the request.
    """
    reply = send("GET", "/api/secrets/v1/secret/a%2Fb")
    body = reply.json
    trailer = body["message"].split("\n---\n")[1].splitlines()

    assert 404 == reply.status
    assert "ResourceNotFound" == body["code"]
    assert body["message"].startswith("Secret not found\n\n---\n")
    assert ["* method:     get", "* errorCode:  ResourceNotFound", "* statusCode: 404"] == [*trailer[1:4]]
    assert "get" == body["requestInfo"]["method"]
    assert "a/b" == body["requestInfo"]["params"]["name"]
    assert {} == body["requestInfo"]["payload"]


GROUP = "/api/queue/v1/task-group/" + "A" * 8 + "Q" + "A" + "C" + "A" * 10 + "A/list"


@pytest.mark.parametrize(
    ("verb", "target", "payload", "status", "code"),
    [
        pytest.param("GET", "/api/queue/v1/task/short", None, 400, "InvalidRequestArguments", id="argument"),
        pytest.param("GET", "/api/auth/v1/ping?x=1", None, 400, "InvalidRequestArguments", id="unknown option"),
        pytest.param("GET", GROUP + "?limit=1&limit=1", None, 400, "InvalidRequestArguments", id="option twice"),
        pytest.param("GET", GROUP + "?limit[]=1", None, 400, "InvalidRequestArguments", id="option with brackets"),
        pytest.param("GET", GROUP + "?bewit[a]=1", None, 400, "InvalidRequestArguments", id="signature with brackets"),
        pytest.param(
            "GET", GROUP + "?continuationToken=%0D", None, 400, "InvalidRequestArguments", id="token of a line"
        ),
        pytest.param("GET", GROUP + "?limit=x", None, 400, "InvalidRequestArguments", id="limit no number"),
        pytest.param("GET", GROUP + "?limit=-1", None, 400, "InvalidRequestArguments", id="limit negative"),
        pytest.param("GET", GROUP + "?continuationToken=", None, 400, "InvalidRequestArguments", id="empty token"),
        pytest.param("GET", GROUP + "?continuationToken=!", None, 400, "InputError", id="token of other letters"),
        pytest.param("GET", GROUP + "?continuationToken=abc", None, 404, "ResourceNotFound", id="made-up token"),
        pytest.param("PUT", "/api/auth/v1/roles/a", b"{", 400, "MalformedPayload", id="no JSON"),
        pytest.param("PUT", "/api/auth/v1/roles/a", b"1", 400, "MalformedPayload", id="no object"),
        pytest.param("PUT", "/api/auth/v1/roles/a", b"NaN", 400, "MalformedPayload", id="NaN"),
        pytest.param("PUT", "/api/auth/v1/roles/a", None, 400, "MalformedPayload", id="no payload"),
        pytest.param("PUT", "/api/auth/v1/roles/a", {}, 400, "InputValidationError", id="schema"),
        pytest.param("GET", "/api/auth/v1/clients/nobody", None, 404, "ResourceNotFound", id="nothing there"),
        pytest.param("GET", "/api/auth/v1/roles2/?continuationToken=abc", None, 400, "InputError", id="role token"),
        pytest.param("GET", "/api/auth/v1/clients/?limit=0", None, 500, "InternalServerError", id="limit nought"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, status: int, code: str) -> None:
    """
    Each with the status and the code of the services.
    """
    reply = send(verb, target, payload)

    assert (status, code) == (reply.status, reply.code)


@pytest.mark.parametrize(
    ("verb", "target", "payload", "status"),
    [
        pytest.param("GET", "/api/auth/v1/ping", None, 200, id="no scopes needed: the header is not looked at"),
        pytest.param("GET", "/api/secrets/v1/secret/a?x=1", None, 401, id="before the query"),
        pytest.param("GET", "/api/queue/v1/task/short", None, 401, id="before the arguments"),
        pytest.param("PUT", "/api/secrets/v1/secret/a", b"{}", 401, id="before the schema"),
        pytest.param("PUT", "/api/auth/v1/roles/a", b"{", 400, id="after the body"),
        pytest.param("PUT", "/api/auth/v1/roles/a", {}, 400, id="after the schema, when that decides the scopes"),
    ],
)
def test_checks_come_in_the_order_of_the_services(
    send: Send, verb: str, target: str, payload: Any, status: int
) -> None:
    """
    A request with a bad signature and another error gets the response of the earlier check.
    """
    reply = send(verb, target, payload, headers={"authorization": 'Hawk id="nobody", ts="1", nonce="n", mac="m"'})

    assert status == reply.status
    if status == 401:
        assert "hawk" == reply.headers["www-authenticate"]


def test_callers_without_credentials_are_anonymous(send: Send) -> None:
    """
    They have the anonymous role's scopes; the rest is 403, not 401.
    """
    scopes = send("GET", "/api/auth/v1/scopes/current", signed=False).json["scopes"]
    error = send("GET", "/api/secrets/v1/secret/a", signed=False)

    assert {"assume:anonymous", "secrets:list-secrets", "queue:get-artifact:public/*"} <= set(scopes)
    assert (403, "InsufficientScopes") == (error.status, error.code)
    assert "requires Taskcluster credentials" in error.json["message"]


def test_header_and_bewit_together_are_an_error(send: Send) -> None:
    """
    401.
    """
    reply = send("GET", "/api/auth/v1/scopes/current?bewit=abc")

    assert 401 == reply.status
    assert "two authentication schemes" in reply.json["message"]


def test_the_hash_of_a_payload_is_checked(sign: Signer, send: Send) -> None:
    """
    It covers the bytes and the content type.
    """
    target, payload = "/api/auth/v1/scopes/expand", b'{"scopes": ["a"]}'
    header = sign("POST", target, content=payload, content_type="application/json")

    assert 200 == send("POST", target, payload, headers={"authorization": header}).status
    changed = send("POST", target, payload.replace(b"a", b"b"), headers={"authorization": header})

    assert 401 == changed.status
    assert "Invalid payload hash" in changed.json["message"]


def test_the_signature_covers_the_escaped_path(sign: Signer, send: Send) -> None:
    """
    ``%2f`` is not ``%2F``.
    """
    header = sign("GET", "/api/secrets/v1/secret/a%2Fb")

    assert 404 == send("GET", "/api/secrets/v1/secret/a%2Fb", headers={"authorization": header}).status
    assert 401 == send("GET", "/api/secrets/v1/secret/a%2fb", headers={"authorization": header}).status


def test_the_deployment_has_its_own_clock(sandbox: RunningSandbox, send: Send, sign: Signer) -> None:
    """
    When it is moved, signatures by the real time are stale, and the Date header shows the deployment's time.
    """
    header = sign("GET", "/api/auth/v1/scopes/current")
    sandbox.clock.offset = 3_600_000
    reply = send("GET", "/api/auth/v1/scopes/current", headers={"authorization": header})

    assert 401 == reply.status
    assert "Stale timestamp" in reply.json["message"]
    shown = parsedate_to_datetime(reply.headers["date"]).timestamp()
    assert 3000 < shown - time.time() < 3700


def test_responses_have_the_services_headers(send: Send) -> None:
    """
    For browsers and for tracing.
    """
    reply = send("GET", "/api/queue/v1/ping", headers={"x-taskcluster-trace-id": "abc"})

    assert "*" == reply.headers["access-control-allow-origin"]
    assert "no-store no-cache must-revalidate" == reply.headers["cache-control"]
    assert "abc" == reply.headers["x-for-trace-id"]
    assert reply.headers["x-for-request-id"]


def test_head_and_options(send: Send) -> None:
    """
    HEAD is GET without a body; OPTIONS lists the verbs.
    """
    head = send("HEAD", "/api/queue/v1/ping")

    assert (200, "") == (head.status, head.text)
    assert "GET, HEAD" == send("OPTIONS", "/api/queue/v1/ping", signed=False).headers["allow"]


def test_arguments_are_decoded_once(send: Send) -> None:
    """
    Slashes, percent signs and spaces are preserved; an invalid escape is 400.
    """
    for raw, name in [("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("a%20b", "a b"), ("a/b", "a/b"), ("%C3%A4", "ä")]:
        assert name == send("GET", f"/api/secrets/v1/secret/{raw}").json["requestInfo"]["params"]["name"]
    assert 400 == send("GET", "/api/secrets/v1/secret/%zz").status


def test_lists_are_no_secrets(send: Send) -> None:
    """
    JSON does not show the property that the service sets to mask them.
    """
    assert [1] == send("PUT", "/api/secrets/v1/secret/a", [1]).json["requestInfo"]["payload"]


def test_secrets_are_masked_in_errors(send: Send) -> None:
    """
    An error contains the payload, but not the secret.
    """
    reply = send("PUT", "/api/secrets/v1/secret/a", {"secret": {"x": "hidden"}})

    assert 400 == reply.status
    assert {"secret": "(OMITTED)"} == reply.json["requestInfo"]["payload"]


def test_a_malformed_secret_is_an_html_error(send: Send) -> None:
    """
    As with the service, which fails while it masks the payload.
    """
    reply = send("PUT", "/api/secrets/v1/secret/a", b"{")

    assert 500 == reply.status
    assert "text/html; charset=utf-8" == reply.headers["content-type"]
    assert reply.text.startswith("<!DOCTYPE html>")


def test_publishes_references_and_schemas(sandbox: RunningSandbox, send: Send) -> None:
    """
    They are at the paths in the manifest and the references.
    """
    manifest = send("GET", "/references/manifest.json").json
    rollup = {entry["filename"] for entry in send("GET", "/references/references.json").json}

    for path in manifest["references"]:
        reference = send("GET", path).json
        assert path.removeprefix("/") in rollup
        for entry in reference["entries"]:
            for schema in filter(None, (entry.get("input"), entry.get("output"))):
                assert f"schemas/{reference['serviceName']}/{schema.removesuffix('#')}" in rollup
    task = send("GET", "/schemas/queue/v1/task.json").json

    assert f"{sandbox.root_url}/schemas/queue/v1/task.json#" == task["$id"]
