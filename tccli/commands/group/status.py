"""
``tc group status``: print how many tasks of a group are in each state.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import GROUP_HELP


def _status(context: Context, group: str) -> None:
    from tccli.cli.tasks import make_value_writer, resolve_group
    from tccli.core.tasks.queue import LIFECYCLE, list_group

    write = make_value_writer(context)
    client = context.client()
    counts: dict[str, int] = {}
    for entry in list_group(client, resolve_group(context, client, group)):
        state = str(entry["status"].get("state"))
        counts[state] = counts.get(state, 0) + 1
    found = {state: counts[state] for state in sorted(counts, key=lambda state: (*LIFECYCLE, state).index(state))}
    write("\n".join(f"{state}: {count}" for state, count in found.items()), found)


command = Command(
    "status",
    callback=with_context(_status),
    params=[click.Argument(["group"], metavar="GROUP")],
    short_help="Print how many tasks of a group are in each state",
    help=f"Print how many tasks of a group are in each state, a line for each: failed: 2.\n\n{GROUP_HELP}",
    examples=("tc group status fN1SbArXTPSVFNUvaOlinQ",),
)
