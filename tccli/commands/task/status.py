"""
``tc task status``: print the state of a task, and why it was resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import TASKS_HELP, newest_option, run_option, tasks_argument
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

import click


def _status(context: Context, tasks: tuple[str, ...], *, all_runs: bool, run_id: int | None, newest: bool) -> None:
    from tccli.cli.tasks import make_line_writer, make_value_writer, resolve_many, resolve_one, write_each
    from tccli.core.tasks import queue
    from tccli.core.tasks.parallel import make_parallel_client

    run_id = None if run_id == -1 else run_id
    if all_runs and run_id is not None:
        raise UsageError("--all-runs and --run exclude each other")
    write_value, write_lines = make_value_writer(context), make_line_writer(context)
    client = make_parallel_client(context.client())

    def lines(status: Mapping[str, Any], run: int | None, prefix: str = "") -> str:
        if not all_runs:
            return f"{prefix}{queue.format_run(queue.find_run(status, run))}"
        return "\n".join(f"{prefix}Run #{each['runId']}: {queue.format_run(each)}" for each in status["runs"])

    def describe(task_id: str) -> tuple[str, Any]:
        status = queue.fetch_status(client, task_id)
        return lines(status, run_id, f"{task_id} "), status

    if len(tasks) == 1 and tasks[0] != "-":
        task_id, run = resolve_one(context, client, tasks[0], newest=newest)
        status = queue.fetch_status(client, task_id)
        write_value(lines(status, run if run_id is None else run_id), status)
    else:
        task_ids = resolve_many(context, client, tasks, newest=newest)
        write_each(context, write_lines, describe, task_ids, len(task_ids), client.cancellation)


command = Command(
    "status",
    callback=with_context(_status),
    params=[
        tasks_argument(),
        click.Option(["-a", "--all-runs"], is_flag=True, help="Print all runs."),
        run_option(),
        newest_option(),
    ],
    short_help="Print the state of a task",
    help="Print the state of a task, and why it was resolved: completed 'completed', pending. For several tasks, the "
    f"id is in front.\n\n{TASKS_HELP}",
    examples=("tc task status fN1SbArXTPSVFNUvaOlinQ",),
)
