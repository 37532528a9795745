"""
``tc task run``: create a task that runs a command in an image.
"""

from __future__ import annotations

import re
from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import UsageError

DEFAULT_RETRIES = 5
MAX_RETRIES = 49
EXAMPLE = """tc task run --provisioner proj-example --worker-type linux \\
    -e GREETING=hello ubuntu -- bash -c 'echo $GREETING'"""


def _run(
    context: Context,
    image: str,
    words: tuple[str, ...],
    provisioner: str,
    worker_type: str,
    **options: Any,
) -> None:
    from datetime import UTC, datetime

    import slugid

    from tccli import references
    from tccli.cli.tasks import make_value_writer, parse_variables
    from tccli.core import payload as payloads
    from tccli.core.tasks import queue
    from tccli.core.tasks.copies import make_definition

    if not re.search(".+@.+", options["owner"]):
        raise UsageError(f"--owner must be an e-mail address, not {options['owner']!r}")
    env = parse_variables(context, options["env"])
    definition = make_definition(f"{provisioner}/{worker_type}", image, words, env, now=datetime.now(UTC))
    task_id = str(slugid.nice())
    definition |= {
        "taskGroupId": task_id,
        "retries": options["task_retries"],
        "dependencies": [task for each in options["dependency"] for task in each.split(",")],
        "metadata": {name: options[name] for name in ("name", "description", "owner", "source")},
    }
    payloads.validate(references.method("queue", "createTask"), payloads.encode(definition))
    write = make_value_writer(context)
    created = queue.call_status_method(context.client(), "createTask", [task_id], definition)
    write(f"Task {created['taskId']} created", created)


command = Command(
    "run",
    callback=with_context(_run),
    params=[
        click.Argument(["image"], metavar="IMAGE"),
        click.Argument(["words"], metavar="COMMAND...", nargs=-1, required=True),
        click.Option(["--provisioner"], required=True, metavar="ID", help="The provisioner of the task queue."),
        click.Option(["--worker-type"], required=True, metavar="TYPE", help="The worker type of the task queue."),
        click.Option(["-e", "--env"], multiple=True, metavar="NAME=VALUE", help="Set a variable; repeatable."),
        click.Option(["--dependency"], multiple=True, metavar="TASK", help="Run after this task; repeatable."),
        click.Option(["--name"], default="tc task run", metavar="TEXT", help="The name of the task."),
        click.Option(
            ["--description"], default="Created by tc task run.", metavar="TEXT", help="The description of the task."
        ),
        click.Option(["--owner"], default="name@example.com", metavar="EMAIL", help="The owner of the task."),
        click.Option(
            ["--source"],
            default="http://taskcluster-cli/task/run",
            metavar="URL",
            help="Where the definition of the task comes from.",
        ),
        click.Option(
            ["--retries", "task_retries"],
            type=click.IntRange(0, MAX_RETRIES),
            default=DEFAULT_RETRIES,
            metavar="N",
            help=f"How often the queue retries it after a failure of the infrastructure (default {DEFAULT_RETRIES}).",
        ),
    ],
    short_help="Create a task that runs a command in an image",
    help="Create a task that runs COMMAND in IMAGE, as docker run does, and print `Task ID created`. It may run for "
    "2 hours; its deadline is in a day.\n\nPut a COMMAND with options after --. In this command, --retries "
    "is the task's; that of the requests is accepted before task.",
    examples=(EXAMPLE,),
)
