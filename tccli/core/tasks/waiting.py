"""
Wait for tasks and groups: walks of the group's pages, or requests for states, with longer and longer pauses.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.tasks.blocking import Block, find_blocked, find_outside, is_settled
from tccli.core.tasks.members import Member
from tccli.core.tasks.pauses import end_requests_with, report_time_up
from tccli.core.tasks.queue import (
    LIFECYCLE,
    fetch_definitions,
    fetch_states,
    fetch_statuses,
    list_group,
    suggest_group_list,
)
from tccli.errors import FailedError, NoAnswerError, NotFoundError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tccli.core.client import Client
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.selection import Selection

State = tuple[str, int | None]
"""The state of a task, and the number of its latest run."""

MAX_FAILED_POLLS = 5
"""One after the other, each after all its retries."""


class Change(NamedTuple):
    """
    A task whose state or run is another one than before.

    Attributes:
        before: Its state before, or None if the task is new.
    """

    member: Member
    before: str | None


class Changes:
    """
    Changes, in the order of the listing. Iterable, and true if there are any.

    Args:
        members: Tasks that are new or have changed.
        states: The states before of those that are not new, by id.
    """

    def __init__(self, members: Sequence[Member], states: Mapping[str, str]) -> None:
        self._members = members
        self._states = states

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Change]:
        # Of all tasks of a group, they take much memory.
        for member in self._members:
            yield Change(member, self._states.get(member.task_id))


class Snapshot(NamedTuple):
    """
    What a poll found. It is valid until the next poll, which changes the members.

    Attributes:
        members: The tasks that are waited for, by id.
        changes: Those that have changed since the last snapshot.
        blocked: Of these tasks, those that cannot move, and why.
        is_settled: Whether none of these tasks is pending or running, or can become so; without any, none of the group.
        now: By the deployment's clock.
    """

    members: Mapping[str, Member]
    changes: Changes
    blocked: Mapping[str, Block]
    is_settled: bool
    now: datetime


class _Poll:
    """
    What two polls have in common: changes, pauses, and errors that may be over soon.
    """

    def __init__(self, client: Client, pauses: Pauses, report: Callable[[str], None]) -> None:
        self.client = client
        self.pauses = pauses
        self._report = report
        self.has_begun = False
        self._has_response = False
        self._failures = 0
        self._unknown_states: set[str] = set()

    def repeat(self, poll: Callable[[], Snapshot | None]) -> Iterator[Snapshot]:
        """
        Yield what *poll* returns, after each pause, until the time is up. None yields nothing.

        Raises:
            TcError: Of *poll*. Of errors that may be over soon, the one that has come several times without a success.
        """
        while True:
            self.pauses.begin()
            try:
                with report_time_up(self.client):
                    snapshot = poll()
                self._failures, self._has_response = 0, True
                self.has_begun = self.has_begun or bool(snapshot and snapshot.members)
            except (NoAnswerError, FailedError) as error:
                self._failures += 1
                if not self.has_begun or self._failures > MAX_FAILED_POLLS:
                    raise
                self._report(f"{error.message}; trying again")
                snapshot = None
            except WaitTimeoutError:
                if self._has_response:
                    return
                raise
            if snapshot is not None:
                self._report_unknown_states(snapshot.changes)
                if snapshot.changes:
                    self.pauses.restart()
                yield snapshot
            if not self.pauses.wait():
                return

    def _report_unknown_states(self, changes: Changes) -> None:
        """
        Report each state once that no task should have: it does not end a wait.
        """
        for member, _ in changes:
            if member.state not in LIFECYCLE and member.state not in self._unknown_states:
                self._unknown_states.add(member.state)
                self._report(f"{member.name}: the state {member.state!r} is unknown; waiting until it is another one")

    def make_snapshot(
        self,
        members: Mapping[str, Member],
        found: Mapping[str, Member],
        changes: Changes,
        blocked: Mapping[str, Block],
    ) -> Snapshot:
        """
        Return a snapshot of the tasks that were *found* among the *members*.
        """
        of_these = {task_id: block for task_id, block in blocked.items() if task_id in found}
        # A group in which nothing moves will not get the tasks that are waited for either.
        return Snapshot(found, changes, of_these, is_settled(found or members, blocked), self.client.clock.now())


class _Walks:
    """
    Walks through the pages of a group. Each task is stored once, and what a walk has changed of it.

    Attributes:
        members: All tasks of the group, by id.
        found: Those that are selected.
    """

    def __init__(self, client: Client, group_id: str, selection: Selection) -> None:
        self.members: dict[str, Member] = {}
        self.found: dict[str, Member] = {} if selection.tests else self.members
        self._client = client
        self._group_id = group_id
        self._selection = selection
        self._number = 0
        # The states of tasks when changes were taken last; None for a task that is new or was not selected.
        self._before: dict[str, State | None] = {}

    def walk(self) -> None:
        """
        Look at each task.
        """
        self._number += 1
        selects_all = not self._selection.tests
        found: dict[str, Member] = {}
        for entry in list_group(self._client, self._group_id):
            member = Member(entry)
            # One that was selected stays so: of the tasks that run, one has ended when it does not run any more.
            is_known = member.task_id in self.found
            is_found = selects_all or is_known or self._selection.matches(member, self._client.clock.now())
            member.forget_tags()
            member = self._store(member)
            if is_found and not selects_all:
                found[member.task_id] = member
                if not is_known:
                    self._before[member.task_id] = None
        # Tasks that have expired are no longer listed.
        for task_id in [task_id for task_id, member in self.members.items() if member.walk != self._number]:
            del self.members[task_id]
        if not selects_all:
            self.found = found

    def take_changes(self) -> Changes:
        """
        Return what has changed of the tasks that are selected since the last time, also in walks that failed.
        """
        before, self._before = self._before, {}
        changed = [
            self.found[task_id]
            for task_id, state in before.items()
            if task_id in self.found and state != _state_of(self.found[task_id])
        ]
        states = {each.task_id: state[0] for each in changed if (state := before[each.task_id]) is not None}
        return Changes(changed, states)

    def _store(self, member: Member) -> Member:
        """
        Return the one object for a task, with the values of *member*.
        """
        stored = self.members.setdefault(member.task_id, member)
        if stored is member:
            self._before[member.task_id] = None
        elif member.has_changed(stored):
            self._before.setdefault(member.task_id, _state_of(stored))
            stored.update(member)
        stored.walk = self._number
        return stored


def _state_of(member: Member) -> State:
    return member.state, member.run_id


def watch_group(
    client: Client,
    group_id: str,
    selection: Selection,
    pauses: Pauses,
    *,
    appears: Pauses | None = None,
    report: Callable[[str], None],
) -> Iterator[Snapshot]:
    """
    Yield a snapshot of a group after each walk of its pages, the first one at once, until the time is up.

    Args:
        appears: The time in which the group may still not exist, or have no selected task. There is no group before
            its first task is created. Without it, a group without a selected task is settled.
        report: Prints a line about an error after which the next poll may succeed.

    Raises:
        NotFoundError: The group does not exist.
    """
    client = end_requests_with(pauses, client)
    poll = _Poll(client, pauses, report)
    walks = _Walks(client, group_id, selection)

    def walk() -> Snapshot | None:
        try:
            walks.walk()
        except NotFoundError:
            if poll.has_begun or not may_appear():
                raise
            return None
        blocked = find_blocked(walks.members, _fetch_outside(client, walks.members))
        # Last: those before an error are for the next poll.
        snapshot = poll.make_snapshot(walks.members, walks.found, walks.take_changes(), blocked)
        return snapshot if walks.found else snapshot._replace(is_settled=not may_appear())

    def may_appear() -> bool:
        remaining = None if appears is None else appears.remaining
        if remaining is None or remaining <= 0:
            return False
        pauses.shorten(remaining)
        return True

    return poll.repeat(walk)


def _fetch_outside(client: Client, members: Mapping[str, Member]) -> Mapping[str, str | None]:
    # While tasks of the group move, it is not settled, whatever those outside do.
    if any(member.state in {"pending", "running"} for member in members.values()):
        return {}
    outside = find_outside(members)
    return fetch_states(client, sorted(outside)) if outside else {}


def watch_tasks(
    client: Client, task_ids: Sequence[str], pauses: Pauses, *, report: Callable[[str], None]
) -> Iterator[Snapshot]:
    """
    Yield a snapshot of tasks after each request for their statuses, the first one at once, until the time is up.

    Args:
        report: As in `watch_group`.

    Raises:
        NotFoundError: One of them does not exist.
    """
    client = end_requests_with(pauses, client)
    poll = _Poll(client, pauses, report)
    definitions: dict[str, Any] = {}
    before: Mapping[str, State] = {}

    def request() -> Snapshot:
        nonlocal before
        members = fetch_members(client, task_ids, definitions)
        blocked: Mapping[str, Block] = {}
        if not any(member.state in {"pending", "running"} for member in members.values()):
            blocked = find_blocked_tasks(client, members, definitions)
        states = {task_id: _state_of(member) for task_id, member in members.items()}
        changed = [member for task_id, member in members.items() if before.get(task_id) != states[task_id]]
        changes = Changes(changed, {task_id: state for task_id, (state, _) in before.items()})
        before = states
        return poll.make_snapshot(members, members, changes, blocked)

    return poll.repeat(request)


def fetch_members(client: Client, task_ids: Sequence[str], definitions: dict[str, Any]) -> dict[str, Member]:
    """
    Return tasks by their ids.

    Args:
        definitions: Those that are known, by id. The others are requested, and added.

    Raises:
        NotFoundError: One of the tasks does not exist.
    """
    statuses = fetch_statuses(client, task_ids)
    unknown = [task_id for task_id in task_ids if task_id not in definitions]
    definitions.update(fetch_definitions(client, unknown) if unknown else {})
    for task_id in task_ids:
        if task_id not in statuses or task_id not in definitions:
            raise NotFoundError(f"task {task_id} does not exist", status=404, hint=suggest_group_list(task_id))
    return {task_id: Member({"status": statuses[task_id], "task": definitions[task_id]}) for task_id in task_ids}


def find_blocked_tasks(
    client: Client, members: Mapping[str, Member], definitions: dict[str, Any], *, max_levels: int | None = None
) -> Mapping[str, Block]:
    """
    Return which unscheduled tasks are blocked; the tasks that they wait for are looked at as far as these wait, too.

    Args:
        definitions: As in `fetch_members`.
        max_levels: From one task to the next at most; None for no limit.
    """
    known = dict(members)
    outside: dict[str, str | None] = {}
    levels = count() if max_levels is None else iter(range(max_levels))
    while next(levels, None) is not None and (new := sorted(find_outside(known) - outside.keys())):
        states = fetch_states(client, new)
        outside |= states
        waiting = [task_id for task_id in new if states[task_id] == "unscheduled"]
        known |= fetch_members(client, waiting, definitions) if waiting else {}
    return find_blocked(known, outside)
