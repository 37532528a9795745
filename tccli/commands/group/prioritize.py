"""
``tc group prioritize``: change the priority of the tasks of a group.
"""

from __future__ import annotations

import click

from tccli.cli.actions import dry_run_option
from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import GROUP_HELP, PRIORITY_HELP, newest_group_option, priority_argument


def _prioritize(context: Context, group: str, level: str, *, noop: bool, newest: bool) -> None:
    from tccli.cli.tasks import check_allowed, make_value_writer, resolve_group
    from tccli.core.tasks.queue import call_group_method

    write = make_value_writer(context)
    client = context.client()
    if not noop:
        check_allowed(client, "changeTaskGroupPriority")
    group_id = resolve_group(context, client, group, newest=newest)
    if noop:
        found = call_group_method(client, "getTaskGroup", group_id)
        write(f"{group_id} would-prioritize {level}", found)
        return
    found = call_group_method(client, "changeTaskGroupPriority", group_id, {"newPriority": level})
    write(f"{group_id} {level} {found.get('tasksAffected')}", found)


command = Command(
    "prioritize",
    callback=with_context(_prioritize),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        priority_argument(),
        dry_run_option("changed"),
        newest_group_option(),
    ],
    short_help="Change the priority of the tasks of a group",
    help="Change the priority of all tasks of a group that were never resolved, and print the id, the level and the "
    "number of tasks that had another one. Tasks that are added later have their own priority.\n\n"
    f"{PRIORITY_HELP}\n\n{GROUP_HELP}",
    examples=("tc group prioritize fN1SbArXTPSVFNUvaOlinQ high",),
)
