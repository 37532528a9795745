"""
``tc task prioritize``: change the priority of tasks.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import (
    PRIORITY_HELP,
    TASKS_HELP,
    action_options,
    newest_option,
    priority_argument,
    tasks_argument,
    unasked_force_option,
)


def _prioritize(
    context: Context, tasks: tuple[str, ...], level: str, *, noop: bool, confirm: bool, newest: bool
) -> None:
    from tccli.cli.tasks.actions import run_action
    from tccli.cli.tasks.priorities import make_priority_action

    action = make_priority_action(context, level)
    run_action(context, action, tasks, noop=noop, confirm=confirm, newest=newest)


command = Command(
    "prioritize",
    callback=with_context(_prioritize),
    params=[tasks_argument(), priority_argument(), *action_options("changed"), unasked_force_option(), newest_option()],
    short_help="Change the priority of tasks",
    help="Change the priority of tasks that are not resolved: tasks of a higher priority are taken from the queue "
    "first.\n\nThe output is the state; for several tasks, ID NAME STATE of each.\n\n"
    f"{PRIORITY_HELP}\n\n{TASKS_HELP}",
    examples=("tc task prioritize fN1SbArXTPSVFNUvaOlinQ high",),
)
