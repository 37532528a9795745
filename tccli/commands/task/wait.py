"""
``tc task wait``: wait until tasks are completed, and print each as it ends.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.follow import log_option
from tccli.cli.tasks.options import TASKS_HELP, newest_option, tasks_argument
from tccli.cli.tasks.waits import TIMEOUT_HELP, wait_options


def _wait(
    context: Context,
    tasks: tuple[str, ...],
    *,
    condition: str,
    wait_seconds: float | None,
    fail_fast: bool,
    logs: bool,
    newest: bool,
) -> None:
    from tccli.cli.tasks.follow import check_log_output, follow_tasks
    from tccli.cli.tasks.names import resolve_many
    from tccli.cli.tasks.waits import note_unknown_queues, report_ends
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.waiting import watch_tasks

    if logs:
        check_log_output(context)
    pauses = Pauses(wait_seconds)
    context.limit_time(wait_seconds)
    client = context.client()
    task_ids = resolve_many(context, client, tasks, newest=newest)
    snapshots = note_unknown_queues(context, client, watch_tasks(client, task_ids, pauses, report=context.note))
    if logs:
        follow_tasks(context, client, task_ids, snapshots, condition, fail_fast=fail_fast)
        return
    report_ends(context, snapshots, condition, fail_fast=fail_fast, nothing="no task is selected")


command = Command(
    "wait",
    callback=with_context(_wait),
    params=[tasks_argument(), *wait_options(("completed", "resolved", "running")), log_option(), newest_option()],
    short_help="Wait until tasks are completed",
    help="Wait until tasks are completed, and print ID NAME STATE of each as it ends.\n\n"
    "With --log, the log of each run is printed as it grows, with the names of the tasks if there are several; the "
    "lines of tasks that end go to stderr.\n\n"
    "The exit code is 0 if all are completed. It is 1 as soon as one is not, and never will be: it failed, was "
    "cancelled, or depends on a task that did. With --for resolved, 0 if all have ended, in any way. With --for "
    "running, 0 if all run or have run.\n\n"
    f"{TIMEOUT_HELP.format('task')} tc polls every few seconds at first, then less often.\n\n{TASKS_HELP}",
    examples=(
        "tc task wait fN1SbArXTPSVFNUvaOlinQ && echo completed",
        "tc task wait --for resolved --timeout 2h fN1SbArXTPSVFNUvaOlinQ",
    ),
)
