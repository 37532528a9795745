"""
Malformed requests to every method: the sandbox responds to each as a service would, and the connection survives.

``FUZZ_EXAMPLES=50000 pytest tests/sandbox/test_fuzz.py`` takes longer, and finds more.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import random
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import mohawk
import pytest
import slugid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tccli.core.schemas.bundle import bundle
from tccli.core.schemas.examples.generate import NoExampleError, Randomness, generate_example
from tccli.sandbox.services.queue import claims
from tests.sandbox.test_every_method import METHODS, SLUG, VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.references import Method
    from tests.conftest import RunningSandbox

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000"))
FUZZ = settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
STATUSES = {200, 204, 303, 304, 400, 401, 403, 404, 406, 409, 410, 413, 424, 500, 503}
EXPECTED_INVALID_OUTPUT = ("data.continuationToken", "data.tasks should NOT", "data should have required")
SEEDS = (
    *("auth.createRole", "auth.createClient", "secrets.set", "hooks.createHook", "worker-manager.createWorkerPool"),
    *("worker-manager.createWorker", "worker-manager.reportWorkerError", "queue.createTask", "queue.claimTask"),
    *("queue.createArtifact", "index.insertTask", "purge-cache.purgeCache", "notify.addDenylistAddress"),
)
"""Methods that create what others need."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.000Z"
LATER = (datetime.now(UTC) + timedelta(days=2)).strftime(TIME_FORMAT)

BY_ID = {method.id: method for method in METHODS}
PERSON = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com/"}
TASK = {
    "taskQueueId": "a/b",
    "deadline": LATER,
    "expires": LATER,
    "metadata": PERSON,
    "payload": {"a": [1, "x"]},
    "routes": ["index.a.b"],
    "tags": {"a": "b"},
    "extra": {"index": {"rank": 1}},
    "scopes": ["a"],
    "priority": "low",
    "retries": 1,
}
HOOK = {
    "hookGroupId": "a",
    "hookId": "a",
    "metadata": {name: PERSON[name] for name in ("name", "description", "owner")},
    "schedule": [],
    "triggerSchema": {},
    "task": {**TASK, "created": {"$fromNow": ""}, "extra": {"$eval": "payload"}},
}
POOL = {"providerId": "static", "description": "d", "config": {}, "owner": "o@example.com", "emailOnError": True}
YML = (
    "version: 1\nreporting: checks-v1\ntasks:\n- $if: 'true'\n  then: {taskQueueId: a/b, payload: {$eval: tasks_for}}\n"
)
EVENT = {"type": "github-push", "overrides": {"tasks_for": "github-push"}}
PAYLOADS: dict[str, Any] = {
    "hooks.createHook": HOOK,
    "hooks.updateHook": HOOK,
    "hooks.triggerHook": {"a": 1},
    "worker-manager.createWorkerPool": POOL,
    "worker-manager.createWorker": {"providerInfo": {"staticSecret": "s" * 44}, "expires": LATER, "capacity": 1},
    "worker-manager.updateWorkerPool": POOL,
    "queue.createTask": TASK,
    "queue.claimTask": {"workerGroup": "a", "workerId": "a"},
    "queue.taskQueueCountsBatch": {"taskQueueIds": ["a/b"]},
    "queue.createArtifact": {
        "storageType": "error",
        "expires": LATER,
        "reason": "file-missing-on-worker",
        "message": "m",
    },
    "github.renderTaskclusterYml": {
        "body": YML,
        "fakeEvent": EVENT,
        "organization": "o",
        "repository": "r",
    },
}

TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "\x00",
            "a\x00b",
            "�",
            "��",
            "\n",
            "a\n",
            "\r\nx: y",
            "\x7f",
            "\x85",
            "😀",
            "${",
            "{{x}}",
            "..",
            "/",
            "a/b",
            "a:b",
            "%",
            "%00",
            "*",
            "a" * 300,
            "assume:*",
            "a**",
            "<...>",
            "0",
            "-1",
            "9" * 30,
            "null",
            "0000-01-01T00:00:00Z",
            "2090-01-01T23:59:60Z",
            "2090-01-01T00:00:00+24:00",
            "9999-12-31T23:59:59-23:59",
            "2090-01-01 00:00:00+01",
            LATER,
            SLUG,
            "http://[::1",
            "a@b.de",
            "a\"'<script>",
            "index.�",
            "\\u0000",
        ]
    ),
    st.text(alphabet=st.characters(), max_size=5),
)
NUMBERS = st.sampled_from([0, -1, 1, 1.5, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 1e300, 5e-324, -0.0])
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES_OF_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TEMPLATES = st.sampled_from(
    [
        {"a": "${"},
        {"$eval": "taskId"},
        {"$eval": "1/0"},
        {"$fromNow": "1e9 years"},
        {"$map": 1},
        {"$if": "x"},
        {"$eval": "now[0]"},
        {"$sort": [1, "a"]},
        {"$merge": [1]},
        {"$$a": 1},
        {"$json": {"$eval": "payload"}},
    ]
)
RAW_BODIES = st.sampled_from(
    [
        b"",
        b"{",
        b"null",
        b"5",
        b'"x"',
        b"1e400",
        b'{"a":1e400}',
        b"NaN",
        b"[" * 200,
        b"[" * 100000,
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"\\ud800":1}',
        b'{"a":1,"a":2}',
        b" {} ",
    ]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-encoding": st.sampled_from(["gzip", "deflate", "br", "x", "identity", "gzip, br", ""]),
        "content-type": st.sampled_from(
            [
                "text/plain",
                "application/json; charset=utf-16",
                "application/json; charset=x",
                "",
                ";",
                "application/json;",
                "APPLICATION/JSON",
                "application/json; charset=hex",
                'application/json; charset="utf-8"',
                "ä",
            ]
        ),
        "accept-encoding": st.sampled_from(
            ["gzip", "deflate", "br", "*", "gzip;q=x", "gzip;q=0, *", ";;;", "identity"]
        ),
        "if-none-match": st.sampled_from(["*", 'W/"', '"a", W/"b"', ",", ""]),
        "cache-control": st.sampled_from(["no-cache", ""]),
        "range": st.sampled_from(["bytes=0-", "x"]),
        "host": st.sampled_from(["", "x", "[::1]", "a:b", "a:99999", "a:1:2", "\xe4", " "]),
        "x-forwarded-port": st.sampled_from(["", "x", "99999", "-1", "443, 80"]),
        "x-forwarded-proto": st.sampled_from(["https", "x"]),
        "x-taskcluster-trace-id": st.sampled_from(["", "\xe4", "a" * 500, "a\tb"]),
        "authorization": st.sampled_from(
            [
                "",
                "Hawk",
                "Basic x",
                "Hawk id",
                'Hawk id="a", ts="1", nonce="n", mac="m"',
                "Hawk ä",
                "Hawk " + "a" * 5000,
                'Hawk id="tester", ts="1e400", nonce="n", mac="m"',
                'Hawk id="a", ts="x", nonce="n", mac="m", ext="####"',
                'Hawk id="a", ts="1", nonce="n", mac="m", ext="bnVsbA=="',
                'Hawk id="a", ts="1", nonce="n", mac="m", ext="e30="',
            ]
        ),
        "expect": st.sampled_from(["100-continue", "x"]),
    },
)


