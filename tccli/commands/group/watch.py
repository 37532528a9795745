"""
``tc group watch``: watch a group until it is settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.tasks.waits import SETTLED_HELP, appear_option, wait_options

if TYPE_CHECKING:
    from tccli.core.tasks.verdicts import Verdict
    from tccli.core.tasks.waiting import Snapshot


def _watch(context: Context, group: str, *, newest: bool, **options: Any) -> None:
    from tccli.cli.tasks.lines import make_line_writer
    from tccli.cli.tasks.selection import explain_nothing
    from tccli.cli.tasks.waits import note_how_far, raise_verdict, raise_verdict_first, read_until_over, start_watch
    from tccli.cli.tasks.watching import GroupDisplay, list_changes, wants_display

    condition, fail_fast = options.pop("condition"), options.pop("fail_fast")
    ends_early = fail_fast or condition == "completed"
    last: list[tuple[Snapshot, Verdict]] = []
    if wants_display(context):
        with GroupDisplay(context, f"group {group}", options["wait_seconds"]) as display:
            group_id, selection, snapshots = start_watch(
                context, group, newest=newest, options=options, sleep=display.sleep
            )
            display.begin()
            for snapshot in read_until_over(snapshots, condition, last, ends_early=ends_early):
                display.show(snapshot)
        raise_verdict(last, ends_early=ends_early, nothing=explain_nothing(selection, group_id))
    else:
        write = make_line_writer(context, waits=True, is_list=True)
        group_id, selection, snapshots = start_watch(context, group, newest=newest, options=options)
        nothing = explain_nothing(selection, group_id)
        with (
            note_how_far(context, last),
            raise_verdict_first(context, last, ends_early=ends_early, nothing=nothing),
        ):
            write(list_changes(read_until_over(snapshots, condition, last, ends_early=ends_early)))


command = Command(
    "watch",
    callback=with_context(_watch),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        *wait_options(("settled", "completed", "resolved")),
        appear_option(),
        *selection_options(once=False),
        newest_group_option(),
    ],
    short_help="Watch a group until it is settled",
    help="Watch the tasks of a group until they have ended. A terminal shows how many are in each state, how many end "
    "per minute, how long the rest takes at that rate, which tasks failed, and which can never run. Off a terminal, "
    "each change is printed as ID NAME STATE, beginning with the states that the tasks have now.\n\n"
    f"{SETTLED_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group watch fN1SbArXTPSVFNUvaOlinQ --timeout 2h",
        "tc group watch fN1SbArXTPSVFNUvaOlinQ --owner '*@*' --for resolved \\\n    --format jsonl",
    ),
)
