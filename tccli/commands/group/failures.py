"""
``tc group failures``: print why the tasks of a group failed, those that failed alike together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.types import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tccli.core.client import Client
    from tccli.core.tasks.failures import Failure, FailureGroup
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.selection import Selection

MAX_CONTEXT_LINES = 100
MAX_BATCH = 16
"""Of runs whose logs are read before their number is compared with the limit."""
FORMATS = ("json", "jsonl", "markdown", "raw", "table", "text", "yaml")


class _Search:
    """
    Finds the failures of groups.

    Attributes:
        completed_names: Of tasks with a completed run.
        errors: Of logs that could not be read.
        selected: How many tasks were selected, whether they failed or not.
    """

    def __init__(self, context: Context, client: Client, selection: Selection, *, lines: int, all_runs: bool) -> None:
        from tccli.core.parallel import make_parallel_client

        self.context = context
        self.client = make_parallel_client(client)
        self.selection = selection
        self.lines = lines
        self.all_runs = all_runs
        self.completed_names: set[str] = set()
        self.errors: list[Failure] = []
        self.selected = 0

    def find(self, group_id: str) -> list[FailureGroup]:
        """
        Return the failures of a group by signature.
        """
        from tccli.core.tasks.failures import group_failures, mark_flaky

        groups = group_failures(
            self._examine(self._list(group_id, self.selection, self._count), self.selection, self.lines)
        )
        if self.all_runs:
            mark_flaky(groups, self.completed_names)
        return groups

    def compare(self, groups: list[FailureGroup], group_id: str) -> list[FailureGroup]:
        """
        Return *groups* with what is known of the group before; only logs of tasks that failed in both are read.
        """
        from tccli.core.tasks.failures import mark_known, sort_groups
        from tccli.core.tasks.selection import Selection

        names = {name for group in groups for name in group.names}
        everything = Selection()
        before = self._list(group_id, everything, lambda member: member.name in names)
        mark_known(groups, self._examine(before, everything, 0))
        return sort_groups(groups)

    def _count(self, _member: Member) -> bool:
        self.selected += 1
        return True

    def _list(self, group_id: str, selection: Selection, accept: Callable[[Member], bool]) -> Iterator[Member]:
        from tccli.cli.tasks.selection import select_members
        from tccli.core.tasks.failures import read_history
        from tccli.core.tasks.members import sort_by_name

        members = select_members(
            self.context,
            self.client,
            group_id,
            selection._replace(log_pattern=None, limit=None),
            observe=self._observe,
            make_detail=lambda entry: read_history(entry, self.client.clock.now()),
        )
        found: Iterable[Member] = filter(accept, members)
        if selection.limit is not None:
            found = sort_by_name(found)
        return iter(found)

    def _observe(self, member: Member) -> None:
        if self.all_runs and any(state == "completed" for state, *_ in member.detail.runs):
            self.completed_names.add(member.name)

    def _examine(self, members: Iterator[Member], selection: Selection, lines: int) -> Iterator[Failure]:
        from itertools import islice

        from tccli.core.parallel import run_parallel
        from tccli.core.tasks.failures import LogExaminer, find_failed_runs
        from tccli.errors import TcError

        examiner = LogExaminer(
            self.client, self.context.transfer_context(), context_lines=lines, pattern=selection.log_pattern
        )
        runs = (run for member in members for run in find_failed_runs(member, all_runs=self.all_runs))
        limit = selection.limit
        taken: set[str] = set()
        # With a limit, no log is read that is not needed, up to a few.
        batches = [runs] if limit is None else iter(lambda: list(islice(runs, min(limit, MAX_BATCH))), [])
        for batch in batches:
            for _, result in run_parallel(examiner.examine, batch, cancellation=self.client.cancellation):
                if isinstance(result, TcError):
                    raise result
                failure = examiner.examine_further(result)
                task_id = failure.run.member.task_id
                if not failure.is_selected or (len(taken) == limit and task_id not in taken):
                    continue
                if limit is not None:
                    taken.add(task_id)
                if failure.error is not None:
                    self.errors.append(failure)
                yield failure
            if limit is not None and len(taken) == limit and not self.all_runs:
                return


def _failures(
    context: Context,
    group: str,
    *,
    lines: int,
    against: str | None,
    all_runs: bool,
    format_: str | None,
    newest: bool,
    **options: Any,
) -> None:
    from tccli.cli.tasks.failures import make_source, write_groups
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.selection import explain_nothing, pop_selection
    from tccli.errors import NegativeAnswerError, UsageError
    from tccli.output.writer import check_file_name

    is_text = format_ in {"markdown", "text"}
    if is_text and context.options.selects_parts:
        raise UsageError(f"--format {format_} prints text: leave out --jq and --columns")
    if format_ is None and context.options.output is not None:
        check_file_name(context.options.output, FORMATS)
    given = {**options, "all_runs": all_runs}
    selection = pop_selection(options)
    context = context if format_ is None else context.replace(format=None if is_text else format_)
    context.writer(is_list=True)  # checks its options before anything is sent
    client = context.client()
    search = _Search(context, client, selection, lines=lines, all_runs=all_runs)
    group_id = resolve_group(context, search.client, group, newest=newest)
    before_id = None if against is None else resolve_group(context, search.client, against, newest=newest)
    groups = search.find(group_id)
    if before_id is not None:
        groups = search.compare(groups, before_id)
    if not search.selected or (not groups and selection.is_given):
        raise NegativeAnswerError(
            explain_nothing(selection, group_id)
            if not search.selected
            else f"no task of group {group_id} that matches {selection.options} has failed"
        )
    if not groups:
        context.note(f"no task of group {group_id} has failed")
    source = make_source(group_id, given)
    write_groups(context, groups, source, text_format=format_ if is_text else None)
    if search.errors:
        error = search.errors[0].error
        assert error is not None
        if len(search.errors) > 1:
            error.message = f"{len(search.errors)} logs cannot be read; the first: {error.message}"
        raise error


command = Command(
    "failures",
    callback=with_context(_failures),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(
            ["--lines", "lines"],
            type=click.IntRange(0, MAX_CONTEXT_LINES),
            default=5,
            metavar="N",
            help="Print N lines of a log for each kind of failure (default: 5).",
        ),
        click.Option(
            ["--against"], metavar="GROUP", help="Tell which of them did not fail like this in another group."
        ),
        click.Option(["--all-runs"], is_flag=True, help="Print each run that failed, and which of them are flaky."),
        click.Option(
            ["--format", "format_"], type=Choice(FORMATS), metavar="FORMAT", help=f"One of {', '.join(FORMATS)}."
        ),
        *selection_options(),
        newest_group_option(),
    ],
    short_help="Print why the tasks of a group failed",
    help="Print why the tasks of a group are failed or exception: those that failed alike together, with some lines of "
    "the log and the command that reruns exactly them. It is a text on a terminal, and JSON elsewhere unless --format "
    "says otherwise: text, table, or markdown for issues and comments.\n\n"
    "tc takes the last line of a task's output that matters, such as one with TEST-UNEXPECTED, error: or what follows "
    "a Traceback. Numbers, ids, times and random parts of paths do not count when lines are compared, but exit and "
    "status codes do, and numbers that are part of a name, as in E0308. The log is that of the run that failed, even "
    "if the task runs again. An exception has its reason: exception 'claim-expired'; where the log tells more, as of "
    "intermittent-task, with the line of the log."
    "\n\n--against tells which failures are new, by the names of tasks and by what the logs say. --all-runs also "
    "prints what failed in tasks that are completed; flaky are runs whose task, or one of the same name, was completed "
    f"in another run.\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group failures fN1SbArXTPSVFNUvaOlinQ",
        "tc group failures fN1SbArXTPSVFNUvaOlinQ --format markdown > report.md",
        "tc group failures fN1SbArXTPSVFNUvaOlinQ --all-runs \\\n    --jq '.[] | select(.flaky > 0).line'",
    ),
)
