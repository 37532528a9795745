"""
``tc group seal``: seal a group, so that no task can be added to it.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, dry_run_option, newest_group_option, unasked_force_option


def _seal(context: Context, group: str, *, noop: bool, newest: bool) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_group
    from tccli.core.response_fields import read_field
    from tccli.core.tasks.queue import call_group_method, check_allowed

    write = make_value_writer(context)
    client = context.client()
    if not noop:
        check_allowed(client, "sealTaskGroup")
    group_id = resolve_group(context, client, group, newest=newest)
    found = call_group_method(client, "getTaskGroup" if noop else "sealTaskGroup", group_id)
    if noop and found.get("sealed") is None:
        write(f"{group_id} would-seal", found)
    else:
        write(f"{group_id} sealed {read_field(f'group {group_id}', found, 'sealed', str)}", found)


command = Command(
    "seal",
    callback=with_context(_seal),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        dry_run_option("sealed"),
        unasked_force_option(),
        newest_group_option(),
    ],
    short_help="Seal a group: no task can be added to it",
    help="Seal a group for good: no task can be added to it. Its tasks run on, and may be rerun.\n\n"
    f"The output is the id, sealed, and when it was sealed first.\n\n{GROUP_HELP}",
    examples=("tc group seal fN1SbArXTPSVFNUvaOlinQ",),
)
