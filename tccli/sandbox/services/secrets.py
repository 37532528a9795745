"""
Handlers of the secrets service.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import from_json, to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("secrets")

service.add_tables("""
CREATE TABLE IF NOT EXISTS secrets (
    name TEXT COLLATE en_US PRIMARY KEY, secret TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
""")
service.allow_slashes("name")


@service.mask_payload("set")
def mask_secret(payload: Any) -> Any:
    """
    Remove the secret from a payload, where the service's own code fails on one that is not an object.
    """
    if isinstance(payload, list):
        # JSON does not show a property of an array.
        return payload
    if not isinstance(payload, dict):
        raise TypeError("Cannot create property 'secret' on a value that is not an object")
    return {**payload, "secret": "(OMITTED)"}


@service.method("set")
def set_secret(call: Call) -> Response:
    name, payload = call.args["name"], call.payload
    action = "created" if _find(call) is None else "updated"
    row = {"name": name, "secret": json.dumps(payload["secret"]), "expires": from_json(payload["expires"])}
    call.state.store.insert("secrets", row, replace=True)
    record(call, "secret", name, action)
    return Response({})


@service.method("get")
def get_secret(call: Call) -> Response:
    row = _find(call)
    if row is None:
        raise ApiError("ResourceNotFound", "Secret not found")
    return Response({"secret": json.loads(row["secret"]), "expires": to_json(row["expires"])})


@service.method("remove")
def remove_secret(call: Call) -> Response:
    call.state.store.run("DELETE FROM secrets WHERE name = ?", call.args["name"])
    record(call, "secret", call.args["name"], "deleted")
    return Response({})


@service.method("list")
def list_secrets(call: Call) -> Response:
    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        # A name may be empty.
        sql = "SELECT name FROM secrets WHERE (? = '' OR name > ?) AND expires >= ? ORDER BY name LIMIT ?"
        return call.state.store.all(sql, after, after[1:], call.now, number)

    found = page(call.query, "secrets", lambda row: f"/{row['name']}", fetch)
    return Response(found.document(secrets=[row["name"] for row in found.rows]))


def _find(call: Call) -> sqlite3.Row | None:
    sql = "SELECT * FROM secrets WHERE name = ? AND expires >= ?"
    return call.state.store.one(sql, call.args["name"], call.now)
