"""
Errors that every method has, and responses that no other file tests.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import mohawk
import pytest

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

METHODS = [
    references.method(service, name)
    for service in references.service_names()
    for name in references.built_in().service(service).method_names
]
SLUG = "AAAAAAAAQwSAAAAAAAAAAA"
VALUES = {
    "taskId": SLUG,
    "taskGroupId": SLUG,
    "runId": "0",
    "level": "read-only",
    "workerPoolId": "a/b",
    "taskQueueId": "a/b",
    "entityType": "client",
    "bucket": "bucket",
}


def target(method: references.Method) -> str:
    """
    Return a method's path with a valid value for each argument.
    """
    route = method.route
    for name in method.args:
        route = route.replace(f"<{name}>", quote(VALUES.get(name, "a"), safe=""))
    return f"/api/{method.service}/{method.version}{route}"


def test_every_method_has_a_route(send: Callable[..., HttpResponse]) -> None:
    """
    Each is found and handles the request, or rejects its input. None fails but websocktunnelToken, as the service does.
    """
    wrong = []
    for method in METHODS:
        route = method.route
        for name in method.args:
            route = route.replace(f"<{name}>", f"x-{name}")
        reply = send(method.verb, f"/api/{method.service}/{method.version}{route}")
        expected = {500} if method.id == "auth.websocktunnelToken" else {200, 204, 400, 401, 404}
        if reply.status not in expected or reply.text == '{"error":"Not found"}':
            wrong.append((method.id, reply.status))

    assert not wrong


def test_unknown_query_options_are_errors(send: Callable[..., HttpResponse]) -> None:
    """
    400 InvalidRequestArguments for every method; the message names the option.
    """
    wrong = []
    for method in METHODS:
        reply = send(method.verb, f"{target(method)}?no-such-option=1", {} if method.takes_payload else None)
        if (reply.status, reply.code) != (400, "InvalidRequestArguments") or "no-such-option" not in reply.message:
            wrong.append((method.id, reply.status, reply.code))

    assert not wrong


def test_repeated_and_bracketed_query_options_are_errors(send: Callable[..., HttpResponse]) -> None:
    """
    400 InvalidRequestArguments for every option of every method, with one line for a key that is repeated.
    """
    wrong = []
    for method in METHODS:
        for option in method.query:
            for query, problem in (
                (f"{option}=%0A&{option}=1", f"{option} must be a string!"),
                (f"{option}[]=1", f"{option}[] is not supported!"),
            ):
                reply = send(method.verb, f"{target(method)}?{query}", {} if method.takes_payload else None)
                if (reply.status, reply.message) != (400, f"Query-string parameter: {problem}"):
                    wrong.append((method.id, query, reply.status, reply.text[:200]))

    assert not wrong


def test_bodies_that_cannot_be_read_are_errors(send: Callable[..., HttpResponse]) -> None:
    """
    500 for every method, without a payload in the response; with a page where the service fails while it masks one.
    """
    masked = {"secrets.set", "worker-manager.createWorker", "worker-manager.updateWorker"}
    omitted = {"worker-manager.registerWorker", "worker-manager.reregisterWorker"}
    wrong = []
    for method in METHODS:
        if method.service == "web-server":
            continue
        reply = send(method.verb, target(method), b"{}", headers={"content-encoding": "gzip"})
        is_page = reply.headers["content-type"].startswith("text/html")
        payload = None if is_page else reply.json["requestInfo"].get("payload", "")
        expected = None if method.id in masked else "(OMITTED)" if method.id in omitted else ""
        if (reply.status, payload) != (500, expected):
            wrong.append((method.id, reply.status, reply.text[:200]))

    assert not wrong


@pytest.mark.parametrize(
    ("body", "headers", "status", "document"),
    [
        (b"{", {}, 500, {"name": "SyntaxError"}),
        (b"null", {}, 500, {"name": "SyntaxError"}),
        (b"{}", {"content-type": "application/json; charset=latin1"}, 500, {"name": "UnsupportedMediaTypeError"}),
        (b"{}", {"content-encoding": "x"}, 500, {"name": "UnsupportedMediaTypeError"}),
        (b"{}", {"content-encoding": "gzip"}, 500, {"code": "Z_DATA_ERROR", "name": "Error"}),
        (gzip.compress(b"{}")[:12], {"content-encoding": "gzip"}, 500, {"code": "Z_BUF_ERROR", "name": "Error"}),
        (
            b"{}".ljust(100 * 1024 + 1),
            {},
            413,
            {"code": 413, "name": "PayloadTooLargeError", "message": "Payload too large"},
        ),
        (
            gzip.compress(b"{}".ljust(11 << 20)),
            {"content-encoding": "gzip"},
            413,
            {"code": 413, "name": "PayloadTooLargeError", "message": "Payload too large"},
        ),
    ],
)
def test_the_web_server_parses_bodies_before_it_looks_at_paths(
    send: Callable[..., HttpResponse], body: bytes, headers: dict[str, str], status: int, document: dict[str, Any]
) -> None:
    """
    Each of its methods, and a path without a method, responds with the name of the error.
    """
    targets = [target(method) for method in METHODS if method.service == "web-server"]
    replies = {path: send("GET", path, body, headers=headers) for path in [*targets, "/api/web-server/v1/none"]}

    assert targets
    assert not {path: reply.text for path, reply in replies.items() if (reply.status, reply.json) != (status, document)}


def test_methods_of_the_web_server_see_no_body(send: Callable[..., HttpResponse]) -> None:
    """
    The payload in an error is empty, and an argument that is not UTF-8 is an error of the application.
    """
    path = f"/api/web-server/v1/task/{SLUG}/profile"

    assert {} == send("GET", path, [1]).json["requestInfo"]["payload"]
    reply = send("GET", path.replace(SLUG, "%FF"))
    assert (500, {"name": "URIError"}) == (reply.status, reply.json)


def test_invalid_payloads_are_errors(send: Callable[..., HttpResponse]) -> None:
    """
    400 InputValidationError: no method takes an array.
    """
    replies = {method.id: send(method.verb, target(method), []) for method in METHODS if method.input}

    assert replies
    assert not {name: reply.code for name, reply in replies.items() if reply.code != "InputValidationError"}


@pytest.mark.parametrize("path", ["clients/static%2Ftaskcluster%2Froot", "roles/anonymous"], ids=["client", "role"])
def test_a_client_and_a_role_are_returned(send: Callable[..., HttpResponse], path: str) -> None:
    """
    The responses match their schemas, which the sandbox checks.
    """
    assert 200 == send("GET", f"/api/auth/v1/{path}").status


def test_authenticates_the_tester(sandbox: RunningSandbox, send: Callable[..., HttpResponse]) -> None:
    """
    Its credentials are public, and its scopes fixed.
    """
    path = "/api/auth/v1/test-authenticate-get/"
    who = {"algorithm": "sha256", "id": "tester", "key": "no-secret"}
    header = mohawk.Sender(who, sandbox.root_url + path, "GET", always_hash_content=False).request_header
    reply = send("GET", path, headers={"authorization": str(header)})

    assert (200, "tester") == (reply.status, reply.json["clientId"])