class Client:
    """
    A connection to the sandbox that must never be closed, and the bugs that the sandbox logs meanwhile.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.bugs: list[str] = []
        address = urlsplit(sandbox.root_url)
        assert address.hostname is not None
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self.connection.connect()

    def send(self, verb: str, target: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """
        Send a request, signed if it has no other authorization; return status, content type and body.
        """
        sent = {"accept-encoding": "identity", **headers}
        if body is not None:
            sent = {"content-type": "application/json", "content-length": str(len(body)), **sent}
        if "authorization" not in sent:
            who, key = self.sandbox.credentials["clientId"], self.sandbox.credentials["accessToken"]
            url = f"http://{headers.get('host') or urlsplit(self.sandbox.root_url).netloc}{target}"
            signer = {"algorithm": "sha256", "id": who, "key": key}
            try:
                signed = mohawk.Sender(signer, url, verb, always_hash_content=False).request_header
            except ValueError:
                signed = "Hawk"
            sent["authorization"] = str(signed)
        sock = self.connection.sock
        self.connection.putrequest(verb, target, skip_host="host" in sent, skip_accept_encoding=True)
        for name, value in sent.items():
            self.connection.putheader(name, value.encode("latin-1"))
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        content = response.read()
        assert self.connection.sock is sock, "the sandbox closed the connection"
        return response.status, response.getheader("content-type", ""), content

    def check(self, method: Method, target: str, body: bytes | None, headers: dict[str, str]) -> None:
        """
        Send a request to a method, and check the form of the response.
        """
        status, content_type, content = self.send(method.verb, target, body, headers)
        shown = f"{method.id}: {status} {content_type} {content[:500]!r}"
        assert status in STATUSES, shown
        assert not self.bugs, f"{shown} {self.bugs}"
        if "application/json" in content_type and headers.get("accept-encoding") in {None, "identity"}:
            document = json.loads(content, parse_constant=lambda name: pytest.fail(f"{name} in {shown}"))
            content.decode()
            if status >= 400 and document != {"error": "Not found"} and status != 424:
                assert {"code", "message", "requestInfo"} == document.keys(), shown
            message = document.get("message", "") if isinstance(document, dict) else ""
            if "Output schema validation error" in message:
                assert any(part in message for part in EXPECTED_INVALID_OUTPUT), shown
            assert "does not match its schema" not in str(message), shown
        elif status >= 400 and status != 424:
            assert content_type.startswith("text/html") or headers.get("accept-encoding"), shown


@pytest.fixture
def client(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """
    A client of a deployment with a hook, a pool, a task and what belongs to it.
    """
    monkeypatch.setattr(claims, "LONG_POLL_SECONDS", 0)
    client = Client(sandbox)
    handler = logging.Handler()
    handler.emit = lambda record: client.bugs.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    logging.getLogger("uvicorn.error").addHandler(handler)
    for method in (BY_ID[method_id] for method_id in SEEDS):
        status, _, content = client.send(method.verb, path_of(method, {}), json.dumps(payload_of(method)).encode(), {})
        assert status in {200, 204}, f"{method.id}: {content!r}"
    yield client
    logging.getLogger("uvicorn.error").removeHandler(handler)
    client.connection.close()


@cache
def example_of(method_id: str) -> Any:
    """
    Return an example of a method's payload, which must not be changed.
    """
    method = BY_ID[method_id]
    if method_id in PAYLOADS:
        return PAYLOADS[method_id]
    assert method.input is not None
    try:
        schema = bundle(method.reference.schemas, method.input)
        document = generate_example(schema, Randomness(datetime.now(UTC), random.Random(1)), full=True)
    except NoExampleError:
        document = {}
    for name in ("expires", "deadline"):
        if isinstance(document, dict) and name in document:
            document[name] = LATER
    return document


def payload_of(method: Method) -> Any:
    """
    Return a new example of a method's payload.
    """
    document = deepcopy(example_of(method.id))
    if method.id == "queue.createTask":
        # It must not be older than 15 minutes, and this module may be.
        document["created"] = datetime.now(UTC).strftime(TIME_FORMAT)
    return document


def path_of(method: Method, arguments: dict[str, str]) -> str:
    """
    Return a method's path; the arguments that are not given are valid.
    """
    route = method.route
    for name in method.args:
        value = arguments.get(name, VALUES.get(name, "a"))
        route = route.replace(f"<{name}>", quote(value.encode("utf-8", "surrogatepass"), safe=""))
    return f"/api/{method.service}/{method.version}{route}"


@st.composite
def mutated(draw: st.DrawFn, method: Method) -> bytes | None:
    """
    Return a body: an example with one or two mutations, or something else.
    """
    if draw(st.integers(0, 5)) == 0:
        return draw(RAW_BODIES | st.binary(max_size=10))
    if method.input is None and method.id not in PAYLOADS:
        return draw(st.sampled_from([None, b"{}", b"[]"]))
    document = payload_of(method)
    for _ in range(draw(st.integers(0, 2))):
        document = draw(one_mutation(document))
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "backslashreplace")


@st.composite
def one_mutation(draw: st.DrawFn, document: Any) -> Any:
    """
    Return *document* with one value replaced, added or removed.
    """
    if isinstance(document, dict | list) and document and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(list(document) if isinstance(document, dict) else range(len(document))))
        match draw(st.integers(0, 6)):
            case 0:
                del document[key]
            case 1 if isinstance(document, dict):
                document[draw(TEXTS)] = draw(VALUES_OF_JSON)
            case 2 if isinstance(document, dict):
                document[key] = draw(TEMPLATES.map(deepcopy))
            case _:
                document[key] = draw(one_mutation(document[key]))
        return document
    return draw(VALUES_OF_JSON)


@FUZZ
@given(data=st.data())
def test_no_payload_is_a_bug(client: Client, data: st.DataObject) -> None:
    """
    Whatever JSON or other bytes a method gets: a response with a status and a form that the services have.
    """
    method = data.draw(st.sampled_from([method for method in METHODS if method.takes_payload]))
    # A second task of the same id is a conflict, whatever else it is.
    arguments = {"taskId": slugid.nice()} if method.id == "queue.createTask" else {}
    client.check(method, path_of(method, arguments), data.draw(mutated(method)), {})


@FUZZ
@given(data=st.data())
def test_no_path_query_or_header_is_a_bug(client: Client, data: st.DataObject) -> None:
    """
    Whatever arguments, query options and headers a request has.
    """
    method = data.draw(st.sampled_from(METHODS))
    arguments = {name: data.draw(TEXTS) for name in method.args if data.draw(st.booleans())}
    names = st.sampled_from([*method.query, "bewit", "limit[]", "x"])
    options = data.draw(
        st.lists(st.tuples(names, TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))), max_size=3)
    )
    target = path_of(method, arguments) + (f"?{urlencode(options)}" if options else "")
    headers = data.draw(HEADERS) if data.draw(st.booleans()) else {}
    body = data.draw(mutated(method)) if method.takes_payload and data.draw(st.booleans()) else None
    client.check(method, target, body, headers)
