"""
``tc group wait``: wait until a group is settled, and print each task as it ends.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.tasks.waits import SETTLED_HELP, appear_option, wait_options


def _wait(context: Context, group: str, *, newest: bool, **options: Any) -> None:
    from tccli.cli.tasks.selection import explain_nothing
    from tccli.cli.tasks.waits import report_ends, start_watch

    condition, fail_fast = options.pop("condition"), options.pop("fail_fast")
    group_id, selection, snapshots = start_watch(context, group, newest=newest, options=options)
    report_ends(context, snapshots, condition, fail_fast=fail_fast, nothing=explain_nothing(selection, group_id))


command = Command(
    "wait",
    callback=with_context(_wait),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        *wait_options(("settled", "completed", "resolved")),
        appear_option(),
        *selection_options(once=False),
        newest_group_option(),
    ],
    short_help="Wait until a group is settled",
    help="Wait until the tasks of a group have ended, and print ID NAME STATE of each as it does.\n\n"
    f"{SETTLED_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group wait fN1SbArXTPSVFNUvaOlinQ --timeout 2h",
        "tc group wait fN1SbArXTPSVFNUvaOlinQ --owner '*@*' --for resolved",
    ),
)
