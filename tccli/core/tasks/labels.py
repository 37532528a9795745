"""
Tasks of groups by their names. What was listed for one ``GROUP:LABEL`` is used for the next ones.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.printable import list_some
from tccli.core.tasks.queue import list_group, read_name
from tccli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.core.client import Client

MAX_STORED_TASKS = 100_000
"""Of all groups; they take about 300 bytes each."""
MAX_STORED_GROUPS = 1000
MAX_LISTING_AGE_SECONDS = 60.0
"""After that, tasks may have names that were unique before."""


class _Candidate(NamedTuple):
    created: str
    task_id: str
    state: str


class _Group:
    """
    The last listing of a group.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.candidates: Mapping[str, Sequence[_Candidate]] | None = None
        self.count = 0
        self.ended = self.failed = float("-inf")


class GroupListings:
    """
    Finds tasks by their names in groups, each of which is listed once for many of them. Threads may share it.

    A name that is not there is looked up once more: its task may have been created since.

    Args:
        now: Returns seconds, such as `time.monotonic`.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        # The one that was used last is the last one.
        self._groups: dict[str, _Group] = {}

    def find(self, client: Client, group_id: str, label: str, *, newest: bool = False) -> str:
        """
        Return the id of the task of a group that has a name.

        Args:
            newest: Of several tasks, take the one that was created last.

        Raises:
            UsageError: Several tasks have the name.
            NotFoundError: None has it, or the group does not exist.
        """
        asked = self._now()
        candidates = self._list(client, group_id, since=asked - MAX_LISTING_AGE_SECONDS)
        if label not in candidates:
            candidates = self._list(client, group_id, since=asked)
        return _choose(group_id, label, candidates, newest=newest)

    def _list(self, client: Client, group_id: str, *, since: float) -> Mapping[str, Sequence[_Candidate]]:
        """
        Return a listing that has ended since then.
        """
        with self._lock:
            group = self._groups.pop(group_id, None) or _Group()
            self._groups[group_id] = group
            if len(self._groups) > MAX_STORED_GROUPS:
                del self._groups[next(iter(self._groups))]
        asked = self._now()
        with group.lock:
            if group.candidates is not None and group.ended >= since:
                return group.candidates
            if group.failed < asked:
                try:
                    group.candidates = _index(client, group_id)
                except BaseException:
                    group.failed = self._now()
                    raise
                group.ended = self._now()
                self._store(group_id, group)
                return group.candidates
        # After an error, those that have waited for it do not wait for each other.
        return _index(client, group_id)

    def _store(self, group_id: str, group: _Group) -> None:
        """
        Store a listing, and forget those that were not used for longest.
        """
        assert group.candidates is not None
        group.count = sum(map(len, group.candidates.values()))
        with self._lock:
            self._groups.pop(group_id, None)
            others = sum(each.count for each in self._groups.values())
            for other in list(self._groups):
                if others + group.count <= MAX_STORED_TASKS:
                    break
                others -= self._groups.pop(other).count
            self._groups[group_id] = group


def _index(client: Client, group_id: str) -> Mapping[str, Sequence[_Candidate]]:
    found: dict[str, list[_Candidate]] = {}
    for entry in list_group(client, group_id):
        status, task = entry["status"], entry["task"]
        candidate = _Candidate(str(task.get("created")), status["taskId"], status["state"])
        found.setdefault(read_name(group_id, task), []).append(candidate)
    return found


def _choose(group_id: str, label: str, candidates_by_name: Mapping[str, Sequence[_Candidate]], *, newest: bool) -> str:
    candidates = sorted(candidates_by_name.get(label, ()))
    if not candidates:
        from tccli import names as spelling

        hint = spelling.suggestion(label, candidates_by_name) or f"tc group list {group_id} prints their names"
        raise NotFoundError(f"group {group_id} has no task named {label!r}", status=404, hint=hint)
    if len(candidates) > 1 and not newest:
        listed = list_some([f"{each.task_id} ({each.state}, created {each.created})" for each in candidates])
        raise UsageError(
            f"group {group_id} has {len(candidates)} tasks named {label!r}: {listed}",
            hint="give an id, or --newest for the one that was created last",
        )
    return candidates[-1].task_id
