"""
auth: the audit log, to which all services write, and its methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, to_json
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.state import State

service = Service("auth")

service.add_tables("""
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, entity_type TEXT NOT NULL, entity_id TEXT NOT NULL,
    client_id TEXT NOT NULL, action_type TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_by_entity ON audit (entity_type, entity_id);
CREATE INDEX IF NOT EXISTS audit_by_client ON audit (client_id);
""")
service.match_arguments(entityType="^(client|role|secret|hook|worker-pool)$")

RETENTION = 30 * DAY


def record(call: Call, entity_type: str, entity_id: str, action: str) -> None:
    """
    Add an action of the caller to the audit log.
    """
    row = {"entity_type": entity_type, "entity_id": entity_id, "client_id": call.client_id}
    call.state.store.insert("audit", {**row, "action_type": action, "created": call.now})


@service.periodic
def delete_old(state: State) -> None:
    """
    Delete entries that are older than the retention.
    """
    state.store.run("DELETE FROM audit WHERE created < ?", state.clock.now() - RETENTION)


@service.method("getEntityHistory")
def get_entity_history(call: Call) -> Response:
    entity_type, entity_id = call.args["entityType"], call.args["entityId"]
    return _history(call, "entity_type = ? AND entity_id = ?", entity_type, entity_id)


@service.method("listAuditHistory")
def list_audit_history(call: Call) -> Response:
    return _history(call, "client_id = ?", call.args["clientId"])


def _history(call: Call, condition: str, *values: str) -> Response:
    # Oldest first.
    sql = f"SELECT * FROM audit WHERE {condition} AND number > ? ORDER BY number LIMIT ?"  # noqa: S608 - ours

    def fetch(after: str, number: int) -> list[sqlite3.Row]:
        return call.state.store.all(sql, *values, int(after or 0), number)

    found = page(call.query, "audit" + "/".join(values), lambda row: str(row["number"]), fetch)
    return Response(found.document(auditHistory=[_entry(row) for row in found.rows]))


def _entry(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "clientId": row["client_id"],
        "actionType": row["action_type"],
        "created": to_json(row["created"]),
        "entityId": row["entity_id"],
        "entityType": row["entity_type"],
    }
