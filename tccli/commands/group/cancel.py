"""
``tc group cancel``: cancel the tasks of a group.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import GROUP_HELP

GIVE_FORCE = "give --force"
CANCELLABLE_STATES = {"unscheduled", "pending", "running"}


def _cancel(context: Context, group: str, worker_type: str | None, *, force: bool, noop: bool) -> None:
    from tccli.cli.tasks import ask, check_allowed, make_line_writer, open_answers, resolve_group, write_each
    from tccli.core.tasks.queue import call_status_method, list_group

    write = make_line_writer(context)
    client = context.client()
    if not noop:
        check_allowed(client, "cancelTask")
    answers = None if force or noop else open_answers([group], GIVE_FORCE)
    tasks = [
        (str(entry["status"].get("taskId")), str((entry["task"].get("metadata") or {}).get("name")), entry["status"])
        for entry in list_group(client, resolve_group(context, client, group))
        if entry["status"].get("state") in CANCELLABLE_STATES
        and worker_type in {None, "", entry["status"].get("workerType")}
    ]
    if not tasks:
        click.echo("No suitable tasks found for cancellation.", err=not context.is_go_client)
        return
    if noop:
        write((f"{task_id} {name} would-cancel", status) for task_id, name, status in tasks)
        return
    if not force:
        listed = "".join(f"\n\tTask {task_id}: {name}" for task_id, name, _ in tasks)
        question = f"The following {len(tasks)} tasks will be cancelled:{listed}\n"
        if not ask(context, f"{question}Are you sure you want to cancel these tasks? [y/n]", answers, GIVE_FORCE):
            click.echo("Cancellation of tasks aborted.", err=not context.is_go_client)
            return

    def cancel(task: tuple[str, str, Any]) -> tuple[str, Any]:
        task_id, name, _ = task
        status = call_status_method(client, "cancelTask", [task_id])
        return f"cancelling task {task_id}" if context.is_go_client else f"{task_id} {name} {status['state']}", status

    write_each(context, write, cancel, tasks)


command = Command(
    "cancel",
    callback=with_context(_cancel),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(["-w", "--worker-type"], metavar="TYPE", help="Cancel only tasks of this worker type."),
        click.Option(["-f", "--force"], is_flag=True, help="Do not ask."),
        click.Option(["-n", "--dry-run", "noop"], is_flag=True, help="Print what would be cancelled; send nothing."),
    ],
    short_help="Cancel the tasks of a group",
    help="Cancel the tasks of a group that are unscheduled, pending or running, and print ID NAME STATE of each. They "
    "are listed first, and the answer to a question is read from stdin; -f does without.\n\n"
    f"tc queue sealTaskGroup and then tc queue cancelTaskGroup do this in one call, for good.\n\n{GROUP_HELP}",
    examples=("tc group cancel -f -w linux fN1SbArXTPSVFNUvaOlinQ", "tc group cancel -n fN1SbArXTPSVFNUvaOlinQ"),
)
