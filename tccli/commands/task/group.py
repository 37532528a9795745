"""
``tc task group``: print the id of the group of a task.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option, task_argument


def _print(context: Context, task: str, *, newest: bool) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_one
    from tccli.core.tasks import queue

    write = make_value_writer(context)
    client = context.client()
    task_id, _ = resolve_one(context, client, task, newest=newest)
    definition = queue.fetch_definition(client, task_id)
    write(queue.read_id(f"task {task_id}", definition, "taskGroupId"), definition)


command = Command(
    "group",
    callback=with_context(_print),
    params=[task_argument(), newest_option()],
    short_help="Print the id of the group of a task",
    help=f"Print the id of the group of a task.\n\n{TASK_HELP}",
    examples=("tc task group fN1SbArXTPSVFNUvaOlinQ",),
)
