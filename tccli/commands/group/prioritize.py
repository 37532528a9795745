"""
``tc group prioritize``: change the priority of the tasks of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import (
    GROUP_HELP,
    PRIORITY_HELP,
    dry_run_option,
    force_option,
    newest_group_option,
    priority_argument,
)
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from tccli.core.tasks.selection import Selection


def _prioritize(
    context: Context, group: str, level: str, *, force: bool, noop: bool, newest: bool, **options: Any
) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.priorities import count_changes
    from tccli.cli.tasks.selection import pop_selection
    from tccli.core.tasks.queue import call_group_method, check_allowed

    selection = pop_selection(options)
    if selection.is_given:
        _prioritize_selected(context, group, level, selection, force=force, noop=noop, newest=newest)
        return
    write = make_value_writer(context)
    client = context.client()
    if not noop:
        check_allowed(client, "changeTaskGroupPriority")
    group_id = resolve_group(context, client, group, newest=newest)
    if noop:
        found = call_group_method(client, "getTaskGroup", group_id)
        number = count_changes(client, group_id, level)
        write(f"{group_id} would-prioritize {level} ({_count(number)})", found)
        return
    found = call_group_method(client, "changeTaskGroupPriority", group_id, {"newPriority": level})
    write(f"{group_id} prioritized {level} ({_count(found.get('tasksAffected'))})", found)


def _count(number: Any) -> str:
    return f"{number} task{'' if number == 1 else 's'}"


def _prioritize_selected(
    context: Context, group: str, level: str, selection: Selection, *, force: bool, noop: bool, newest: bool
) -> None:
    """
    Change the tasks one by one: the service has a call only for all tasks of a group.
    """
    from tccli.cli.tasks.group_actions import GroupAction
    from tccli.cli.tasks.priorities import make_priority_action
    from tccli.cli.tasks.selection import explain_nothing
    from tccli.core.tasks.members import UNRESOLVED_STATES

    # The states are known.
    action = make_priority_action(context, level)._replace(check=lambda _status: None)
    change = GroupAction(context, action, group, force=force, noop=noop, newest=newest)
    selected = change.select(selection, UNRESOLVED_STATES)
    if not selected.members:
        nothing = explain_nothing(selection, change.group_id)
        raise NegativeAnswerError(f"nothing to prioritize: {nothing} that is not resolved")
    if change.confirm(selected):
        change.act(selected)


command = Command(
    "prioritize",
    callback=with_context(_prioritize),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        priority_argument(),
        force_option(),
        dry_run_option("changed"),
        *selection_options(),
        newest_group_option(),
    ],
    short_help="Change the priority of the tasks of a group",
    help="Change the priority of all tasks of a group that were never resolved, and print the id, the level and the "
    "number of tasks that had another one. Tasks that are added later have their own priority.\n\n"
    "With the options that select tasks, only these are changed, one by one, and the output is ID NAME STATE of each. "
    "Before, tc asks at the terminal whether to. With -f it does not ask; without a terminal, -f is required.\n\n"
    f"{PRIORITY_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group prioritize fN1SbArXTPSVFNUvaOlinQ high",
        "tc group prioritize -n fN1SbArXTPSVFNUvaOlinQ high --state pending",
    ),
)
