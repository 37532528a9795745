"""
``tc group cancel``: cancel the tasks of a group.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, dry_run_option, force_option, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.errors import NegativeAnswerError


def _cancel(context: Context, group: str, **options: Any) -> None:
    from tccli.cli.tasks.actions import TaskAction
    from tccli.cli.tasks.group_actions import GroupAction
    from tccli.cli.tasks.selection import explain_nothing, pop_selection
    from tccli.core.tasks.members import UNRESOLVED_STATES
    from tccli.core.tasks.queue import call_group_method

    force, noop, seals, newest, worker_type = map(options.pop, ("force", "noop", "seals", "newest", "worker_type"))
    selection = pop_selection(options)
    narrowed = selection
    if worker_type:
        narrowed = selection.restrict(lambda member: member.queue.partition("/")[2] == worker_type)
    action = TaskAction("cancel", "cancelTask", "Would cancel", "Cancels")
    cancellation = GroupAction(context, action, group, force=force, noop=noop, newest=newest)
    group_id = cancellation.group_id
    selected = cancellation.select(narrowed, UNRESOLVED_STATES)
    if not selected.members and selection.is_given:
        raise NegativeAnswerError(f"nothing to cancel: {explain_nothing(selection, group_id)} that is not resolved")
    if not (selected.members or seals):
        if not context.is_go_client:
            raise NegativeAnswerError(f"nothing to cancel: group {group_id} has no task that is not resolved")
        click.echo("No suitable tasks found for cancellation.")
        return
    if not cancellation.confirm(selected):
        return
    if seals and noop:
        context.note(f"group {group_id} would be sealed")
    elif seals:
        call_group_method(cancellation.client, "sealTaskGroup", group_id)
        # Those that were created before the seal, while the question was open.
        selected = cancellation.select(narrowed, UNRESOLVED_STATES)

    def write_as_go(pairs: Any) -> None:
        cancellation.write((f"cancelling task {status['taskId']}", status) for _, status in pairs)

    cancellation.act(selected, write=write_as_go if context.is_go_client and not noop else None)


command = Command(
    "cancel",
    callback=with_context(_cancel),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(["-w", "--worker-type"], metavar="TYPE", help="Cancel only tasks of this worker type."),
        force_option(),
        dry_run_option("cancelled"),
        click.Option(
            ["--seal", "seals"], is_flag=True, help="Seal the group first, for good: no task can be added to it."
        ),
        *selection_options(),
        newest_group_option(),
    ],
    short_help="Cancel the tasks of a group",
    help="Cancel the tasks of a group that are unscheduled, pending or running, and print ID NAME STATE of each. "
    "Before, tc asks at the terminal whether to. With -f it does not ask; without a terminal, -f is required.\n\n"
    f"{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group cancel -f -w linux fN1SbArXTPSVFNUvaOlinQ",
        "tc group cancel -n fN1SbArXTPSVFNUvaOlinQ --state pending",
    ),
)
