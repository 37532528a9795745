"""
auth: clients.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.core.scopes import sort_key
from tccli.sandbox import events
from tccli.sandbox.auth.accounts import new_access_token
from tccli.sandbox.call import CLIENT_ID, Response
from tccli.sandbox.clock import MINUTE, from_json, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("auth")

service.match_arguments(clientId=f"^{CLIENT_ID}$")

REPEAT_WINDOW = 15 * MINUTE
"""Milliseconds after its creation in which creating the same client again succeeds."""
STATIC_CLIENT_MESSAGE = (
    'clientId "{{clientId}}" starts with "static/" which is reserved for statically configured clients. '
    "Contact your administrator to change static clients."
)


@service.method("listClients")
def list_clients(call: Call) -> Response:
    prefix = call.query.get("prefix", "")

    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        sql = (
            "SELECT * FROM clients WHERE substr(client_id, 1, length(?)) = ? AND client_id > ? "
            "ORDER BY client_id LIMIT ?"
        )
        return call.state.store.all(sql, prefix, prefix, after, number)

    found = page(call.query, "clients" + prefix, lambda row: str(row["client_id"]), fetch)
    return Response(found.document(clients=[_document(call, row) for row in found.rows]))


@service.method("client")
def client(call: Call) -> Response:
    return Response(_document(call, _load(call)))


@service.method("createClient")
def create_client(call: Call) -> Response:
    client_id, payload = call.args["clientId"], call.payload
    scopes = payload.get("scopes", [])
    _reject_static(call)
    reject_double_stars(scopes)
    call.authorize(clientId=client_id, scopes=scopes)
    now = call.now
    content = {
        "description": payload["description"],
        "expires": from_json(payload["expires"]),
        "scopes": scopes,
    }
    is_new = call.state.store.insert(
        "clients",
        {
            "client_id": client_id,
            "access_token": new_access_token(),
            **content,
            "disabled": 0,
            "delete_on_expiration": payload["deleteOnExpiration"],
            "created": now,
            "last_modified": now,
            "last_date_used": now,
            "last_rotated": now,
        },
    )
    if not is_new and not _is_repeated(call, content):
        raise ApiError("RequestConflict", "Client already exists")
    record(call, "client", client_id, "created")
    _publish(call, "clientCreated")
    return Response(_with_token(call))


def _is_repeated(call: Call, content: dict[str, Any]) -> bool:
    # As in the service, deleteOnExpiration does not count, and the order of the scopes does.
    row = _load(call)
    existing = {**{name: row[name] for name in content}, "scopes": json.loads(row["scopes"])}
    return existing == content and not row["disabled"] and row["created"] > call.now - REPEAT_WINDOW


@service.method("updateClient")
def update_client(call: Call) -> Response:
    payload = call.payload
    scopes = payload.get("scopes")
    _reject_static(call)
    reject_double_stars(scopes or [])
    row = _load(call)
    before = json.loads(row["scopes"])
    added = [scope for scope in dict.fromkeys(scopes or []) if scope not in before]
    call.authorize(clientId=row["client_id"], scopesAdded=added)
    _change(
        call,
        "updated",
        description=payload["description"],
        expires=from_json(payload["expires"]),
        delete_on_expiration=payload["deleteOnExpiration"],
        scopes=json.dumps(before if scopes is None else scopes),
    )
    return Response(_document(call, _load(call)))


@service.method("resetAccessToken")
def reset_access_token(call: Call) -> Response:
    _reject_static(call)
    _change(call, "access token reset", access_token=new_access_token(), last_rotated=call.now)
    return Response(_with_token(call))


@service.method("enableClient")
def enable_client(call: Call) -> Response:
    _reject_static(call)
    _change(call, "client enabled", disabled=0)
    return Response(_document(call, _load(call)))


@service.method("disableClient")
def disable_client(call: Call) -> Response:
    _reject_static(call)
    _change(call, "client disabled", disabled=1)
    return Response(_document(call, _load(call)))


@service.method("deleteClient")
def delete_client(call: Call) -> Response:
    # Deleting a client that does not exist succeeds, and is published.
    _reject_static(call)
    call.state.store.run("DELETE FROM clients WHERE client_id = ?", call.args["clientId"])
    record(call, "client", call.args["clientId"], "deleted")
    _publish(call, "clientDeleted")
    return Response()


def reject_double_stars(scopes: list[str]) -> None:
    """
    Reject scopes that end in two stars, as the services do.
    """
    if any(scope.endswith("**") for scope in scopes):
        raise ApiError("InputError", "scopes must not end with `**`")


def _reject_static(call: Call) -> None:
    if call.args["clientId"].startswith("static/"):
        raise ApiError("InputError", STATIC_CLIENT_MESSAGE, clientId=call.args["clientId"])


def _load(call: Call) -> sqlite3.Row:
    row = call.state.store.one("SELECT * FROM clients WHERE client_id = ?", call.args["clientId"])
    if row is None:
        raise ApiError("ResourceNotFound", "Client not found")
    return row


def _change(call: Call, action: str, **columns: Any) -> None:
    columns["last_modified"] = call.now
    names = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE clients SET {names} WHERE client_id = ?"  # noqa: S608 - names are ours
    if not call.state.store.run(sql, *columns.values(), call.args["clientId"]):
        raise ApiError("ResourceNotFound", "Client not found")
    record(call, "client", call.args["clientId"], action)
    _publish(call, "clientUpdated")


def _publish(call: Call, event: str) -> None:
    events.publish(call.state, f"auth.{event}", {}, {"version": 1, "clientId": call.args["clientId"]})


def _with_token(call: Call) -> dict[str, Any]:
    row = _load(call)
    return {**_document(call, row), "accessToken": row["access_token"]}


def _document(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    # The order is that of the expansion, which sorts the list in place in the service.
    scopes = sorted(json.loads(row["scopes"]), key=sort_key)
    return {
        "clientId": row["client_id"],
        "description": row["description"],
        "expires": to_json(row["expires"]),
        "created": to_json(row["created"]),
        "lastModified": to_json(row["last_modified"]),
        "lastDateUsed": to_json(row["last_date_used"]),
        "lastRotated": to_json(row["last_rotated"]),
        "deleteOnExpiration": bool(row["delete_on_expiration"]),
        "scopes": scopes,
        "expandedScopes": call.state.accounts.expand(scopes),
        "disabled": bool(row["disabled"]),
    }
