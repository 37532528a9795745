"""
The tasks of a group as waits, lists and selections need them: a few values of each, which take little memory.
"""

from __future__ import annotations

import sys
from math import inf
from typing import TYPE_CHECKING, Any

from tccli.core.responses import read_timestamp
from tccli.core.tasks.queue import LIFECYCLE, find_log_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

RESOLVED_STATES = frozenset({"completed", "failed", "exception"})


class Member:
    """
    A task of a group.

    Attributes:
        reason: Why its latest run was resolved, or empty.
        queue: The task queue, ``PROVISIONER/WORKER-TYPE``.
        kind: Its tag *kind*, or empty.
        log_name: The name of the artifact with its log.
        run_id: The latest run, or None before there is one.
        needs_success: Whether each dependency must be completed; else it is enough that it is resolved.
        scheduled: When its latest run was scheduled, as the queue writes it; so are *started* and *resolved*.
        detail: What else the user of the task needs of the listing's entry.
    """

    __slots__ = (
        "created",
        "dependencies",
        "detail",
        "kind",
        "log_name",
        "name",
        "needs_success",
        "owner",
        "queue",
        "reason",
        "resolved",
        "run_id",
        "scheduled",
        "started",
        "state",
        "tags",
        "task_id",
    )

    def __init__(self, entry: Mapping[str, Any], detail: Any = None) -> None:
        """
        Take what is needed of an entry of `tccli.core.tasks.queue.list_group`.
        """
        status, task = entry["status"], entry["task"]
        runs = status.get("runs")
        run = runs[-1] if isinstance(runs, list) and runs and isinstance(runs[-1], dict) else {}
        metadata, tags = task["metadata"], task.get("tags")
        self.task_id = _text(status.get("taskId"))
        self.name = _text(metadata.get("name"))
        self.state = _text(status.get("state"))
        self.reason = _text(run.get("reasonResolved"))
        self.queue = _text(status.get("taskQueueId") or task.get("taskQueueId"))
        self.owner = _text(metadata.get("owner"))
        self.tags: Mapping[str, str] = tags if isinstance(tags, dict) else {}
        self.kind = _text(self.tags.get("kind"))
        self.run_id: int | None = len(runs) - 1 if run else None
        dependencies = task.get("dependencies")
        self.dependencies = tuple(map(_text, dependencies)) if isinstance(dependencies, list) else ()
        self.needs_success = task.get("requires") != "all-resolved"
        self.log_name = _text(find_log_name(task))
        self.detail = detail
        self.created = task.get("created")
        self.scheduled, self.started, self.resolved = (run.get(name) for name in ("scheduled", "started", "resolved"))

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
        return ((now if end is None else read_timestamp(what, end)) - read_timestamp(what, start)).total_seconds()

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


def sort_members(members: Iterable[Member], order: str, now: datetime, limit: int | None = None) -> list[Member]:
    """
    Return tasks in an order, the first *limit* of them; no more of them are stored.

    Args:
        order: ``name``, ``state``, ``wait`` or ``duration``. The longest wait or duration is first, and tasks without
            one are last.
    """
    from heapq import nsmallest

    def key(member: Member) -> tuple[float, str, str]:
        place: float = 0
        if order == "state":
            place = LIFECYCLE.index(member.state) if member.state in LIFECYCLE else len(LIFECYCLE)
        elif order != "name":
            seconds = member.wait_seconds(now) if order == "wait" else member.duration_seconds(now)
            place = inf if seconds is None else -seconds
        return place, member.name, member.task_id

    return sorted(members, key=key) if limit is None else nsmallest(limit, members, key)


def _text(value: Any) -> str:
    # Most values are those of many tasks.
    return sys.intern(value) if isinstance(value, str) else "" if value is None else str(value)
