"""
``tc task cancel``: cancel tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASKS_HELP, action_options, newest_option, tasks_argument, unasked_force_option

if TYPE_CHECKING:
    from tccli.core.client import Client


def _cancel(context: Context, tasks: tuple[str, ...], *, noop: bool, confirm: bool, newest: bool) -> None:
    from tccli.cli.tasks.actions import TaskAction, run_action

    def check(status: dict[str, Any]) -> None:
        from tccli.core.tasks.queue import find_run, format_run

        run = find_run(status, None)
        if run.get("reasonResolved") not in {None, "canceled"}:
            context.note(f"task {status['taskId']} is resolved: {format_run(run)}; to cancel it changes nothing")

    def act(client: Client, task_id: str) -> dict[str, Any]:
        from tccli.core.tasks.queue import call_status_method

        status = call_status_method(client, "cancelTask", [task_id])
        check(status)
        return status

    action = TaskAction("cancel", "cancelTask", "Would cancel", "Cancels", act, check, has_deadline=True)
    run_action(context, action, tasks, noop=noop, confirm=confirm, newest=newest)


command = Command(
    "cancel",
    callback=with_context(_cancel),
    params=[tasks_argument(), *action_options("cancelled"), unasked_force_option(), newest_option()],
    short_help="Cancel tasks",
    help="Cancel tasks.\n\nThe output is exception 'canceled'; for several tasks, ID NAME STATE of each.\n\n"
    f"{TASKS_HELP}",
    examples=("tc task cancel fN1SbArXTPSVFNUvaOlinQ", "tc task cancel -n fN1SbArXTPSVFNUvaOlinQ"),
)
