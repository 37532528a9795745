"""
``tc group rerun``: run tasks of a group again.
"""

from __future__ import annotations

from typing import Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, dry_run_option, force_option, newest_group_option
from tccli.cli.tasks.outcomes import OUTCOME_HELP, outcome_options
from tccli.cli.tasks.selection import SELECTION_HELP, failed_option, selection_options
from tccli.errors import NegativeAnswerError, UsageError

RERUN_STATES = ("completed", "failed", "exception")


def _rerun(
    context: Context, group: str, *, failed: bool, force: bool, noop: bool, newest: bool, **options: Any
) -> None:
    from tccli.cli.tasks.actions import TaskAction
    from tccli.cli.tasks.group_actions import GroupAction
    from tccli.cli.tasks.outcomes import pop_outcome
    from tccli.cli.tasks.selection import explain_nothing, pop_selection

    outcome = pop_outcome(context, options)
    names_states = bool(options["select_state"])
    selection = pop_selection(options)
    if not (failed or selection.is_given):
        raise UsageError(
            "no task is selected",
            hint="give --failed, or --state failed,exception for all that did not complete; tc task rerun takes ids",
        )
    states = ("failed",) if failed else RERUN_STATES if names_states else RERUN_STATES[1:]
    action = TaskAction("rerun", "rerunTask", "Would re-run", "Will re-run", has_deadline=True)
    rerun = GroupAction(context, action, group, force=force, noop=noop, newest=newest)
    selected = rerun.select(selection, states)
    exceptions = selected.left_out.get("exception", 0)
    if failed and exceptions:
        context.note(f"{exceptions} exception{'' if exceptions == 1 else 's'} left out: --state exception selects them")
    if not selected.members:
        states_text = f"that is {' or '.join(states)}"
        group_id = rerun.group_id
        nothing = explain_nothing(selection, group_id) if selection.is_given else f"group {group_id} has no task"
        raise NegativeAnswerError(f"nothing to rerun: {nothing} {states_text}")
    if rerun.confirm(selected):
        rerun.act(selected, outcome=outcome)


command = Command(
    "rerun",
    callback=with_context(_rerun),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        failed_option(),
        force_option(),
        dry_run_option("rerun"),
        *outcome_options(),
        *selection_options(failed=False),
        newest_group_option(),
    ],
    short_help="Run tasks of a group again",
    help="Run the selected tasks of a group again that are failed or exception, and print ID NAME STATE of each. "
    "Before, tc asks at the terminal whether to. With -f it does not ask; without a terminal, -f is required.\n\n"
    "--failed or an option that selects tasks must be given. --failed selects those that are failed, and tells how "
    "many exceptions are left out; --state failed,exception selects both. Tasks that are completed are rerun with "
    f"--state completed only. {OUTCOME_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group rerun fN1SbArXTPSVFNUvaOlinQ --failed -f",
        "tc group rerun -n fN1SbArXTPSVFNUvaOlinQ --state failed,exception",
    ),
)
