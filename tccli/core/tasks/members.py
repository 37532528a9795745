"""
The tasks of a group as waits, lists and selections need them: a few values of each, which take little memory.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tccli.core.natural_order import name_key
from tccli.core.responses import read_timestamp
from tccli.core.tasks.queue import LIFECYCLE, find_log_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

RESOLVED_STATES = frozenset({"completed", "failed", "exception"})
UNRESOLVED_STATES = frozenset({"unscheduled", "pending", "running"})
REVERSED_BYTES = bytes(reversed(range(256)))
NO_TAGS: Mapping[str, str] = MappingProxyType({})
MAX_SHARED_VALUES = 10_000
SEPARATOR = "\0"


@lru_cache(MAX_SHARED_VALUES)
def _share(*values: Any) -> tuple[Any, ...]:
    return values


def _common_value(index: int) -> Any:
    return property(lambda member: member._common[index])  # noqa: SLF001 - a property of Member


def _text_value(index: int) -> Any:
    return property(lambda member: _unpack(member._texts)[index])  # noqa: SLF001 - a property of Member


def _pack(*values: Any) -> str | tuple[Any, ...]:
    """
    Return texts, some of which may be None, as one, which takes a third of the memory.
    """
    if all(value is None or (isinstance(value, str) and value and SEPARATOR not in value) for value in values):
        return SEPARATOR.join(value or "" for value in values)
    return values


def _unpack(packed: str | tuple[Any, ...]) -> Sequence[Any]:
    return [value or None for value in packed.split(SEPARATOR)] if isinstance(packed, str) else packed


class Member:
    """
    A task of a group.

    What a group has many of is stored compactly: what many tasks have in common is stored once.

    Attributes:
        state: Of the task, as *name* and *owner* are.
        reason: Why its latest run was resolved, or empty.
        queue: The task queue, ``PROVISIONER/WORKER-TYPE``.
        kind: Its tag *kind*, or empty.
        log_name: The name of the artifact with its log.
        run_id: The latest run, or None before there is one.
        needs_success: Whether each dependency must be completed; else it is enough that it is resolved.
        scheduled: When its latest run was scheduled, as the queue writes it; so are *started* and *resolved*.
        dependencies: The ids of those of an unscheduled task; empty for others.
        tags: Empty after `forget_tags`.
        detail: What else the user of the task needs of the listing's entry.
        walk: A number for those who walk through the group again and again.
    """

    __slots__ = ("_common", "_texts", "dependencies", "detail", "tags", "task_id", "walk")

    def __init__(self, entry: Mapping[str, Any], detail: Any = None) -> None:
        """
        Take what is needed of an entry of `tccli.core.tasks.queue.list_group`.
        """
        status, task = entry["status"], entry["task"]
        runs = status.get("runs")
        run = runs[-1] if isinstance(runs, list) and runs and isinstance(runs[-1], dict) else {}
        metadata, tags = task["metadata"], task.get("tags")
        self.task_id = _text(status.get("taskId"))
        self.tags: Mapping[str, str] = tags if isinstance(tags, dict) else NO_TAGS
        self._common = _share(
            _text(status.get("state")),
            _text(run.get("reasonResolved")),
            _text(status.get("taskQueueId") or task.get("taskQueueId")),
            _text(metadata.get("owner")),
            _text(self.tags.get("kind")),
            _text(find_log_name(task)),
            len(runs) - 1 if run else None,
            task.get("requires") != "all-resolved",
        )
        times = (run.get(name) for name in ("scheduled", "started", "resolved"))
        self._texts = _pack(_text(metadata.get("name")), *times)
        dependencies = task.get("dependencies") if self.state == "unscheduled" else None
        # Many tasks depend on the same ones.
        self.dependencies = (
            tuple(sys.intern(_text(each)) for each in dependencies) if isinstance(dependencies, list) else ()
        )
        self.detail = detail
        self.walk = 0

    state: str = _common_value(0)
    reason: str = _common_value(1)
    queue: str = _common_value(2)
    owner: str = _common_value(3)
    kind: str = _common_value(4)
    log_name: str = _common_value(5)
    run_id: int | None = _common_value(6)
    needs_success: bool = _common_value(7)
    name: str = _text_value(0)
    scheduled: Any = _text_value(1)
    started: Any = _text_value(2)
    resolved: Any = _text_value(3)

    def forget_tags(self) -> None:
        """
        Forget what only a selection needs.
        """
        self.tags = NO_TAGS

    def update(self, newer: Member) -> None:
        """
        Take everything that `has_changed` compares from what is known of the same task now.
        """
        self._common, self._texts, self.dependencies = newer._common, newer._texts, newer.dependencies

    def has_changed(self, before: Member) -> bool:
        """
        Return whether anything but the tags and the *detail* is not as it was before.
        """
        return (self._common, self._texts, self.dependencies) != (before._common, before._texts, before.dependencies)

    @property
    def is_resolved(self) -> bool:
        """
        Whether it is completed, failed or exception.
        """
        return self.state in RESOLVED_STATES

    def line(self, state: str | None = None) -> str:
        """
        Return ``ID NAME STATE``.
        """
        return f"{self.task_id} {self.name} {state or self.state}"

    def wait_seconds(self, now: datetime) -> float | None:
        """
        Return how long its latest run was pending, until *now* if it still is; None before it was scheduled.
        """
        return self._seconds(self.scheduled, self.started or self.resolved, now)

    def duration_seconds(self, now: datetime) -> float | None:
        """
        Return how long its latest run took, until *now* if it still runs; None before it was started.
        """
        return self._seconds(self.started, self.resolved, now)

    def _seconds(self, start: Any, end: Any, now: datetime) -> float | None:
        if start is None:
            return None
        what = f"task {self.task_id}"
        if end is None:
            # The deployment tells its time in whole seconds, which may be before the start.
            return max(0.0, (now - read_timestamp(what, start)).total_seconds())
        return (read_timestamp(what, end) - read_timestamp(what, start)).total_seconds()

    def as_row(self, now: datetime) -> dict[str, Any]:
        """
        Return what lists show of it: seconds are whole numbers.
        """
        wait, duration = self.wait_seconds(now), self.duration_seconds(now)
        return {
            "taskId": self.task_id,
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "queue": self.queue,
            "kind": self.kind,
            "owner": self.owner,
            "runs": 0 if self.run_id is None else self.run_id + 1,
            "wait": None if wait is None else round(wait),
            "duration": None if duration is None else round(duration),
        }


def sort_key(member: Member, order: str, now: datetime) -> tuple[float, bytes, str]:
    """
    Return what a task is sorted by. Tasks with the same state, wait or duration are in the order of their names.

    Args:
        order: ``name``, ``state``, ``wait`` or ``duration``, with ``-`` in front for the reverse order. The longest
            wait or duration is first, or last in reverse order; tasks without one are always last.
    """
    name = f"{name_key(member.name)}\0".encode("utf-8", "surrogatepass")
    key = order.removeprefix("-")
    is_reverse = key != order
    place: float = 0
    if key == "name":
        name = name.translate(REVERSED_BYTES) if is_reverse else name
    elif key == "state":
        place = LIFECYCLE.index(member.state) if member.state in LIFECYCLE else len(LIFECYCLE)
        place = len(LIFECYCLE) - place if is_reverse else place
    else:
        seconds = member.wait_seconds(now) if key == "wait" else member.duration_seconds(now)
        place = inf if seconds is None else seconds if is_reverse else -seconds
    return place, name, member.task_id


def sort_members(members: Iterable[Member], order: str, now: datetime, limit: int | None = None) -> list[Member]:
    """
    Return tasks in an order of `sort_key`, the first *limit* of them; no more of them are stored.
    """
    from heapq import nsmallest

    def key(member: Member) -> tuple[float, bytes, str]:
        return sort_key(member, order, now)

    return sorted(members, key=key) if limit is None else nsmallest(limit, members, key)


def sort_by_name(members: Iterable[Member]) -> list[Member]:
    """
    Return tasks in the order of their names for people, in which numbers count by their value.
    """
    return sorted(members, key=lambda member: (name_key(member.name), member.task_id))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
