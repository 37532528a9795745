"""
``tc group status``: print how many tasks of a group are in each state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.types import Choice
from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

PROPERTIES = ("state", "kind", "queue", "owner")
MAX_COMPARED_NAMES = 1000
"""Of which the first ones are in a message."""


def _status(context: Context, group: str, *, by: str, exit_status: bool, newest: bool, **options: Any) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.selection import pop_selection, raise_if_nothing, select_members
    from tccli.core.natural_order import name_key
    from tccli.core.printable import MAX_LISTED_WORDS, escape_line_breaks

    selection = pop_selection(options)
    write = make_value_writer(context)
    client = context.client()
    group_id = resolve_group(context, client, group, newest=newest)
    counts: dict[str, int] = {}
    others: dict[str, int] = {}
    names: list[str] = []
    for member in raise_if_nothing(select_members(context, client, group_id, selection), selection, group_id):
        value = getattr(member, by)
        counts[value] = counts.get(value, 0) + 1
        if member.state != "completed":
            others[member.state] = others.get(member.state, 0) + 1
            if member.state in {"failed", "exception"}:
                names.append(member.name)
                if len(names) > MAX_COMPARED_NAMES:
                    names = sorted(names, key=name_key)[:MAX_LISTED_WORDS]
    found = _sort(counts, by)
    write("\n".join(f"{escape_line_breaks(value) or '(none)'}: {count}" for value, count in found.items()), found)
    if exit_status and others:
        names.sort(key=name_key)
        raise NegativeAnswerError(_explain(_sort(others, "state"), sum(counts.values()), names))


def _sort(counts: dict[str, int], by: str) -> dict[str, int]:
    """
    Return states in the order of their lifecycle, other values by their number.
    """
    from tccli.core.natural_order import name_key
    from tccli.core.tasks.queue import LIFECYCLE

    if by == "state":
        return {state: counts[state] for state in sorted(counts, key=lambda state: (*LIFECYCLE, state).index(state))}
    return dict(sorted(counts.items(), key=lambda each: (-each[1], name_key(each[0]))))


def _explain(others: dict[str, int], total: int, names: Sequence[str]) -> str:
    from tccli.core.printable import list_some

    listed = ", ".join(f"{count} {state}" for state, count in others.items())
    bad = others.get("failed", 0) + others.get("exception", 0)
    named = f" ({list_some(names, total=bad)})" if names else ""
    return f"of {total} task{'' if total == 1 else 's'}, {listed}{named}"


command = Command(
    "status",
    callback=with_context(_status),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(
            ["--by"],
            type=Choice(PROPERTIES),
            default="state",
            metavar="PROPERTY",
            help=f"Count by {', '.join(PROPERTIES[:-1])} or {PROPERTIES[-1]} (default: state).",
        ),
        click.Option(["--exit-status"], is_flag=True, help="Exit with 1 unless all tasks are completed."),
        *selection_options(),
        newest_group_option(),
    ],
    short_help="Print how many tasks of a group are in each state",
    help="Print how many tasks of a group are in each state, a line for each: failed: 2.\n\n"
    "With --by, the tasks of each kind (their tag kind), task queue or owner are counted, the most frequent first. "
    "The owner is what metadata.owner claims; who created a task, the queue does not record.\n\n"
    f"{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group status fN1SbArXTPSVFNUvaOlinQ",
        "tc group status fN1SbArXTPSVFNUvaOlinQ --by owner --state completed",
        "tc group status --exit-status fN1SbArXTPSVFNUvaOlinQ && echo completed",
    ),
)
