"""
What the services' HTTP framework does around every method, as measured on the real services.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest
import taskcluster

from tccli.sandbox.collation import sort_key
from tests.sandbox.conftest import timestamp
from tests.sandbox.queue_client import WORKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import ClaimedRun, HttpResponse, Signer

    Send = Callable[..., HttpResponse]

EXPAND = "/api/auth/v1/scopes/expand"
SCOPES = b'{"scopes": ["a"]}'
SECRET = "/api/secrets/v1/secret/a"
TASK = "/api/queue/v1/task/AAAAAAAAQwSAAAAAAAAAAA"


def test_json_is_indented_and_that_of_web_server_is_not(send: Send) -> None:
    """
    Two spaces, many lines.
    """
    assert (
        '{\n  "scopes": [\n    "a",\n    "assume:anonymous"'
        in send("POST", EXPAND, {"scopes": ["a", "assume:anonymous"]}).text
    )
    assert "\n" not in send("GET", "/api/web-server/v1/task/x/profile").text


def test_entity_tags_make_304(send: Send) -> None:
    """
    For GET and HEAD with success; not for POST, errors, or a request that refuses caches.
    """
    path = "/api/auth/v1/roles/anonymous"
    first = send("GET", path)
    etag = first.headers["etag"]

    assert etag.startswith(f'W/"{len(first.text):x}-')
    assert etag == send("HEAD", path).headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        reply = send("GET", path, headers={"if-none-match": known})
        assert (304, "") == (reply.status, reply.text)
        assert reply.headers["content-security-policy"]
        assert not {"content-type", "vary"} & reply.headers.keys()
    assert 200 == send("GET", path, headers={"if-none-match": 'W/"x"'}).status
    assert 200 == send("GET", path, headers={"if-none-match": etag, "cache-control": "no-cache"}).status
    assert 200 == send("POST", EXPAND, {"scopes": []}, headers={"if-none-match": "*"}).status
    missing = send("GET", SECRET, headers={"if-none-match": "*"})
    assert (404, True) == (missing.status, "etag" in missing.headers)


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, deflate, br", "gzip"), ("deflate", "deflate"), ("gzip;q=0", None), ("br", None)]
)
def test_large_responses_are_compressed(sandbox: RunningSandbox, accepted: str, coding: str | None) -> None:
    """
    As asked for, from 1 kB on.
    """
    import httpx

    url, headers = f"{sandbox.root_url}/api/auth/v1/roles/anonymous", {"accept-encoding": accepted}
    reply = httpx.get(url, headers=headers)
    small = httpx.get(f"{sandbox.root_url}/api/auth/v1/ping", headers=headers)

    assert (coding, None) == (reply.headers.get("content-encoding"), small.headers.get("content-encoding"))
    assert "anonymous" == reply.json()["roleId"]
    assert "Accept-Encoding" == reply.headers["vary"]


@pytest.mark.parametrize(
    ("path", "verbs"),
    [(TASK, "GET, HEAD, PUT"), ("/api/index/v1/tasks/a.b", "GET, HEAD, POST"), (SECRET, "DELETE, GET, HEAD, PUT")],
)
def test_options_lists_verbs(send: Send, path: str, verbs: str) -> None:
    """
    Sorted, as header and as text; those of unpublished routes too.
    """
    reply = send("OPTIONS", path, signed=False)

    assert (200, verbs, verbs, "text/plain") == (
        reply.status,
        reply.text,
        reply.headers["allow"],
        reply.headers["content-type"],
    )


def test_unknown_paths_of_web_server_are_a_page(send: Send) -> None:
    """
    It is another application than the others.
    """
    reply = send("GET", "/api/web-server/v1/<x>")

    assert (404, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
    assert "<pre>Cannot GET /api/web-server/v1/" in reply.text
    assert "default-src 'none'" == reply.headers["content-security-policy"]


def test_line_feeds_in_arguments_are_characters(send: Send) -> None:
    """
    404 of the method where there is no pattern, and 400 where there is one.
    """
    for ending in ("%0A", "%0Ab"):
        assert (404, "ResourceNotFound") == (send("GET", SECRET + ending).status, send("GET", SECRET + ending).code)
        assert "InvalidRequestArguments" == send("GET", TASK + ending).code


def test_a_slash_after_a_list_of_artifacts_is_an_empty_name(send: Send) -> None:
    """
    400, for both lists; other lists take the slash.
    """
    for path in (f"{TASK}/artifacts/", f"{TASK}/runs/0/artifacts/"):
        reply = send("GET", path)
        assert (400, "InvalidRequestArguments") == (reply.status, reply.code)
        assert "'name' given as ''" in reply.message
        assert 404 == send("GET", path[:-1]).status
    assert 200 == send("GET", "/api/secrets/v1/secrets/").status


def test_unpublished_routes(send: Send) -> None:
    """
    Lists of the index take POST without options, and worker-manager takes a colon after the pool.
    """
    for name in ("a.b.c", "a.b.d", "a.c.d"):
        entry = {"taskId": taskcluster.slugId(), "rank": 1, "data": {}, "expires": timestamp("1 day")}
        assert 200 == send("PUT", f"/api/index/v1/task/{name}", entry).status
    for path in ("tasks", "tasks/a.b", "namespaces", "namespaces/a"):
        target = f"/api/index/v1/{path}"
        assert send("GET", target).json == send("POST", target, {}).json == send("POST", target, {"limit": 1}).json
        assert 400 == send("POST", f"{target}?limit=1", {}).status
    for path in ("namespaces", "namespaces/a"):
        assert "InputValidationError" == send("POST", f"/api/index/v1/{path}", {"limit": 0}).code
        assert "MalformedPayload" == send("POST", f"/api/index/v1/{path}").code
    assert (
        200 == send("POST", "/api/index/v1/tasks/a", {"limit": 0}).status == send("POST", "/api/index/v1/tasks").status
    )
    workers = "/api/worker-manager/v1/workers/a%2Fb"
    assert send("GET", f"{workers}/g").json == send("GET", f"{workers}:/g").json
    assert "ResourceNotFound" == send("GET", f"{workers}:/g/w").code


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/auth/v1/sentry/a%20b/dsn", 400),
        ("/api/auth/v1/aws/s3/read-only/A/x", 400),
        ("/api/worker-manager/v1/worker-pool-errors/a%2Fb?errorId=", 400),
        ("/api/worker-manager/v1/worker-pool-errors/a%2Fb?errorId=a", 200),
    ],
)
def test_patterns_of_arguments_and_options(send: Send, target: str, status: int) -> None:
    """
    Checked before the method runs.
    """
    assert status == send("GET", target).status


@pytest.mark.parametrize("sent", ["null", '"x"', "5", "true"])
def test_a_payload_that_is_no_object_is_returned_parsed(send: Send, sent: str) -> None:
    """
    What is not JSON is returned as text.
    """
    reply = send("PUT", "/api/auth/v1/roles/a", sent.encode())

    assert ("MalformedPayload", json.loads(sent)) == (reply.code, reply.json["requestInfo"]["payload"])
    assert "{" == send("PUT", "/api/auth/v1/roles/a", b"{").json["requestInfo"]["payload"]


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        (SECRET, "null", 500),
        (SECRET, '"x"', 500),
        ("/api/worker-manager/v1/workers/a%2Fb/g/w", "null", 500),
        ("/api/worker-manager/v1/workers/a%2Fb/g/w", "5", 400),
    ],
)
def test_services_fail_while_they_mask(send: Send, path: str, sent: str, status: int) -> None:
    """
    With a page of HTML.
    """
    reply = send("PUT", path, sent.encode())

    assert (status, status == 500) == (reply.status, reply.headers["content-type"].startswith("text/html"))


def test_bodies_are_decoded_before_they_are_signed(send: Send, sign: Signer) -> None:
    """
    Content encodings and the byte order mark; the hash of the signature is over the text.
    """
    plain = sign("POST", EXPAND, content=SCOPES, content_type="application/json", always_hash_content=True)
    for coding, body in (("gzip", gzip.compress(SCOPES)), ("deflate", zlib.compress(SCOPES)), ("identity", SCOPES)):
        headers = {"content-encoding": coding}
        assert 200 == send("POST", EXPAND, body, headers=headers).status
        assert 200 == send("POST", EXPAND, body, headers={**headers, "authorization": plain}).status
        signed = sign("POST", EXPAND, content=body, content_type="application/json", always_hash_content=True)
        expected = 200 if coding == "identity" else 401
        assert expected == send("POST", EXPAND, body, headers={**headers, "authorization": signed}).status
    marked = b"\xef\xbb\xbf" + SCOPES
    assert 200 == send("POST", EXPAND, marked).status
    assert 200 == send("POST", EXPAND, marked, headers={"authorization": plain}).status


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip"},
        {"content-encoding": "x"},
        {"content-type": "application/json; charset=x"},
        {"content-type": "application/json; charset=hex"},
    ],
)
def test_bodies_that_cannot_be_decoded(send: Send, headers: dict[str, str]) -> None:
    """
    500 InternalServerError in JSON, on GET too.
    """
    posted, got = (
        send("POST", EXPAND, SCOPES, headers=headers),
        send("GET", "/api/auth/v1/ping", SCOPES, headers=headers),
    )

    assert [(500, "InternalServerError")] * 2 == [(reply.status, reply.code) for reply in (posted, got)]


def test_bodies_that_are_too_large(send: Send) -> None:
    """
    500, also when only what a small one unpacks to is too large; exactly 10 MiB is not.
    """
    zeros = gzip.compress(b" " * (11 << 20))
    for body, headers in ((b" " * ((10 << 20) + 1), {}), (zeros, {"content-encoding": "gzip"})):
        reply = send("POST", EXPAND, body, headers=headers)
        assert (500, "InternalServerError") == (reply.status, reply.code)
        assert "payload" not in reply.json["requestInfo"]
        assert send("PUT", SECRET, body, headers=headers).headers["content-type"].startswith("text/html")
    assert 200 == send("POST", EXPAND, SCOPES.ljust(10 << 20)).status


def test_compressed_bodies_have_any_number_of_members(send: Send) -> None:
    """
    What follows a member must be another one.
    """
    members = gzip.compress(SCOPES[:5]) + gzip.compress(SCOPES[5:])

    assert 200 == send("POST", EXPAND, members, headers={"content-encoding": "gzip"}).status
    assert 500 == send("POST", EXPAND, members + b"xx", headers={"content-encoding": "gzip"}).status


@pytest.mark.parametrize("kind", [";", "; charset", "; charset=", "; charset=utf-8;"])
def test_content_types_with_wrong_parameters_are_not_json(send: Send, kind: str) -> None:
    """
    The body is read, and then a method with a payload rejects the content type.
    """
    headers = {"content-type": f"application/json{kind}"}

    assert "Payload must be JSON" in send("POST", EXPAND, SCOPES, headers=headers).message
    assert 200 == send("GET", "/api/auth/v1/ping", b"{}", headers=headers).status
    assert "Failed to parse" in send("GET", "/api/auth/v1/ping", b"{", headers=headers).message
    for right in ("; charset=utf-8", ';charset="utf-8"', "; charset=utf-8; a=b"):
        assert 200 == send("POST", EXPAND, SCOPES, headers={"content-type": f"application/json{right}"}).status


@pytest.mark.parametrize("verb", ["BREW", "get"])
def test_verbs_that_the_parser_does_not_know(send: Send, verb: str) -> None:
    """
    400 without a body, and the connection ends.
    """
    reply = send(verb, "/api/auth/v1/ping", signed=False)

    assert (400, "", "close") == (reply.status, reply.text, reply.headers["connection"])
    assert 404 == send("PATCH", "/api/auth/v1/ping", signed=False).status


def test_text_that_the_database_cannot_store(send: Send) -> None:
    """
    JSON takes neither NUL nor lone surrogates; text no NUL, and a surrogate is replaced; secrets keep both.
    """
    until = timestamp("1 hour")
    client = {"description": "a\ud800b", "expires": until}

    assert 500 == send("PUT", "/api/auth/v1/clients/a", {**client, "description": "a\0"}).status
    assert 200 == send("PUT", "/api/auth/v1/clients/a", client).status
    assert "a\ufffdb" == send("GET", "/api/auth/v1/clients/a").json["description"]
    for text in ("\0", "\ud800", "\udc00\ud800"):
        indexed = {"taskId": TASK[-22:], "rank": 1, "data": {"a": text}, "expires": until}
        assert "InternalServerError" == send("PUT", "/api/index/v1/task/a.b", indexed).code
        assert 200 == send("PUT", SECRET, {"secret": {"a": text}, "expires": until}).status
        assert {"a": text} == send("GET", SECRET).json["secret"]
    escaped = {"taskId": TASK[-22:], "rank": 1, "data": {"a": "\\u0000 \\ud800"}, "expires": until}
    assert 200 == send("PUT", "/api/index/v1/task/a.b", escaped).status
    assert 500 == send("GET", SECRET + "%00").status


@pytest.mark.parametrize("text", ["a\0", "a\ud800"])
def test_each_service_stores_text_as_its_columns_do(send: Send, run: ClaimedRun, text: str) -> None:
    """
    Roles, artifacts and the reason of a quarantine are JSON, errors of worker pools take anything, and the content type
    of an artifact is text.
    """
    role = {"description": "d", "scopes": []}
    pool = {"providerId": "static", "description": "d", "owner": "o@example.com", "emailOnError": True, "config": {}}
    error = {"kind": text, "title": text, "description": text, "extra": {"a": text}}
    send("PUT", "/api/auth/v1/roles/changed", role)
    send("PUT", "/api/worker-manager/v1/worker-pool/proj%2Fci", pool)
    worker = "/api/queue/v1/provisioners/proj/worker-types/ci/workers/group/worker"
    artifact = {"storageType": "s3", "contentType": text, "expires": timestamp("10 minutes")}
    link = {"storageType": "link", "artifact": text, "contentType": "text/plain", "expires": timestamp("10 minutes")}
    statuses = {
        "createRole": send("PUT", "/api/auth/v1/roles/new", {**role, "description": text}).status,
        "updateRole": send("POST", "/api/auth/v1/roles/changed", {**role, "description": text}).status,
        "quarantine": send("PUT", worker, {"quarantineUntil": timestamp("1 hour"), "quarantineInfo": text}).status,
        "link": send("POST", f"{run.path}/artifacts/public/a", link).status,
    }
    reported = send("POST", "/api/worker-manager/v1/worker-pool-errors/proj%2Fci", {**error, **WORKER})
    listed = send("GET", "/api/worker-manager/v1/worker-pool-errors/proj%2Fci").json["workerPoolErrors"]
    stored = send("POST", f"{run.path}/artifacts/public/b", artifact)

    assert set(statuses.values()) == {500}, statuses
    assert 200 == reported.status
    assert [{**error, "extra": {"a": text, **WORKER}}] == [{name: each[name] for name in error} for each in listed]
    assert (500 if "\0" in text else 200) == stored.status
    assert "\0" in text or "a\ufffd" == stored.json["contentType"]


def test_numbers_are_those_of_javascript(send: Send) -> None:
    """
    An infinite number is null, and 1.0 is 1.
    """
    numbers = '{"a": 1e400, "b": 1.0, "c": 9007199254740993, "d": 1e20}'
    body = f'{{"secret": {numbers}, "expires": "{timestamp("1 hour")}"}}'
    assert 200 == send("PUT", SECRET, body.encode()).status

    assert {"a": None, "b": 1, "c": 2**53, "d": 10**20} == send("GET", SECRET).json["secret"]
    entry = f'{{"taskId": "{TASK[-22:]}", "rank": 1e400, "data": {{}}, "expires": "{timestamp("1 hour")}"}}'
    assert "InputValidationError" == send("PUT", "/api/index/v1/task/a.b", entry.encode()).code


@pytest.mark.parametrize(
    ("expires", "found"),
    [
        ("2090-01-01T00:00:00", "2090-01-01T00:00:00.000Z"),
        ("2090-01-01t00:00:00.1+01:00", "2089-12-31T23:00:00.100Z"),
        ("2090-01-01T23:59:60Z", None),
        ("2090-01-01T00:00:00+24:00", None),
    ],
)
def test_times_pass_their_schema_and_are_read_by_javascript(send: Send, expires: str, found: str | None) -> None:
    """
    What is not a time then is a 500.
    """
    reply = send("PUT", SECRET, {"secret": {}, "expires": expires})

    assert (200 if found else 500) == reply.status
    if found:
        assert found == send("GET", SECRET).json["expires"]


def test_lists_have_the_order_of_the_database(send: Send) -> None:
    """
    Letters without case first, then lower before upper case, then punctuation; pages and prefixes agree with it.
    """
    expected = ["10", "2", "-a", "a", "A", "a-b", "a/b", "ab", "ab-", "aB", "b", "B"]
    for name in sorted(expected):
        path = f"/api/auth/v1/clients/x{name.replace('/', '%2F')}"
        assert 200 == send("PUT", path, {"description": "", "expires": timestamp("1 hour")}).status
    found, query = list[str](), "prefix=x&limit=5"
    while query:
        page = send("GET", f"/api/auth/v1/clients/?{query}").json
        found += [client["clientId"].removeprefix("x") for client in page["clients"]]
        token = page.get("continuationToken")
        query = f"prefix=x&limit=5&continuationToken={token}" if token else ""

    assert sorted(expected, key=lambda name: sort_key("x" + name)) == found
    assert expected == sorted(expected, key=sort_key)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[evil]"])
def test_controls_are_only_for_this_machine(send: Send, host: str) -> None:
    """
    A name of another machine may have been made to lead here.
    """
    assert 403 == send("GET", "/sandbox/calls", signed=False, headers={"host": host}).status
    for own in ("127.0.0.1", "localhost:80", "[::1]:80"):
        assert 200 == send("GET", "/sandbox/calls", signed=False, headers={"host": own}).status
