"""
Errors that every method has, and responses that no other file tests.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import mohawk
import pytest
import taskcluster

from tccli import references
from tccli.core.scopes import find_parameters
from tccli.sandbox.http.json_text import dumps
from tccli.sandbox.services.all import create_registry

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


ARGUMENTS = [(method, name) for method in METHODS for name in method.args]
NOT_FOUND = '{\n  "error": "Not found"\n}'
MASKED = {
    "null": {"secrets.set", "worker-manager.createWorker", "worker-manager.updateWorker"},
    **{sent: {"secrets.set"} for sent in ('"x"', "5", "true")},
}
"""Methods whose service fails while it masks a payload."""
SHOWN_MASKED = {"worker-manager.registerWorker", "worker-manager.reregisterWorker"}


def target(method: references.Method, **written: str) -> str:
    """
    Return a method's path with a valid value for each argument, or what is *written* for it.
    """
    route = method.route
    for name in method.args:
        route = route.replace(f"<{name}>", written.get(name, quote(VALUES.get(name, "a"), safe="")))
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
        (
            gzip.compress(b"{}", mtime=0)[:12],
            {"content-encoding": "gzip"},
            500,
            {"code": "Z_BUF_ERROR", "name": "Error"},
        ),
        (
            b"{}".ljust(100 * 1024 + 1),
            {},
            413,
            {"code": 413, "name": "PayloadTooLargeError", "message": "Payload too large"},
        ),
        (
            gzip.compress(b"{}".ljust(11 << 20), mtime=0),
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


def test_errors_show_the_arguments_of_the_route(send: Callable[..., HttpResponse]) -> None:
    """
    And nothing else, the decoded payload, and indented JSON, but at web-server, which is another application.
    """
    wrong = []
    for method in METHODS:
        reply = send(method.verb, f"{target(method)}?no-such-option=1", {} if method.takes_payload else None)
        shown = reply.json["requestInfo"]
        arguments = {name: VALUES.get(name, "a") for name in method.args}
        indent = None if method.service == "web-server" else 2
        is_written = reply.text == dumps(reply.json, indent=indent)
        if (shown["method"], shown["params"], is_written) != (method.name, arguments, True):
            wrong.append((method.id, shown))

    assert not wrong


def test_the_verbs_of_every_path(send: Callable[..., HttpResponse]) -> None:
    """
    OPTIONS lists them sorted, as header and as text.
    """
    by_path: dict[str, set[str]] = {}
    for method in METHODS:
        by_path.setdefault(target(method), set()).update({"GET", "HEAD"} if method.verb == "GET" else {method.verb})
    wrong = []
    for path, verbs in by_path.items():
        reply = send("OPTIONS", path, signed=False)
        found = set(reply.text.split(", "))
        # A path may match other routes, too.
        written = ", ".join(sorted(found))
        if not verbs <= found or (reply.status, reply.text, reply.headers["allow"]) != (200, written, written):
            wrong.append((path, reply.text, verbs))

    assert not wrong


def test_arguments_that_are_not_utf_8_are_a_page(send: Callable[..., HttpResponse]) -> None:
    """
    400 of the framework, for each argument of each method; web-server is another application.
    """
    wrong = []
    for method, name in ARGUMENTS:
        if method.service == "web-server":
            continue
        reply = send(method.verb, target(method, **{name: "%ff"}), {} if method.takes_payload else None)
        if reply.status != 400 or not reply.headers["content-type"].startswith("text/html"):
            wrong.append((method.id, name, reply.status))

    assert not wrong


@pytest.mark.parametrize("text", ["%0A", "a%0A", "a%0Ab"])
def test_line_feeds_are_characters_of_every_argument(send: Callable[..., HttpResponse], text: str) -> None:
    """
    What a pattern does not allow is 400; without a pattern, the method runs. The path exists either way.
    """
    registry = create_registry()
    wrong = []
    for method, name in ARGUMENTS:
        reply = send(method.verb, target(method, **{name: text}), {} if method.takes_payload else None)
        is_refused = bool(registry.argument_problems(method.service, {name: unquote(text)}))
        code = reply.json.get("code", "") if reply.text.startswith("{") else ""
        # Methods whose scopes or arguments their handlers check first.
        if reply.text == NOT_FOUND or (is_refused and code not in {"InvalidRequestArguments", "InputError"}):
            wrong.append((method.id, name, reply.status, code))

    assert not wrong


def test_responses_with_a_body_have_an_entity_tag(send: Callable[..., HttpResponse]) -> None:
    """
    Also errors; what GET has found is 304 if the client knows it.
    """
    wrong = []
    for method in METHODS:
        reply = send(method.verb, target(method), {} if method.takes_payload else None)
        is_page = reply.headers.get("content-type", "").startswith("text/html")
        if ("etag" in reply.headers) != (bool(reply.text) and not is_page):
            wrong.append((method.id, reply.status, reply.headers.get("etag")))
        if method.verb == "GET" and reply.status == 200 and method.name != "ping":
            known = send("GET", target(method), headers={"if-none-match": reply.headers["etag"]})
            missing = {"content-type", "vary"} & known.headers.keys()
            if (known.status, known.text, missing) != (304, "", set()):
                wrong.append((method.id, known.status, str(missing)))

    assert not wrong


@pytest.mark.parametrize("sent", ["null", '"x"', "5", "true"])
def test_payloads_that_are_no_object_are_shown_parsed(send: Callable[..., HttpResponse], sent: str) -> None:
    """
    400 MalformedPayload of every method that reads one; a page where the service cannot mask it.
    """
    wrong = []
    for method in METHODS:
        if method.service == "web-server":
            continue
        reply = send(method.verb, target(method), sent.encode())
        if method.id in MASKED.get(sent, ()):
            is_right = reply.status == 500 and reply.headers["content-type"].startswith("text/html")
        else:
            shown = "(OMITTED)" if method.id in SHOWN_MASKED else json.loads(sent)
            is_right = reply.code == "MalformedPayload" and reply.json["requestInfo"]["payload"] == shown
        if not is_right:
            wrong.append((method.id, reply.status))

    assert not wrong


def test_odd_names_of_credentials_are_for_auth_only(sandbox: RunningSandbox, send: Callable[..., HttpResponse]) -> None:
    """
    Every other service fails for them, in methods that need credentials.
    """
    times = (taskcluster.fromNow("-1 minute"), taskcluster.fromNow("1 hour"))
    who, key = sandbox.credentials["clientId"], sandbox.credentials["accessToken"]
    named = taskcluster.createTemporaryCredentials(who, key, *times, ["*"], "a (b)")
    ext = b64encode(json.dumps({"certificate": json.loads(named["certificate"])}).encode()).decode()
    signer = {"algorithm": "sha256", "id": "a (b)", "key": named["accessToken"]}
    wrong = []
    for method in METHODS:
        if not all(kind is str and name in method.args for name, kind in find_parameters(method.scopes or {}).items()):
            continue
        url = sandbox.root_url + target(method)
        sender = mohawk.Sender(signer, url, method.verb, ext=ext, always_hash_content=False)
        headers = {"authorization": str(sender.request_header)}
        reply = send(method.verb, target(method), {} if method.takes_payload else None, headers=headers)
        fails = method.scopes is not None and method.service != "auth"
        if (reply.status == 500) != fails and method.id != "auth.websocktunnelToken":
            wrong.append((method.id, reply.status))

    assert not wrong


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
