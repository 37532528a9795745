"""
notify: the tables of messages that a real service would have sent, and of denied addresses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import MINUTE, to_json
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    from tccli.sandbox.state import State

service = Service("notify")

service.add_tables("""
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, address TEXT NOT NULL, content TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS denylist (
    kind TEXT COLLATE en_US NOT NULL, address TEXT COLLATE en_US NOT NULL, PRIMARY KEY (kind, address)
) WITHOUT ROWID;
""")

DUPLICATE_WINDOW = 1000
"""Messages among which the service detects duplicates."""
NOT_COMPARED = "'$.template', '$.unfurlLinks', '$.unfurlMedia'"
"""Properties in which duplicates may differ, as paths of SQLite."""
MAX_EMAILS, EMAIL_WINDOW = 50, 10 * MINUTE
"""Emails to one address within this time, in milliseconds; more are not sent."""


def store(state: State, kind: str, address: str, content: dict[str, Any]) -> bool:
    """
    Store a message, and return True, unless its address is denied or gets too many, or the message is a duplicate.

    Args:
        kind: ``email``, ``pulse``, ``matrix-room`` or ``slack-channel``, as on the denylist.
        content: As in the payload of the method.
    """
    # As in the service, the order of properties counts below the top level only.
    written = json.dumps(dict(sorted(content.items())))
    if is_denied(state, kind, address) or _is_duplicate(state, kind, address, written):
        return False
    if kind == "email" and _count_recent(state, kind, address) >= MAX_EMAILS:
        return False
    row = {"kind": kind, "address": address, "content": written, "created": state.clock.now()}
    return state.store.insert("outbox", row)


def is_denied(state: State, kind: str, address: str) -> bool:
    return state.store.one("SELECT 1 FROM denylist WHERE kind = ? AND address = ?", kind, address) is not None


def _is_duplicate(state: State, kind: str, address: str, written: str) -> bool:
    sql = (
        f"SELECT 1 FROM outbox WHERE kind = ? AND address = ? AND json_remove(content, {NOT_COMPARED}) = "  # noqa: S608
        f"json_remove(?, {NOT_COMPARED}) AND number > (SELECT max(number) FROM outbox) - ?"
    )
    return state.store.one(sql, kind, address, written, DUPLICATE_WINDOW) is not None


def _count_recent(state: State, kind: str, address: str) -> int:
    sql = "SELECT count(*) AS number FROM outbox WHERE kind = ? AND address = ? AND created > ?"
    row = state.store.one(sql, kind, address, state.clock.now() - EMAIL_WINDOW)
    return 0 if row is None else int(row["number"])


def messages(state: State) -> list[dict[str, Any]]:
    """
    Return all messages, oldest first: ``kind``, ``address``, ``created`` and ``content``.
    """
    return [
        {
            "kind": row["kind"],
            "address": row["address"],
            "created": to_json(row["created"]),
            "content": json.loads(row["content"]),
        }
        for row in state.store.all("SELECT * FROM outbox ORDER BY number")
    ]
