"""
``tc task artifacts``: print the names of the artifacts of a task.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option, run_option, task_argument


def _artifacts(context: Context, task: str, *, run_id: int | None, newest: bool) -> None:
    from tccli.cli.tasks.lines import make_line_writer
    from tccli.cli.tasks.names import resolve_one
    from tccli.core.artifacts.sources import list_artifacts
    from tccli.core.response_fields import read_field
    from tccli.core.tasks import queue

    write = make_line_writer(context, is_list=True)
    client = context.client()
    task_id, run = resolve_one(context, client, task, newest=newest)
    run = run if run_id in {None, -1} else run_id
    status = queue.fetch_status(client, task_id)
    queue.find_run(status, run)
    number = len(status["runs"]) - 1 if run is None else run
    if number < 0:
        context.note(f"task {status['taskId']} is {status['state']}: it has no runs and no artifacts yet")
    found = list_artifacts(client, task_id, str(number)) if number >= 0 else iter(())
    write((read_field(f"task {task_id}", artifact, "name", str), artifact) for artifact in found)


command = Command(
    "artifacts",
    callback=with_context(_artifacts),
    params=[task_argument(), run_option(), newest_option()],
    short_help="Print the names of the artifacts of a task",
    help=f"Print the names of the artifacts of a task, from its latest run unless -r is given.\n\n{TASK_HELP}",
    examples=("tc task artifacts fN1SbArXTPSVFNUvaOlinQ",),
)
