"""
Which tasks of a group can never run, because one that they depend on did not complete. Pure.

Source: the queue's dependency tracker. A task is scheduled when all its dependencies are completed or, with ``requires:
all-resolved``, resolved. At its deadline, a task that is not resolved becomes exception, which resolves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tccli.core.tasks.members import Member

UNSUCCESSFUL_STATES = frozenset({"failed", "exception"})


class Block(NamedTuple):
    """
    Why a task does not move.

    Attributes:
        kind: ``failed``: a dependency did not complete. ``blocked``: a dependency is itself blocked. ``deadline``: it
            runs after the deadline of a dependency that is blocked. ``self``: it depends on itself, so it runs only
            when a user schedules it. ``missing``: a dependency does not exist, for example because it has expired.
        dependency: The id of the task that blocks it.
    """

    kind: str
    dependency: str

    @property
    def is_final(self) -> bool:
        """
        Whether the task can never run, unless the dependency is rerun.
        """
        return self.kind in {"failed", "blocked", "missing"}


def find_outside(members: Mapping[str, Member]) -> set[str]:
    """
    Return the dependencies of unscheduled tasks that are not in the group; their states must be asked for.
    """
    return {
        dependency
        for member in members.values()
        if member.state == "unscheduled"
        for dependency in member.dependencies
        if dependency not in members
    }


def find_blocked(members: Mapping[str, Member], outside: Mapping[str, str | None]) -> dict[str, Block]:
    """
    Return why each unscheduled task that cannot move is blocked.

    Args:
        members: The tasks of a group by id.
        outside: The states of dependencies outside of the group; None for one that does not exist.
    """
    waiting = {task_id: member for task_id, member in members.items() if member.state == "unscheduled"}
    blocked: dict[str, Block] = {}
    dependents: dict[str, list[str]] = {}
    for task_id, member in waiting.items():
        for dependency in member.dependencies:
            if dependency in waiting and dependency != task_id:
                dependents.setdefault(dependency, []).append(task_id)
        block = _find_first_block(member, members, outside)
        if block is not None:
            blocked[task_id] = block
    spread = list(blocked)
    # A list instead of recursion: chains of dependencies are long.
    while spread:
        dependency = spread.pop()
        is_final = blocked[dependency].is_final
        for task_id in dependents.get(dependency, ()):
            if task_id in blocked:
                continue
            # A task that a user must schedule may still complete.
            kind = (
                ("blocked" if is_final else blocked[dependency].kind) if waiting[task_id].needs_success else "deadline"
            )
            blocked[task_id] = Block(kind, dependency)
            spread.append(task_id)
    return blocked


def _find_first_block(member: Member, members: Mapping[str, Member], outside: Mapping[str, str | None]) -> Block | None:
    block = None
    for dependency in member.dependencies:
        if dependency == member.task_id:
            block = block or Block("self", dependency)
            continue
        state = members[dependency].state if dependency in members else outside.get(dependency, "unknown")
        if state is None:
            return Block("missing", dependency)
        if state in UNSUCCESSFUL_STATES and member.needs_success:
            return Block("failed", dependency)
    return block


def is_settled(members: Mapping[str, Member], blocked: Collection[str]) -> bool:
    """
    Return whether no task is pending or running, or can become so.
    """
    return all(member.is_resolved or task_id in blocked for task_id, member in members.items())
