"""
The notify service: messages are stored in the outbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.services.notify import outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.server import Server
    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

    Send = Callable[..., HttpResponse]

NOTIFY = "/api/notify/v1"
EMAIL = {"address": "a@example.com", "subject": "s", "content": "c"}
EVERY_KIND = pytest.mark.parametrize(
    ("route", "kind", "address", "payload"),
    [
        pytest.param("email", "email", "a@example.com", EMAIL, id="email"),
        pytest.param("pulse", "pulse", "a.b", {"routingKey": "a.b", "message": {"x": 1}}, id="pulse"),
        pytest.param("matrix", "matrix-room", "!a:b", {"roomId": "!a:b", "body": "x"}, id="matrix"),
        pytest.param("slack", "slack-channel", "C1", {"channelId": "C1", "text": "x"}, id="slack"),
    ],
)


def test_messages_are_stored(sandbox: RunningSandbox, sandbox_server: Server) -> None:
    """
    With defaults; duplicates are dropped.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    notify = taskcluster.Notify(options)
    notify.email(EMAIL)
    notify.email(EMAIL)
    notify.email({**EMAIL, "subject": "other"})
    messages = outbox.messages(sandbox_server.sandbox.state)

    assert [{**EMAIL, "template": "simple"}, {**EMAIL, "template": "simple", "subject": "other"}] == [
        message["content"] for message in messages
    ]
    assert "email" == messages[0]["kind"]


@EVERY_KIND
def test_a_repeated_message_is_not_sent(
    send: Send, sandbox_server: Server, route: str, kind: str, address: str, payload: dict[str, Any]
) -> None:
    """
    204; properties that do not change the text make no other message.
    """
    changes: dict[str, dict[str, Any]] = {
        "email": {"template": "fullscreen"},
        "slack": {"unfurlLinks": True, "unfurlMedia": False},
    }
    statuses = [
        send("POST", f"{NOTIFY}/{route}", body).status
        for body in (payload, payload, {**payload, **changes.get(route, {})})
    ]
    (message,) = outbox.messages(sandbox_server.sandbox.state)

    assert [200, 204, 204] == statuses
    assert (kind, address) == (message["kind"], message["address"])


def test_an_address_gets_50_emails_in_ten_minutes(send: Send, sandbox: RunningSandbox) -> None:
    """
    More are 204; another address, and the same one later, are not affected.
    """

    def status(number: int, **changes: str) -> int:
        return send("POST", f"{NOTIFY}/email", {**EMAIL, "subject": f"s{number}", **changes}).status

    assert [200] * 50 + [204] == [status(number) for number in range(51)]
    assert 200 == status(51, address="b@example.com")
    sandbox.clock.offset += 601_000
    assert 200 == status(50)


@EVERY_KIND
def test_denied_addresses_get_nothing(
    send: Send, sandbox_server: Server, route: str, kind: str, address: str, payload: dict[str, Any]
) -> None:
    """
    400 DenylistedAddress and no message in the outbox, until the address is removed from the list.
    """
    denied = {"notificationType": kind, "notificationAddress": address}
    for _ in range(2):
        added = send("POST", f"{NOTIFY}/denylist/add", denied)
        assert (200, "OK") == (added.status, added.text)
    error = send("POST", f"{NOTIFY}/{route}", payload)

    assert (400, "DenylistedAddress") == (error.status, error.code)
    assert error.message.endswith(f"{address} is denylisted")
    assert [] == outbox.messages(sandbox_server.sandbox.state)
    assert {"addresses": [denied]} == send("GET", f"{NOTIFY}/denylist/list").json
    for _ in range(2):
        assert "OK" == send("DELETE", f"{NOTIFY}/denylist/delete", denied).text
    sent = send("POST", f"{NOTIFY}/{route}", payload)
    assert (200, "OK") == (sent.status, sent.text)
    assert [address] == [message["address"] for message in outbox.messages(sandbox_server.sandbox.state)]


@EVERY_KIND
def test_needs_the_scope_of_the_address(
    send: Send, route: str, kind: str, address: str, payload: dict[str, Any]
) -> None:
    """
    403 without it; 400 for an invalid payload.
    """
    assert kind
    error = send("POST", f"{NOTIFY}/{route}", payload, signed=False)

    assert "InsufficientScopes" == error.code
    assert address in error.message
    assert "InputValidationError" == send("POST", f"{NOTIFY}/{route}", {}).code


def test_the_denylist_comes_in_pages(send: Send) -> None:
    """
    And needs a scope.
    """
    for number in range(3):
        denied = {"notificationType": "pulse", "notificationAddress": f"a.{number}"}
        send("POST", f"{NOTIFY}/denylist/add", denied)
    first = send("GET", f"{NOTIFY}/denylist/list?limit=2").json
    second = send("GET", f"{NOTIFY}/denylist/list?continuationToken={first['continuationToken']}").json

    assert [2, 1] == [len(page["addresses"]) for page in (first, second)]
    for verb, target in (("GET", "list"), ("POST", "add"), ("DELETE", "delete")):
        payload = None if verb == "GET" else denied
        assert "InsufficientScopes" == send(verb, f"{NOTIFY}/denylist/{target}", payload, signed=False).code
    assert "InputValidationError" == send("POST", f"{NOTIFY}/denylist/add", {"notificationType": "irc"}).code
    assert "InputValidationError" == send("DELETE", f"{NOTIFY}/denylist/delete", {}).code


def test_keys_of_messages_and_order_of_properties(send: Send) -> None:
    """
    The exchange takes keys of 100 characters, fewer than the schema; messages are compared as they are written.
    """
    target = "/api/notify/v1/pulse"
    first, other = ({"routingKey": "a", "message": message} for message in ({"x": 1, "y": 2}, {"y": 2, "x": 1}))

    assert [200, 204, 200] == [send("POST", target, each).status for each in (first, first, other)]
    assert [200, 500, 500] == [
        send("POST", target, {"routingKey": key, "message": {}}).status
        for key in ("k" * 100, "k" * 101, "\U0001f600" * 51)
    ]
