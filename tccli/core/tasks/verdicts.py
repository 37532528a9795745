"""
The verdict of a wait: whether its condition is true, cannot become true, or is undecided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.tasks.blocking import Block
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.waiting import Snapshot


class Verdict(NamedTuple):
    """
    What a snapshot means for a condition.

    Attributes:
        succeeded: Tasks of which the condition is true.
        failed: Tasks of which it is false, and stays so.
        is_over: Whether it is known of every task.
    """

    succeeded: Sequence[Member]
    failed: Sequence[Member]
    is_over: bool


def judge(condition: str, snapshot: Snapshot) -> Verdict:
    """
    Compare tasks with a condition.

    Args:
        condition: ``completed``, ``resolved`` or ``running`` (now or before), each of which must be true of every task.
            ``settled``: no task can move; those that are not completed have failed.
    """
    succeeded: list[Member] = []
    failed: list[Member] = []
    for task_id, member in snapshot.members.items():
        block = snapshot.blocked.get(task_id)
        outcome = _judge_task(condition, member, block, is_settled=snapshot.is_settled)
        if outcome is not None:
            (succeeded if outcome else failed).append(member)
    is_over = len(succeeded) + len(failed) == len(snapshot.members)
    needs_settled = condition == "settled" or not snapshot.members
    return Verdict(succeeded, failed, is_over and (snapshot.is_settled or not needs_settled))


def _judge_task(condition: str, member: Member, block: Block | None, *, is_settled: bool) -> bool | None:
    if condition == "resolved":
        return True if member.is_resolved else None
    if condition == "running" and (member.state == "running" or member.started is not None):
        return True
    if member.is_resolved:
        return member.state == "completed" and condition != "running"
    if block is not None and (block.is_final or (condition == "settled" and is_settled)):
        return False
    return None
