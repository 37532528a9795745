"""
auth: roles.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.core.scopes import RoleError, check_roles, sort_key, subtract
from tccli.sandbox import events
from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.http.pages import decode_token, encode_token, read_limit
from tccli.sandbox.registry import Service
from tccli.sandbox.services.auth.audit import record
from tccli.sandbox.services.auth.clients import reject_double_stars
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("auth")

service.match_arguments(roleId=r"^[\x20-\x7e]+$")


@service.method("listRoles")
def list_roles(call: Call) -> Response:
    return Response([_document(call, row) for row in _all(call)])


@service.method("listRoles2")
def list_roles_in_pages(call: Call) -> Response:
    rows, token = _page(call)
    return Response({"roles": [_document(call, row) for row in rows], **token})


@service.method("listRoleIds")
def list_role_ids(call: Call) -> Response:
    rows, token = _page(call)
    return Response({"roleIds": [row["role_id"] for row in rows], **token})


@service.method("role")
def role(call: Call) -> Response:
    row = _load(call)
    if row is None:
        raise ApiError("ResourceNotFound", "Role not found")
    return Response(_document(call, row))


@service.method("createRole")
def create_role(call: Call) -> Response:
    # Creating a role twice with the same content succeeds.
    role_id, payload = call.args["roleId"], call.payload
    reject_double_stars(payload["scopes"])
    call.authorize(roleId=role_id, scopes=payload["scopes"])
    # An error shows them sorted, too.
    scopes = payload["scopes"] = sorted(payload["scopes"], key=sort_key)
    existing = _load(call)
    if existing is None:
        _check(call, scopes)
        to_jsonb(payload["description"])
        now = call.now
        row = {"role_id": role_id, "description": payload["description"], "scopes": scopes}
        call.state.store.insert("roles", {**row, "created": now, "last_modified": now})
        call.state.accounts.invalidate_roles()
    elif (existing["description"], json.loads(existing["scopes"])) != (payload["description"], scopes):
        raise ApiError("RequestConflict", f"Role with roleId '{role_id}' already exists")
    record(call, "role", role_id, "created")
    _publish(call, "roleCreated")
    return _show(call)


@service.method("updateRole")
def update_role(call: Call) -> Response:
    role_id, payload = call.args["roleId"], call.payload
    reject_double_stars(payload["scopes"])
    row = _load(call)
    if row is None:
        raise ApiError("ResourceNotFound", f"Role with roleId '{role_id}' not found")
    before = call.state.accounts.expand(json.loads(row["scopes"]))
    added = subtract(payload["scopes"], before)
    call.authorize(roleId=role_id, scopesAdded=added)
    if not role_id.endswith("*"):
        # The service sorts in place what it checks; of roles with a parameter it checks parts.
        payload["scopes"].sort(key=sort_key)
    _check(call, payload["scopes"])
    to_jsonb(payload["description"])
    sql = "UPDATE roles SET description = ?, scopes = ?, last_modified = ? WHERE role_id = ?"
    call.state.store.run(sql, payload["description"], json.dumps(payload["scopes"]), call.now, role_id)
    call.state.accounts.invalidate_roles()
    record(call, "role", role_id, "updated")
    _publish(call, "roleUpdated")
    return _show(call)


@service.method("deleteRole")
def delete_role(call: Call) -> Response:
    # Deleting a role that does not exist succeeds, and is published.
    call.state.store.run("DELETE FROM roles WHERE role_id = ?", call.args["roleId"])
    call.state.accounts.invalidate_roles()
    record(call, "role", call.args["roleId"], "deleted")
    _publish(call, "roleDeleted")
    return Response()


def _publish(call: Call, event: str) -> None:
    events.publish(call.state, f"auth.{event}", {}, {"version": 1, "roleId": call.args["roleId"]})


def _check(call: Call, scopes: list[str]) -> None:
    try:
        role_id = call.args["roleId"]
        check_roles({**call.state.accounts.roles(), role_id: scopes}, changed=role_id)
    except RoleError as error:
        raise ApiError("InputError", str(error)) from None


def _all(call: Call) -> list[sqlite3.Row]:
    return call.state.store.all("SELECT * FROM roles ORDER BY role_id")


def _page(call: Call) -> tuple[list[sqlite3.Row], dict[str, str]]:
    # Unlike other lists, this one has pages only with a limit, and rejects unknown tokens.
    start = 0
    if "continuationToken" in call.query:
        decoded = decode_token("roles", call.query["continuationToken"])
        if decoded is None:
            raise ApiError("InputError", "Invalid continuationToken")
        start = int(decoded)
    rows = _all(call)
    size = read_limit(call.query.get("limit"), len(rows))
    if not size or "limit" not in call.query:
        return rows, {}
    end = start + size
    token = {"continuationToken": encode_token("roles", str(end))} if end < len(rows) else {}
    return rows[start:end], token


def _load(call: Call) -> sqlite3.Row | None:
    return call.state.store.one("SELECT * FROM roles WHERE role_id = ?", call.args["roleId"])


def _show(call: Call) -> Response:
    row = _load(call)
    assert row is not None
    return Response(_document(call, row))


def _document(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "roleId": row["role_id"],
        "scopes": json.loads(row["scopes"]),
        "expandedScopes": call.state.accounts.expand([f"assume:{row['role_id']}"]),
        "description": row["description"],
        "lastModified": to_json(row["last_modified"]),
        "created": to_json(row["created"]),
    }
