"""
How far the tasks of a group are: how many are in each state, how many end per minute, and how long the rest may take.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.responses import read_timestamp
from tccli.core.tasks.members import sort_by_name
from tccli.core.tasks.queue import LIFECYCLE
from tccli.core.times import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli.core.tasks.members import Member
    from tccli.core.tasks.waiting import Snapshot

MAX_RATE_SECONDS = 600
"""The rate is that of the last minutes: machines come and go."""
MIN_RATE_SECONDS = 10
MAX_COMPARED_RUNS = 5000


class GroupProgress(NamedTuple):
    """
    How far the tasks of a snapshot are.

    Attributes:
        counts: How many are in each state that any is in, in the order of a task's life. Those that can never run are
            not among the unscheduled ones.
        blocked: Those that can never run, by name.
        ended: How many are resolved.
        total: How many there are.
        per_minute: How many were resolved per minute of late.
        seconds_left: How long the rest takes at that rate; None if nothing is left, or if nothing is known of how long
            tasks like the rest take.
    """

    counts: Mapping[str, int]
    blocked: Sequence[Member]
    ended: int
    total: int
    per_minute: float
    seconds_left: float | None


def measure_progress(snapshot: Snapshot) -> GroupProgress:
    """
    Return how far the tasks of a snapshot are.
    """
    counts = dict.fromkeys(LIFECYCLE, 0)
    blocked = []
    ended = 0
    for task_id, member in snapshot.members.items():
        if task_id in snapshot.blocked and snapshot.blocked[task_id].is_final:
            blocked.append(member)
        else:
            counts[member.state] = counts.get(member.state, 0) + 1
            ended += member.is_resolved
    per_minute = _measure_rate(snapshot)
    left = len(snapshot.members) - ended - len(blocked)
    return GroupProgress(
        {state: count for state, count in counts.items() if count},
        sort_by_name(blocked),
        ended,
        len(snapshot.members),
        per_minute,
        60 * left / per_minute if left and per_minute and _is_predictable(snapshot) else None,
    )


def _is_predictable(snapshot: Snapshot) -> bool:
    """
    Return whether tasks like those that are left have started and ended before.
    """
    members = snapshot.members.values()
    served = {member.queue for member in members if member.started is not None}
    if any(member.state == "pending" and member.queue not in served for member in members):
        return False
    running = [member.started for member in members if member.state == "running" and isinstance(member.started, str)]
    if not running:
        return True
    longest = (snapshot.now - read_timestamp("a task's run", min(running))).total_seconds()
    ended = (member for member in members if isinstance(member.started, str) and isinstance(member.resolved, str))
    # The first ones are enough: usually one of them takes longer.
    return any(_measure_run(member) >= longest for member in islice(ended, MAX_COMPARED_RUNS))


def _measure_run(member: Member) -> float:
    started, resolved = (read_timestamp("a task's run", text) for text in (member.started, member.resolved))
    return (resolved - started).total_seconds()


def _measure_rate(snapshot: Snapshot) -> float:
    # Timestamps of the services sort as texts, and there may be many.
    begins = [member.scheduled for member in snapshot.members.values() if isinstance(member.scheduled, str)]
    if not begins:
        return 0.0
    first = min(begins)
    age = (snapshot.now - read_timestamp("a task's run", first)).total_seconds()
    seconds = min(max(age, MIN_RATE_SECONDS), MAX_RATE_SECONDS)
    since = format_timestamp(snapshot.now - timedelta(seconds=seconds))
    recent = sum(isinstance(member.resolved, str) and member.resolved >= since for member in snapshot.members.values())
    return 60 * recent / seconds
