"""
``tc task rerun``: run tasks again, under the same ids.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASKS_HELP, action_options, newest_option, tasks_argument
from tccli.cli.tasks.outcomes import OUTCOME_HELP, outcome_options
from tccli.errors import NegativeAnswerError


def _rerun(
    context: Context, tasks: tuple[str, ...], *, force: bool, noop: bool, confirm: bool, newest: bool, **options: Any
) -> None:
    from tccli.cli.tasks.actions import TaskAction, run_action
    from tccli.cli.tasks.outcomes import pop_outcome

    def check(status: dict[str, Any]) -> None:
        task_id, state = status["taskId"], status["state"]
        if not force and state not in {"failed", "exception"}:
            raise NegativeAnswerError(
                f"cannot rerun task {task_id}: it is in state {state}, neither failed nor exception",
                hint="--force reruns it" if state == "completed" else "wait until it is resolved",
            )
        if state in {"pending", "running"}:
            context.note(f"task {task_id} is {state} already: a rerun changes nothing")

    action = TaskAction(
        "rerun", "rerunTask", "Would re-run", "Will re-run", check=check, checks_first=True, has_deadline=True
    )
    outcome = pop_outcome(context, options)
    run_action(context, action, tasks, noop=noop, confirm=confirm, newest=newest, outcome=outcome)


command = Command(
    "rerun",
    callback=with_context(_rerun),
    params=[
        tasks_argument(),
        click.Option(["-f", "--force"], is_flag=True, help="Also rerun tasks that are neither failed nor exception."),
        *action_options("rerun"),
        newest_option(),
        *outcome_options(),
    ],
    short_help="Run tasks again",
    help="Run failed tasks again, with a new run under the same id.\n\n"
    f"The output is pending; for several tasks, ID NAME STATE of each. {OUTCOME_HELP}\n\n{TASKS_HELP}",
    examples=(
        "tc task rerun fN1SbArXTPSVFNUvaOlinQ",
        "tc task rerun -n fN1SbArXTPSVFNUvaOlinQ",
        "tc group list -f fN1SbArXTPSVFNUvaOlinQ | tc task rerun -",
    ),
)
