"""
Why a task is unscheduled: the tasks that it depends on, and what these wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.printable import list_some
from tccli.core.tasks.causes.model import Cause, TaskFacts
from tccli.core.tasks.members import Member, sort_by_name
from tccli.core.tasks.queue import check_id, fetch_states
from tccli.core.tasks.waiting import fetch_members, find_blocked_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tccli.core.client import Client
    from tccli.core.tasks.blocking import Block

MAX_LEVELS = 5
"""How far tasks that themselves wait are followed, at up to three requests each."""
MAX_FOLLOWED_BLOCKS = 1000


def explain_unscheduled(client: Client, facts: TaskFacts) -> Iterator[Cause]:
    """
    Yield what the task waits for, or why it can never run.

    Raises:
        TcError: The states of its dependencies cannot be fetched.
    """
    member = Member({"status": facts.status, "task": facts.definition})
    span = facts.span_since(facts.definition.get("created"))
    if not member.dependencies:
        yield Cause("not-scheduled", f"unscheduled{span}, and it depends on nothing", _schedule(facts))
        return
    for dependency in member.dependencies:
        check_id(f"task {facts.task_id}", "dependencies", dependency)
    definitions: dict[str, Any] = {facts.task_id: facts.definition}
    blocked = find_blocked_tasks(client, {facts.task_id: member}, definitions, max_levels=MAX_LEVELS)
    block = blocked.get(facts.task_id)
    if block is not None:
        yield _explain_block(client, facts, block, blocked, definitions, span)
        if block.is_final or block.kind == "self":
            return
    others = [dependency for dependency in member.dependencies if dependency != facts.task_id]
    waits_for = {"completed"} if member.needs_success else {"completed", "failed", "exception"}
    states = fetch_states(client, others)
    left = [task_id for task_id in others if states[task_id] not in waits_for]
    if not left:
        yield Cause("dependencies", f"unscheduled{span}, but all that it depends on has ended: it runs in a moment")
        return
    waiting = fetch_members(client, left[:MAX_FOLLOWED_BLOCKS], definitions)
    order = ["running", "pending", "unscheduled"]
    found = sort_by_name(waiting.values())
    found.sort(key=lambda each: order.index(each.state) if each.state in order else 0)
    names = list_some([f"{each.name} ({each.state})" for each in found])
    first = found[0]
    shows = "log" if first.state == "running" else "why"
    text = f"unscheduled{span}: it waits for {len(left)} of {len(others)} tasks that it depends on: {names}"
    yield Cause("dependencies", text, f"tc task {shows} {first.task_id}")


def _explain_block(
    client: Client,
    facts: TaskFacts,
    block: Block,
    blocked: Mapping[str, Block],
    definitions: dict[str, Any],
    span: str,
) -> Cause:
    if block.kind == "self":
        return Cause(
            "self", f"unscheduled{span}: it depends on itself, and runs when it is scheduled", _schedule(facts)
        )
    steps = 1
    root = block
    while root.kind == "blocked" and root.dependency in blocked and steps < MAX_FOLLOWED_BLOCKS:
        root = blocked[root.dependency]
        steps += 1
    through = f" ({steps} steps away)" if steps > 1 else ""
    if root.kind == "missing":
        text = f"unscheduled{span}: it can never run, because task {root.dependency}{through} does not exist"
        return Cause("dependency-missing", text, f"tc task retrigger {facts.task_id}")
    members = fetch_members(client, [root.dependency], definitions)
    member = members[root.dependency]
    if not block.is_final:
        text = f"unscheduled{span}: it runs after the deadline of {member.name}{through}, which cannot move"
        return Cause("dependency-blocked", text, f"tc task why {member.task_id}")
    state = f"{member.state} ({member.reason})" if member.reason not in {"", member.state} else member.state
    if (facts.seconds_since(definitions[root.dependency].get("deadline")) or -1) > 0:
        text = (
            f"unscheduled{span}: it can never run, because {member.name}{through} is {state}, and its deadline is over"
        )
        following = f"tc task why {member.task_id}\ntc task retrigger {facts.task_id}"
        return Cause("dependency-failed", text, following)
    text = f"unscheduled{span}: it can never run unless {member.name}{through} is rerun, which is {state}"
    return Cause("dependency-failed", text, f"tc task why {member.task_id}\ntc task rerun {member.task_id}")


def _schedule(facts: TaskFacts) -> str:
    return f"tc queue scheduleTask {facts.task_id}"
