"""
The runs of a task as its logs are followed: from which run on, and how each of them ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.core.responses import read_timestamp
from tccli.core.tasks.queue import find_run, format_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tccli.core.tasks.members import Member


def describe_end(status: Mapping[str, Any], run_id: int, *, has_log: bool = True) -> str:
    """
    Return how a run has ended, and which run is next if the task was retried or rerun.
    """
    text = f"run {run_id} of task {status['taskId']}: {format_run(find_run(status, run_id))}"
    if not has_log:
        text += ", without a log"
    if has_next_run(status, run_id):
        text += f"; next is run {run_id + 1}"
    return text


def has_next_run(status: Mapping[str, Any], run_id: int) -> bool:
    """
    Return whether there are later runs of a task.
    """
    return len(status["runs"]) > run_id + 1


def was_started(status: Mapping[str, Any], run_id: int) -> bool:
    """
    Return whether a worker has claimed a run; no other run can have a log.
    """
    return find_run(status, run_id).get("started") is not None


def find_first_unresolved(status: Mapping[str, Any], since: datetime) -> int:
    """
    Return the first run that was not resolved before a time; if all were, the latest.
    """
    what = f"task {status['taskId']}"
    number = len(status["runs"])
    for run_id in range(number):
        resolved = find_run(status, run_id).get("resolved")
        if resolved is None or read_timestamp(what, resolved) >= since:
            return run_id
    return max(number - 1, 0)


class FollowedTask:
    """
    A task of which the log of each run is followed, one after the other.

    Attributes:
        member: As it was last seen.
        run_id: The run whose log is printed next, or was printed last; None while it is not known.
        since: If the run is not known: the first one is one that was not resolved before.
        first: The first run.
        is_printed: Whether the log of the run was printed, or was looked for in vain.
        has_log: Whether it was there.
    """

    __slots__ = ("first", "has_log", "is_printed", "member", "run_id", "since")

    def __init__(self, member: Member, first: int | None, since: datetime | None) -> None:
        self.member = member
        self.since = since
        if first is None and (since is None or not member.run_id):
            first = member.run_id or 0
        self.first = self.run_id = first
        self.is_printed, self.has_log = False, True

    @property
    def has_work(self) -> bool:
        """
        Whether a run was started, or has ended, about which nothing is printed yet.
        """
        latest = self.member.run_id
        if latest is None or self.run_id is None:
            return latest is not None
        if self.run_id != latest:
            return self.run_id < latest
        return not self.is_printed and (self.member.started is not None or self.member.is_resolved)

    def begin(self, run_id: int) -> None:
        """
        Continue with a run.
        """
        self.first = run_id if self.first is None else self.first
        self.run_id, self.is_printed, self.has_log = run_id, False, True

    def skip(self, member: Member) -> None:
        """
        Skip the runs that a member has.
        """
        self.begin(member.run_id or 0)
        self.is_printed = True
