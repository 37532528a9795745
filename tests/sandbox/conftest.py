"""
Requests to the sandbox as bare as HTTP allows, signed or not.
"""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import mohawk
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox


@dataclass(frozen=True)
class Reply:
    """
    What came back.
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
    def code(self) -> str:
        """
        The service's error code, or an empty string.
        """
        return str(self.json.get("code", ""))


class Signs(Protocol):
    """
    Signs requests.
    """

    def __call__(self, verb: str, target: str, **options: Any) -> str:
        """
        Return a Hawk header.
        """


@pytest.fixture
def sign(sandbox: RunningSandbox) -> Signs:
    """
    Sign as the root client: ``sign("GET", "/api/…")``, with the payload too if mohawk is given one.
    """

    def sign(verb: str, target: str, **options: Any) -> str:
        who, key = sandbox.credentials["clientId"], sandbox.credentials["accessToken"]
        options.setdefault("always_hash_content", False)
        url = sandbox.root_url + target
        return str(mohawk.Sender({"algorithm": "sha256", "id": who, "key": key}, url, verb, **options).request_header)

    return sign


@pytest.fixture
def send(sandbox: RunningSandbox, sign: Signs) -> Callable[..., Reply]:
    """
    Send a request: ``send("GET", "/api/…", payload, signed=True, headers={…})``.
    """

    def send(
        verb: str, target: str, payload: Any = None, *, signed: bool = True, headers: dict[str, str] | None = None
    ) -> Reply:
        address = urllib.parse.urlsplit(sandbox.root_url)
        assert address.hostname is not None
        given = dict(headers or {})
        if signed and "authorization" not in given:
            given["authorization"] = sign(verb, target)
        body = payload if isinstance(payload, bytes) or payload is None else json.dumps(payload).encode()
        if body is not None:
            given.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        try:
            connection.request(verb, target, body, given)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, fields, answer.read().decode())
        finally:
            connection.close()

    return send
