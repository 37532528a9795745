"""
``tc task list``: print the pending and running tasks of a task queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.client import Client


def _list(context: Context, pool: str, *, pending: bool, claimed: bool) -> None:
    from tccli.cli.tasks.names import resolve_queue
    from tccli.output import Entries, Result

    write = context.writer(is_list=True)
    client = context.client()
    task_queue_id = resolve_queue(context, pool)
    kinds = [kind for kind, is_given in (("pending", pending), ("claimed", claimed)) if is_given]
    rows = (row for kind in kinds or ("pending", "claimed") for row in _rows(client, task_queue_id, kind))
    write(Result(pages=Entries(rows), is_table=True))


def _rows(client: Client, task_queue_id: str, kind: str) -> Iterator[dict[str, Any]]:
    """
    Yield the pending or the claimed tasks of a queue, the oldest first.
    """
    from tccli import references
    from tccli.core.response_fields import read_field
    from tccli.core.responses import read_timestamp
    from tccli.core.tasks.queue import read_id, read_name

    what = f"the {kind} tasks of {task_queue_id}"
    method = references.method("queue", "listPendingTasks" if kind == "pending" else "listClaimedTasks")
    for page in client.paginate(client.prepare(method, [task_queue_id])):
        for entry in read_field(what, page, "tasks", list):
            task_id, task = read_id(what, entry, "taskId"), read_field(what, entry, "task", dict)
            since = read_field(what, entry, "inserted" if kind == "pending" else "claimed", str)
            seconds = (client.clock.now() - read_timestamp(what, since)).total_seconds()
            yield {
                "taskId": task_id,
                "name": read_name(task_id, task),
                "state": "pending" if kind == "pending" else "running",
                "seconds": round(seconds),
                "priority": task.get("priority"),
                "runId": entry.get("runId"),
                "taskGroupId": task.get("taskGroupId"),
                "since": since,
                **{name: entry[name] for name in ("workerGroup", "workerId") if name in entry},
            }


command = Command(
    "list",
    callback=with_context(_list),
    params=[
        click.Argument(["pool"], metavar="POOL"),
        click.Option(["--pending"], is_flag=True, help="Print only tasks that are pending."),
        click.Option(["--claimed"], is_flag=True, help="Print only tasks that a worker has claimed: they run."),
    ],
    short_help="Print the pending and running tasks of a task queue",
    help="Print the tasks of a task queue that are pending or that a worker has claimed, the oldest first, as a table "
    "on a terminal and as JSON elsewhere. seconds is how long they are in that state.\n\n"
    "POOL is PROVISIONER/WORKER-TYPE, or an address of a worker pool or task queue. Tasks of a higher priority are "
    "taken from the queue first.",
    examples=("tc task list proj-example/linux --pending",),
)
