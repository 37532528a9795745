"""
Tasks that can never run: the queue's rules for dependencies, compared with a slow and simple reading of them.
"""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tccli.core.tasks.blocking import Block, find_blocked, find_outside, is_settled
from tccli.core.tasks.members import Member


def member(name: str, state: str = "unscheduled", needs: str = "", requires: str = "all-completed") -> Member:
    """
    Return a task whose id is its name, and those that it depends on have one letter each.
    """
    runs = [] if state == "unscheduled" else [{"runId": 0, "state": state}]
    status: dict[str, Any] = {"taskId": name, "state": state, "runs": runs}
    return Member(
        {"status": status, "task": {"metadata": {"name": name}, "dependencies": [*needs], "requires": requires}}
    )


def group(*members: Member) -> dict[str, Member]:
    """
    Return tasks by their ids.
    """
    return {each.task_id: each for each in members}


def test_a_failure_blocks_all_that_depend_on_it() -> None:
    """
    Also through others; a task that accepts failures runs.
    """
    tasks = group(
        member("a", "failed"),
        member("b", needs="a"),
        member("c", needs="bd"),
        member("d", "running"),
        member("e", needs="a", requires="all-resolved"),
        member("f", needs="b", requires="all-resolved"),
        member("g", needs="d"),
    )

    assert {
        "b": Block("failed", "a"),
        "c": Block("blocked", "b"),
        "f": Block("deadline", "b"),
    } == find_blocked(tasks, {})


def test_a_task_that_depends_on_itself_waits_for_somebody() -> None:
    """
    That is how tasks are made that run only when they are scheduled by hand; what depends on them may still run.
    """
    tasks = group(member("a", needs="a"), member("b", needs="a"), member("c", "completed"))
    blocked = find_blocked(tasks, {})

    assert {"a": Block("self", "a"), "b": Block("self", "a")} == blocked
    assert not any(block.is_final for block in blocked.values())
    assert is_settled(tasks, blocked)
    assert not is_settled(tasks, {"a": blocked["a"]})


def test_dependencies_outside_of_the_group() -> None:
    """
    Their states are asked for; one that does not exist blocks.
    """
    tasks = group(member("a", needs="xyz"), member("b", needs="w"), member("c", "pending", needs="v"))

    assert set("wxyz") == find_outside(tasks)
    assert {} == find_blocked(tasks, {"x": "completed", "y": "running", "z": "completed", "w": "pending"})
    assert {"a": Block("failed", "y"), "b": Block("missing", "w")} == find_blocked(
        tasks, {"x": "completed", "y": "exception", "z": "running", "w": None}
    )


def test_long_chains() -> None:
    """
    A chain of many tasks is no deeper than one of two.
    """
    names = [chr(0x4E00 + number) for number in range(5000)]
    tasks = group(member(names[0], "failed"), *(member(each, needs=last) for last, each in itertools.pairwise(names)))

    assert 4999 == len(find_blocked(tasks, {}))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["unscheduled", "unscheduled", "pending", "completed", "failed", "exception"]),
            st.sets(st.integers(0, 7), max_size=4),
            st.sampled_from(["all-completed", "all-resolved"]),
        ),
        max_size=8,
    )
)
def test_agrees_with_the_definition(specs: list[tuple[str, set[int], str]]) -> None:
    """
    A task is blocked if it is not scheduled even where all that are pending are completed. Circles are of one task.
    """
    letters = "abcdefgh"
    tasks = group(
        *(
            member(letters[place], state, "".join(letters[each] for each in sorted(needs) if each <= place), requires)
            for place, (state, needs, requires) in enumerate(specs)
        )
    )
    movable = {name for name, task in tasks.items() if task.is_resolved or task.state == "pending"}
    can_complete = {name for name, task in tasks.items() if task.state in {"completed", "pending"}}
    while True:
        new = {
            name
            for name, task in tasks.items()
            if name not in movable and set(task.dependencies) <= (can_complete if task.needs_success else movable)
        }
        if not new:
            break
        movable |= new
        can_complete |= new

    assert find_blocked(tasks, {}).keys() == tasks.keys() - movable
