"""
hooks: the table of hooks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import slugid

from tccli.sandbox.registry import Service
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.state import State
    from tccli.sandbox.store import Store

service = Service("hooks")

service.add_tables("""
CREATE TABLE IF NOT EXISTS hooks (
    hook_group_id TEXT COLLATE en_US NOT NULL, hook_id TEXT COLLATE en_US NOT NULL,
    metadata TEXT NOT NULL, task TEXT NOT NULL,
    bindings TEXT NOT NULL, schedule TEXT NOT NULL, trigger_schema TEXT NOT NULL, trigger_token TEXT NOT NULL,
    next_task_id TEXT NOT NULL, next_date INTEGER NOT NULL, PRIMARY KEY (hook_group_id, hook_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hooks_by_date ON hooks (next_date);
""")

JSON_COLUMNS = ("metadata", "task", "bindings", "schedule", "trigger_schema")


@dataclass(slots=True)
class Hook:
    """
    A hook.

    Attributes:
        next_task_id: Of the next scheduled task; not public.
        next_date: Of the next scheduled task, in milliseconds since 1970.
    """

    hook_group_id: str
    hook_id: str
    metadata: dict[str, Any]
    task: Any
    bindings: list[dict[str, str]]
    schedule: list[str]
    trigger_schema: dict[str, Any]
    trigger_token: str
    next_task_id: str
    next_date: int

    @classmethod
    def new(cls, definition: dict[str, Any], next_date: int) -> Hook:
        """
        Return a hook from a complete definition.
        """
        return cls(
            hook_group_id=definition["hookGroupId"],
            hook_id=definition["hookId"],
            metadata=definition["metadata"],
            task=definition["task"],
            bindings=definition.get("bindings", []),
            schedule=definition["schedule"],
            trigger_schema=definition["triggerSchema"],
            trigger_token=slugid.nice(),
            next_task_id=slugid.nice(),
            next_date=next_date,
        )

    @property
    def name(self) -> str:
        """
        Group id and hook id.
        """
        return f"{self.hook_group_id}/{self.hook_id}"

    def definition(self) -> dict[str, Any]:
        """
        Return the public definition.
        """
        return {
            "hookGroupId": self.hook_group_id,
            "hookId": self.hook_id,
            "metadata": self.metadata,
            "task": self.task,
            "bindings": self.bindings,
            "schedule": self.schedule,
            "triggerSchema": self.trigger_schema,
        }


def insert(store: Store, hook: Hook) -> bool:
    """
    Insert a hook; return False if it exists.
    """
    return store.insert("hooks", _row(hook))


def update(store: Store, hook: Hook) -> None:
    store.insert("hooks", _row(hook), replace=True)


def get(store: Store, hook_group_id: str, hook_id: str) -> Hook | None:
    row = store.one("SELECT * FROM hooks WHERE hook_group_id = ? AND hook_id = ?", hook_group_id, hook_id)
    return None if row is None else _hook(row)


def list_group(store: Store, hook_group_id: str) -> list[Hook]:
    """
    Return the hooks of a group, sorted by id.
    """
    return [
        _hook(row) for row in store.all("SELECT * FROM hooks WHERE hook_group_id = ? ORDER BY hook_id", hook_group_id)
    ]


def list_due(store: Store, now: int) -> list[Hook]:
    """
    Return the hooks that the schedule should have fired, sorted by date.
    """
    return [_hook(row) for row in store.all("SELECT * FROM hooks WHERE next_date < ? ORDER BY next_date", now)]


@service.periodic
def find_bound_exchanges(state: State) -> None:
    """
    Set the exchanges whose messages fire hooks. Call this after every change of a hook.
    """
    state.bound_exchanges = frozenset(
        binding["exchange"] for hook in list_bound(state.store) for binding in hook.bindings
    )


def list_bound(store: Store) -> list[Hook]:
    """
    Return the hooks with bindings.
    """
    return [_hook(row) for row in store.all("SELECT * FROM hooks WHERE bindings != '[]'")]


def _row(hook: Hook) -> dict[str, Any]:
    row = {name: getattr(hook, name) for name in Hook.__slots__}
    return {name: to_jsonb(value) if name in JSON_COLUMNS else value for name, value in row.items()}


def _hook(row: sqlite3.Row) -> Hook:
    return Hook(**{name: json.loads(row[name]) if name in JSON_COLUMNS else row[name] for name in Hook.__slots__})
