"""
``tc task def``: print the definition of a task.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option, task_argument


def _print(context: Context, task: str, *, newest: bool) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_one
    from tccli.core.tasks import queue
    from tccli.output.text import dump_json

    write = make_value_writer(context)
    client = context.client()
    task_id, _ = resolve_one(context, client, task, newest=newest)
    definition = queue.fetch_definition(client, task_id)
    write(dump_json(definition, pretty=True), definition)


command = Command(
    "def",
    callback=with_context(_print),
    params=[task_argument(), newest_option()],
    short_help="Print the definition of a task as JSON",
    help=f"Print the definition of a task as JSON.\n\n{TASK_HELP}",
    examples=("tc task def fN1SbArXTPSVFNUvaOlinQ",),
)
