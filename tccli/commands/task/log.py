"""
``tc task log``: print the log of a task, to its end.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import file_option
from tccli.cli.tasks.follow import LINES_HELP, line_options
from tccli.cli.tasks.options import TASK_HELP, newest_option, run_option, task_argument
from tccli.cli.tasks.waits import TIMEOUT_HELP, timeout_option


def _log(
    context: Context,
    task: str,
    *,
    run_id: int | None,
    newest: bool,
    no_follow: bool,
    waits: bool,
    exit_status: bool,
    **options: Any,
) -> None:
    from tccli.cli.tasks.follow import open_log_target, pop_log_options
    from tccli.cli.tasks.names import resolve_one
    from tccli.cli.tasks.task_log import LogWait, check_outcome, print_task_log
    from tccli.cli.tasks.waits import pop_timeout
    from tccli.core.files import check_target
    from tccli.errors import UsageError

    del options["_follow"]
    if waits and no_follow:
        raise UsageError("--wait and --no-follow contradict each other")
    wait = LogWait(pop_timeout(context, options, waits=not no_follow), for_start=waits)
    path = context.options.output
    if path is not None and path != "-":
        check_target(path)
    client = context.client()
    log_options = pop_log_options(options, client, follows=not no_follow)
    task_id, run = resolve_one(context, client, task, newest=newest)
    run = run if run_id in {None, -1} else run_id
    with open_log_target(context) as out:
        number = print_task_log(context, client, task_id, out, options=log_options, run_id=run, wait=wait)
    if exit_status:
        run = number if no_follow or run is not None else None
        check_outcome(context, client, task_id, run, waits=not no_follow, wait=wait)


command = Command(
    "log",
    callback=with_context(_log),
    params=[
        task_argument(),
        run_option(),
        *line_options(),
        click.Option(["--no-follow"], is_flag=True, help="Print what the log has by now, and end."),
        click.Option(["-f", "--follow", "_follow"], is_flag=True, help="Follow the log while the task runs (default)."),
        click.Option(["--wait", "waits"], is_flag=True, help="Wait until the task starts."),
        click.Option(
            ["--exit-status"],
            is_flag=True,
            help="Wait until the task ends, but for --no-follow; exit with 1 unless it is completed.",
        ),
        timeout_option("Wait at most that long for the start and the end: 90s, 15m. Then the exit code is 124."),
        newest_option(),
        file_option(),
    ],
    prints_data=False,
    short_help="Print the log of a task",
    help="Print the log of a task, from its latest run unless -r is given. While the task runs, the log is printed as "
    "it grows, until the run has ended; if the queue retries the task then, the log of the next run follows. After a "
    "lost connection, it continues at the next byte. The log is the artifact that the payload names, public or "
    f"private, by default public/logs/live.log.\n\n{LINES_HELP}\n\n"
    "The exit code is 0 when the log was printed, whatever became of the task; with --exit-status, 1 if it is not "
    f"completed. {TIMEOUT_HELP.format('task')}\n\n{TASK_HELP}",
    examples=(
        "tc task log fN1SbArXTPSVFNUvaOlinQ --tail 20 --own",
        "tc task log fN1SbArXTPSVFNUvaOlinQ --no-follow --grep 'one|FAILED'",
    ),
)
