"""
``tc task run``: create a task that runs a command in an image.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import edits_option, parse_variables
from tccli.cli.tasks.outcomes import OUTCOME_HELP, outcome_options
from tccli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_RETRIES = 5
MAX_RETRIES = 49
EXAMPLE = """tc task run --provisioner proj-example --worker-type linux \\
    -e GREETING=hello ubuntu -- bash -c 'echo $GREETING'"""

QUEUE_EXAMPLE = "tc task run --queue proj-example/linux -- bash -c 'date; uname -a'"


def _run(context: Context, image: str, words: tuple[str, ...], **options: Any) -> None:
    from datetime import UTC, datetime

    import slugid

    from tccli import references
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_group, resolve_many
    from tccli.cli.tasks.outcomes import pop_outcome
    from tccli.core import payload as payloads
    from tccli.core.edits import apply_edits
    from tccli.core.tasks import queue
    from tccli.core.tasks.copies import make_definition
    from tccli.core.tasks.names import split_words

    if not re.search(".+@.+", options["owner"]):
        raise UsageError(f"--owner must be an e-mail address, not {options['owner']!r}")
    outcome = pop_outcome(context, options)
    task_queue_id = _read_queue(context, options)
    needs_image = options["queue"] is None or not _begins_after_dashes(context, [image, *words])
    if needs_image and not words:
        raise UsageError("missing argument COMMAND", hint="without an IMAGE, write tc task run --queue POOL -- COMMAND")
    env = parse_variables(context, options["env"])
    command = words if needs_image else (image, *words)
    definition = make_definition(task_queue_id, image if needs_image else None, command, env, now=datetime.now(UTC))
    task_id = str(slugid.nice())
    definition |= {
        "taskGroupId": task_id,
        "retries": options["task_retries"],
        "dependencies": [],
        "metadata": {name: options[name] for name in ("name", "description", "owner", "source")},
    }
    if options["edits"]:
        definition = apply_edits(definition, options["edits"])
    payloads.validate(references.method("queue", "createTask"), payloads.encode(definition), options["edits"])
    write = make_value_writer(context)
    client = context.client()
    queue.check_allowed(client, "createTask")
    dependencies = [word for each in options["dependency"] for word in split_words(each)]
    if dependencies:
        definition["dependencies"] = resolve_many(context, client, dependencies, label="--dependency")
    if options["group"] is not None:
        group_id = resolve_group(context, client, options["group"])
        definition["taskGroupId"] = group_id
        # A group that does not exist is created by its first task.
        with suppress(NotFoundError):
            definition["schedulerId"] = queue.fetch_scheduler_id(client, group_id, "")
    created = queue.call_status_method(client, "createTask", [task_id], definition)
    if outcome is None:
        write(f"Task {created['taskId']} created", created)
    else:
        context.note(f"Task {created['taskId']} created")
        outcome.follow(context, client, {task_id: 0})


def _read_queue(context: Context, options: Mapping[str, Any]) -> str:
    from tccli.cli.tasks.names import resolve_queue

    queue, parts = options["queue"], [options["provisioner"], options["worker_type"]]
    if queue is not None:
        if parts != [None, None]:
            raise UsageError("--queue stands for --provisioner and --worker-type: give it without these")
        return resolve_queue(context, queue, "--queue")
    if None in parts:
        raise UsageError("missing option --queue", hint="give --queue PROVISIONER/WORKER-TYPE")
    return "/".join(parts)


def _begins_after_dashes(context: Context, words: Sequence[str]) -> bool:
    """
    Return whether the first argument of the command comes after ``--``.
    """
    argv = [*context.argv]
    return "--" in argv and argv[argv.index("--") + 1 :] == [*words]


command = Command(
    "run",
    callback=with_context(_run),
    params=[
        click.Argument(["image"], metavar="IMAGE"),
        click.Argument(["words"], metavar="COMMAND...", nargs=-1),
        click.Option(["--queue"], metavar="POOL", help="The task queue, PROVISIONER/WORKER-TYPE, or an address of it."),
        click.Option(["--provisioner"], metavar="ID", help="The provisioner of the task queue, instead of --queue."),
        click.Option(["--worker-type"], metavar="TYPE", help="The worker type of the task queue, instead of --queue."),
        click.Option(["-e", "--env"], multiple=True, metavar="NAME=VALUE", help="Set a variable; repeatable."),
        click.Option(
            ["--group"], metavar="GROUP", help="Create it in this group, which may be new (default: one of its own)."
        ),
        edits_option(),
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
        *outcome_options(),
        click.Option(
            ["--cancel-on-interrupt", "cancels"], is_flag=True, help="Ctrl-C and SIGTERM also cancel the task."
        ),
    ],
    short_help="Create a task that runs a command in an image",
    help="Create a task that runs COMMAND in IMAGE, as docker run does, and print `Task ID created`. It may run for "
    '2 hours, and its deadline is in a day: --set payload.maxRunTime:=SECONDS and --set deadline="$(tc from-now 2 '
    'days)" change them.\n\n'
    "Without IMAGE, as in tc task run --queue POOL -- COMMAND, it is a task for generic-worker on Linux or macOS.\n\n"
    f"{OUTCOME_HELP}\n\n"
    "Put a COMMAND with options after --. In this command, --retries "
    "is the task's; that of the requests is accepted before task.",
    examples=(EXAMPLE, QUEUE_EXAMPLE),
)
