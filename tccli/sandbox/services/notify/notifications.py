"""
notify: messages, which go to the outbox, and the denylist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox import events
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.notify import outbox

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("notify")

MAX_TOPIC_LENGTH = 100
"""Of a routing key of pulse, in units of UTF-16."""
OK = Response(text="OK", headers={"content-type": "text/plain; charset=utf-8"})


@service.method("email")
def email(call: Call) -> Response:
    return _send(call, "email", "address", "Email")


@service.method("pulse")
def pulse(call: Call) -> Response:
    topic, message = call.payload["routingKey"], {"version": 1, "message": call.payload["message"]}
    with call.state.store.transaction():
        response = _send(call, "pulse", "routingKey", "Pulse routing key pattern")
        if response is OK and len(topic.encode("utf-16-le", "surrogatepass")) > 2 * MAX_TOPIC_LENGTH:
            # The schema accepts more than the exchange does.
            raise InternalError(f"AssertionError: routingKey word: {topic} for topic is longer than {MAX_TOPIC_LENGTH}")
        if response is OK:
            events.publish(call.state, "notify.notify", {"topic": topic}, message, [topic])
    return response


@service.method("matrix")
def matrix(call: Call) -> Response:
    return _send(call, "matrix-room", "roomId", "Matrix room")


@service.method("slack")
def slack(call: Call) -> Response:
    return _send(call, "slack-channel", "channelId", "Slack channel")


@service.method("addDenylistAddress")
def add_address(call: Call) -> Response:
    row = {"kind": call.payload["notificationType"], "address": call.payload["notificationAddress"]}
    call.state.store.insert("denylist", row)
    return OK


@service.method("deleteDenylistAddress")
def delete_address(call: Call) -> Response:
    sql = "DELETE FROM denylist WHERE kind = ? AND address = ?"
    call.state.store.run(sql, call.payload["notificationType"], call.payload["notificationAddress"])
    return OK


@service.method("listDenylist")
def list_denylist(call: Call) -> Response:
    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        sql = "SELECT * FROM denylist WHERE (kind, address) > (?, ?) ORDER BY kind, address LIMIT ?"
        kind, _, address = after.partition(" ")
        return call.state.store.all(sql, kind, address, number)

    found = page(call.query, "denylist", lambda row: f"{row['kind']} {row['address']}", fetch, allows_empty=True)
    addresses = [{"notificationType": row["kind"], "notificationAddress": row["address"]} for row in found.rows]
    return Response(found.document(addresses=addresses))


def _send(call: Call, kind: str, name: str, label: str) -> Response:
    """
    Store a message; the response to one that the service would not send is 204.

    Args:
        kind: As on the denylist.
        name: The property with the address, and the scope's parameter.
        label: The service's word for such an address.
    """
    address = call.payload[name]
    call.authorize(**{name: address})
    if outbox.is_denied(call.state, kind, address):
        raise ApiError("DenylistedAddress", f"{label} {{{{address}}}} is denylisted", address=address)
    return OK if outbox.store(call.state, kind, address, call.payload) else Response()
