"""
Every method there is, asked for what it must refuse; and the good answers that no other file here asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import mohawk
import pytest

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import Reply

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
}


def target(method: references.Method) -> str:
    """
    Return a method's path with an acceptable value for each argument.
    """
    route = method.route
    for name in method.args:
        route = route.replace(f"<{name}>", quote(VALUES.get(name, "a"), safe=""))
    return f"/api/{method.service}/{method.version}{route}"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.id)
def test_refuses_a_query_that_it_does_not_know(send: Callable[..., Reply], method: references.Method) -> None:
    """
    400 InvalidRequestArguments, whatever the method, and nothing is done.
    """
    reply = send(method.verb, f"{target(method)}?no-such-option=1", {} if method.takes_payload else None)

    assert (400, "InvalidRequestArguments") == (reply.status, reply.code)
    assert "no-such-option" in reply.message


@pytest.mark.parametrize("method", [each for each in METHODS if each.input], ids=lambda method: method.id)
def test_refuses_a_payload_that_does_not_match(send: Callable[..., Reply], method: references.Method) -> None:
    """
    400 InputValidationError: an array is no payload of any method.
    """
    reply = send(method.verb, target(method), [])

    assert 400 == reply.status
    assert reply.code in {"InputValidationError", "InvalidRequestArguments", "MalformedPayload"}


@pytest.mark.parametrize("path", ["clients/static%2Ftaskcluster%2Froot", "roles/anonymous"], ids=["client", "role"])
def test_answers_what_there_is(send: Callable[..., Reply], path: str) -> None:
    """
    And as its schema says, which the sandbox holds its answers against.
    """
    assert 200 == send("GET", f"/api/auth/v1/{path}").status


def test_authenticates_the_tester(sandbox: RunningSandbox, send: Callable[..., Reply]) -> None:
    """
    Whose credentials are no secret, with the scopes that it was given.
    """
    path = "/api/auth/v1/test-authenticate-get/"
    who = {"algorithm": "sha256", "id": "tester", "key": "no-secret"}
    header = mohawk.Sender(who, sandbox.root_url + path, "GET", always_hash_content=False).request_header
    reply = send("GET", path, headers={"authorization": str(header)})

    assert (200, "tester") == (reply.status, reply.json["clientId"])
