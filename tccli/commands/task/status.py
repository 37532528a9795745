"""
``tc task status``: print the state of a task, and why it was resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASKS_HELP, newest_option, run_option, tasks_argument
from tccli.cli.types import span
from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

import click


def _status(
    context: Context, tasks: tuple[str, ...], *, all_runs: bool, run_id: int | None, newest: bool, **expected: Any
) -> None:
    from tccli.cli.tasks.lines import make_line_writer, make_value_writer, write_each
    from tccli.cli.tasks.names import resolve_many, resolve_one
    from tccli.core.parallel import make_parallel_client
    from tccli.core.tasks import queue

    run_id = None if run_id == -1 else run_id
    if all_runs and run_id is not None:
        raise UsageError("--all-runs and --run exclude each other")
    write_value, write_lines = make_value_writer(context), make_line_writer(context)
    client = make_parallel_client(context.client())

    def lines(status: Mapping[str, Any], run: int | None, prefix: str = "") -> str:
        if not all_runs:
            return f"{prefix}{queue.format_run(queue.find_run(status, run))}"
        return "\n".join(f"{prefix}Run #{each['runId']}: {queue.format_run(each)}" for each in status["runs"])

    problems: list[str] = []

    def check(status: Mapping[str, Any], run: int | None) -> None:
        problem = _find_problem(queue.find_run(status, run), client.clock.now(), **expected)
        if problem:
            problems.append(f"task {status['taskId']} {problem}")

    def describe(task_id: str) -> tuple[str, Any]:
        status = queue.fetch_status(client, task_id)
        check(status, run_id)
        return lines(status, run_id, f"{task_id} "), status

    if len(tasks) == 1 and tasks[0] != "-":
        task_id, run = resolve_one(context, client, tasks[0], newest=newest)
        status = queue.fetch_status(client, task_id)
        run = run if run_id is None else run_id
        write_value(lines(status, run), status)
        check(status, run)
    else:
        task_ids = resolve_many(context, client, tasks, newest=newest)
        write_each(context, write_lines, describe, task_ids, len(task_ids), client.cancellation)
    _raise_problems(context, problems)


def _raise_problems(context: Context, problems: Sequence[str]) -> None:
    if len(problems) > 1:
        for problem in problems:
            context.note(problem)
        raise NegativeAnswerError(f"{len(problems)} tasks are not as asked")
    if problems:
        raise NegativeAnswerError(problems[0])


def _find_problem(run: Mapping[str, Any], now: datetime, *, max_age: float | None, exit_status: bool) -> str:
    """
    Return what is not as asked, or an empty text.
    """
    from tccli.core.tasks.queue import explain_age, format_run

    if exit_status and run.get("state") != "completed":
        return f"is not completed: {format_run(run)}"
    return explain_age("the status of a task", run, now, max_age)


command = Command(
    "status",
    callback=with_context(_status),
    params=[
        tasks_argument(),
        click.Option(["-a", "--all-runs"], is_flag=True, help="Print all runs."),
        run_option(),
        click.Option(
            ["--max-age"], type=span, metavar="TIME", help="Exit with 1 if it was resolved longer ago: 12h, 1d."
        ),
        click.Option(["--exit-status"], is_flag=True, help="Exit with 1 unless it is completed."),
        newest_option(),
    ],
    short_help="Print the state of a task",
    help="Print the state of a task, and why it was resolved: completed 'completed', pending. For several tasks, the "
    f"id is in front.\n\n{TASKS_HELP}",
    examples=(
        "tc task status fN1SbArXTPSVFNUvaOlinQ",
        "tc task status index:example.v1.nightly --max-age 1d --exit-status",
    ),
)
