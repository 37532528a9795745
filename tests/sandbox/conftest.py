"""
Plain HTTP requests to the sandbox, signed or not, and fixtures of a running task.
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import mohawk
import pytest
import taskcluster

from tests.ports import refuse_connections
from tests.sandbox.message_recorder import MessageRecorder
from tests.sandbox.queue_client import QueueClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox


@dataclass(frozen=True)
class HttpResponse:
    """
    A response.
    """

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """
        The body as JSON.
        """
        return json.loads(self.text)

    @property
    def message(self) -> str:
        """
        The service's message without its trailer.
        """
        return str(self.json["message"]).partition("\n---")[0].rstrip()

    @property
    def code(self) -> str:
        """
        The service's error code, or an empty string.
        """
        return str(self.json.get("code", ""))


class Signer(Protocol):
    """
    Signs requests.
    """

    def __call__(self, verb: str, target: str, **options: Any) -> str:
        """
        Return a Hawk header.
        """


@pytest.fixture
def sign(sandbox: RunningSandbox) -> Signer:
    """
    Sign as the root client, by the sandbox's clock: ``sign("GET", "/api/…")``; options are those of mohawk, and
    *scopes* to limit the request to.
    """

    def sign(verb: str, target: str, *, scopes: list[str] | None = None, **options: Any) -> str:
        who, key = sandbox.credentials["clientId"], sandbox.credentials["accessToken"]
        options.setdefault("always_hash_content", False)
        options.setdefault("_timestamp", sandbox.clock.now() // 1000)
        if scopes is not None:
            options["ext"] = base64.b64encode(json.dumps({"authorizedScopes": scopes}).encode()).decode()
        url = sandbox.root_url + target
        return str(mohawk.Sender({"algorithm": "sha256", "id": who, "key": key}, url, verb, **options).request_header)

    return sign


@pytest.fixture
def send(sandbox: RunningSandbox, sign: Signer) -> Callable[..., HttpResponse]:
    """
    Send a request: ``send("GET", "/api/…", payload, signed=True, scopes=[…], headers={…})``.
    """

    def send(
        verb: str,
        target: str,
        payload: Any = None,
        *,
        signed: bool = True,
        scopes: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        address = urllib.parse.urlsplit(sandbox.root_url)
        assert address.hostname is not None
        given = dict(headers or {})
        if signed and "authorization" not in given:
            given["authorization"] = sign(verb, target, scopes=scopes)
        body = payload if isinstance(payload, bytes) or payload is None else json.dumps(payload).encode()
        if body is not None:
            given.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        try:
            connection.request(verb, target, body, given)
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return HttpResponse(response.status, fields, response.read().decode())
        finally:
            connection.close()

    return send


@dataclass(frozen=True)
class StorageResponse:
    """
    A response of the storage host.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """
        S3's error code, or an empty string.
        """
        found = self.body.decode("latin-1").partition("<Code>")[2]
        return found.partition("</Code>")[0]


def fetch(url: str, body: bytes | None = None, *, verb: str = "", **headers: str) -> StorageResponse:
    """
    Send a request to the storage host: a PUT with a body. Underscores in the names of *headers* become hyphens.
    """
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname is not None
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.request(verb or ("GET" if body is None else "PUT"), f"{parts.path}?{parts.query}", body, given)
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return StorageResponse(response.status, fields, response.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class ClaimedRun:
    """
    A claimed run.

    Attributes:
        path: ``/api/queue/v1/task/<taskId>/runs/0``.
        credentials: Of the claim.
    """

    task_id: str
    path: str
    credentials: dict[str, str]


@pytest.fixture
def run(sandbox: RunningSandbox) -> ClaimedRun:
    """
    A running task that expires in a day.
    """
    queue = taskcluster.Queue({"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0})
    task_id = taskcluster.slugId()
    metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
    times = {"created": "0 seconds", "deadline": "1 hour", "expires": "1 day"}
    definition = {name: taskcluster.fromNowJSON(offset) for name, offset in times.items()}
    definition |= {"taskQueueId": "proj/ci", "payload": {}, "metadata": metadata, "scopes": ["of:task"]}
    queue.createTask(task_id, definition)
    claim = queue.claimWork("proj/ci", {"workerGroup": "group", "workerId": "worker", "tasks": 1})["tasks"][0]
    return ClaimedRun(task_id, f"/api/queue/v1/task/{task_id}/runs/0", claim["credentials"])


def timestamp(offset: str) -> str:
    """
    Return a timestamp at an offset from now.
    """
    return str(taskcluster.fromNowJSON(offset))


@pytest.fixture
def queue(sandbox: RunningSandbox, send: Callable[..., HttpResponse]) -> QueueClient:
    """
    A client of the queue with the root client's scopes.
    """
    return QueueClient(sandbox, send)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """
    A port that refuses connections.
    """
    with refuse_connections() as port:
        yield port


@pytest.fixture
def recorder(sandbox_server: Server, sandbox: RunningSandbox) -> MessageRecorder:
    """
    Records the messages of an empty deployment.
    """
    assert sandbox.requests == []
    found = MessageRecorder()
    sandbox_server.sandbox.state.on_message = found.record
    return found
