"""
``tc task log``: print the log of a task, to its end.
"""

from __future__ import annotations

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import file_option
from tccli.cli.tasks import TASK_HELP, newest_option, run_option, task_argument

LOG = "public/logs/live.log"


def _log(context: Context, task: str, *, run_id: int | None, newest: bool) -> None:
    from tccli.cli.tasks import resolve_one
    from tccli.cli.transfers.terminal_output import open_stdout
    from tccli.core.artifacts.sources import ArtifactSource
    from tccli.core.tasks import queue
    from tccli.core.transfer.download import download_to_file, download_to_stream
    from tccli.core.transfer.options import DownloadOptions
    from tccli.core.transfer.remote import RemoteFile
    from tccli.errors import NotFoundError

    client = context.client()
    task_id, run = resolve_one(context, client, task, newest=newest)
    run = run if run_id in {None, -1} else run_id
    status = queue.fetch_status(client, task_id)
    state = queue.find_run(status, run)["state"]
    if state in {"unscheduled", "pending"}:
        raise NotFoundError(f"task {task_id} has no log yet: it is {state}", status=404)
    source = ArtifactSource(client, task_id, None if run is None else str(run), LOG)
    remote = RemoteFile(source, context.transfer_context())
    path = context.options.output
    if path is not None and path != "-":
        download_to_file(remote, path, DownloadOptions())
        return
    with open_stdout() as out:
        download_to_stream(remote, out, DownloadOptions())


command = Command(
    "log",
    callback=with_context(_log),
    params=[task_argument(), run_option(), newest_option(), file_option()],
    prints_data=False,
    short_help="Print the log of a task",
    help="Print the log of a task, from its latest run unless -r is given. While the task runs, the log is printed as "
    f"it grows, until the task is resolved.\n\n{TASK_HELP}",
    examples=("tc task log fN1SbArXTPSVFNUvaOlinQ | tail -3",),
)
