"""
``tc task retrigger``: create a task with the definition of another one.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks import TASK_HELP, newest_option, task_argument


def _retrigger(context: Context, task: str, *, exact: bool, newest: bool) -> None:
    from datetime import UTC, datetime

    import slugid

    from tccli.cli.tasks import check_allowed, make_value_writer, resolve_one
    from tccli.core.tasks import queue
    from tccli.core.tasks.copies import copy_definition

    write = make_value_writer(context)
    client = context.client()
    check_allowed(client, "createTask")
    task_id, _ = resolve_one(context, client, task, newest=newest)
    definition: dict[str, Any] = copy_definition(
        queue.fetch_definition(client, task_id), now=datetime.now(UTC), exact=exact
    )
    created = queue.call_status_method(client, "createTask", [str(slugid.nice())], definition)
    write(f"Task {created['taskId']} created", created)


command = Command(
    "retrigger",
    callback=with_context(_retrigger),
    params=[
        task_argument(),
        click.Option(["-e", "--exact"], is_flag=True, help="Keep dependencies and routes, too."),
        newest_option(),
    ],
    short_help="Create a task with the definition of another one",
    help="Create a task with the definition of TASK, with a new id, new times and no retries, in the same group.\n\n"
    "It has no dependencies and no routes; with --exact it has those of TASK, so it may replace it in the index.\n\n"
    + TASK_HELP,
    examples=("tc task retrigger fN1SbArXTPSVFNUvaOlinQ",),
)
