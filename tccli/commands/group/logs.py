"""
``tc group logs``: print the logs of tasks of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import file_option
from tccli.cli.tasks.follow import LINES_HELP, line_options
from tccli.cli.tasks.options import GROUP_HELP, newest_group_option
from tccli.cli.tasks.selection import SELECTION_HELP, selection_options
from tccli.cli.tasks.waits import appear_option, timeout_option
from tccli.cli.types import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.cli.tasks.log_output import LogPrinter
    from tccli.core.client import Client
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.selection import Selection
    from tccli.core.tasks.verdicts import Verdict
    from tccli.core.tasks.waiting import Snapshot

PREFIXES = ("label", "id", "none")


def _logs(context: Context, group: str, *, newest: bool, follows: bool, prefix: str, **options: Any) -> None:
    from tccli.cli.tasks.follow import open_log_target, pop_log_options
    from tccli.cli.tasks.log_output import LogPrinter
    from tccli.cli.tasks.names import resolve_group
    from tccli.cli.tasks.prefixed_output import PrefixedOutput
    from tccli.cli.tasks.selection import pop_selection
    from tccli.cli.tasks.waits import pop_timeout, resolve_new_group
    from tccli.cli.transfers.terminal_output import wants_colours
    from tccli.core.files import check_target
    from tccli.core.tasks.pauses import Pauses
    from tccli.errors import UsageError

    selection = pop_selection(options)
    if follows and (selection.log_pattern is not None or selection.limit is not None):
        raise UsageError("--log-match and --limit select tasks once: leave out -f")
    appear_seconds = options.pop("appear_seconds")
    if appear_seconds is not None and not follows:
        raise UsageError("--appear needs -f, which waits for logs")
    path = None if context.options.output == "-" else context.options.output
    if path is not None:
        check_target(path)
    pop_timeout(context, options, waits=follows)
    client = context.client()
    log_options = pop_log_options(options, client, follows=follows)
    appears = None if appear_seconds is None else Pauses(appear_seconds)
    if follows:
        group_id = resolve_new_group(context, client, group, appears, newest=newest, appear_seconds=appear_seconds)
    else:
        group_id = resolve_group(context, client, group, newest=newest)
    with open_log_target(context) as out:
        output = PrefixedOutput(out, prefix, coloured=hasattr(out, "reset") and wants_colours(context))
        printer = LogPrinter(context, client, output, log_options)
        if follows:
            _follow(context, client, printer, group_id, selection, appear_seconds)
        else:
            _print(context, client, printer, group_id, selection)
    printer.raise_errors()


def _print(context: Context, client: Client, printer: LogPrinter, group_id: str, selection: Selection) -> None:
    from tccli.cli.tasks.selection import explain_nothing, select_members
    from tccli.core.tasks.members import sort_by_name
    from tccli.errors import NegativeAnswerError, NotFoundError

    members = list(select_members(context, client, group_id, selection))
    if not members:
        raise NegativeAnswerError(explain_nothing(selection, group_id))
    found = sort_by_name(member for member in members if member.started is not None)
    rest = [member for member in members if member.started is None]
    if not found:
        raise NotFoundError(
            f"no task has a log yet: {_count_states(rest)}", status=404, hint="-f waits until they start"
        )
    _note_left_out(context, rest)
    printer.print_all(found)


def _follow(
    context: Context,
    client: Client,
    printer: LogPrinter,
    group_id: str,
    selection: Selection,
    appear_seconds: float | None,
) -> None:
    from tccli.cli.tasks.selection import explain_nothing
    from tccli.cli.tasks.waits import explain_absent_group, note_unknown_queues, raise_verdict, read_until_over
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.waiting import watch_group

    last: list[tuple[Snapshot, Verdict]] = []

    def watch(call: Callable[[Callable[[], Any]], Any] | None) -> None:
        selected = selection if call is None else selection.match_by(call)
        pauses = Pauses(context.remaining_seconds, printer.sleep)
        appears = None if appear_seconds is None else Pauses(appear_seconds, printer.sleep)
        snapshots = watch_group(client, group_id, selected, pauses, appears=appears, report=context.note)
        snapshots = explain_absent_group(snapshots, appear_seconds)
        snapshots = note_unknown_queues(context, client, snapshots)
        since = None
        for snapshot in read_until_over(snapshots, "settled", last, ends_early=False):
            if since is None:
                # Later, tasks appear that are new, or are only now selected.
                since = snapshot.now
                _follow_first(context, printer, snapshot)
                continue
            for change in snapshot.changes:
                printer.follow(change.member, since=since)
        snapshot, verdict = last[0]
        if not (snapshot.members and verdict.is_over):
            raise_verdict(last, ends_early=False, nothing=explain_nothing(selection, group_id))
        printer.join()
        _report_silent(context, printer, group_id, snapshot)

    try:
        printer.follow_while(watch)
    finally:
        printer.stop()


def _follow_first(context: Context, printer: LogPrinter, snapshot: Snapshot) -> None:
    """
    Follow the latest runs of tasks, but for those that have ended without a run that was started.
    """
    members = [change.member for change in snapshot.changes]
    _note_left_out(context, [each for each in members if each.is_resolved and each.started is None])
    for member in members:
        if not (member.is_resolved and member.started is None):
            printer.follow(member)


def _report_silent(context: Context, printer: LogPrinter, group_id: str, snapshot: Snapshot) -> None:
    """
    Print which tasks can never run.

    Raises:
        NegativeAnswerError: No log was printed, because of that.
        NotFoundError: No log was printed.
    """
    from tccli.cli.tasks.waits import describe_failures
    from tccli.errors import NegativeAnswerError, NotFoundError

    is_silent = not (printer.count or printer.errors)
    blocked = [member for task_id, member in snapshot.members.items() if task_id in snapshot.blocked]
    if blocked:
        text = describe_failures(snapshot, blocked)
        if is_silent:
            raise NegativeAnswerError(text)
        context.note(text)
    elif is_silent:
        raise NotFoundError(f"no task that is selected in group {group_id} has a log", status=404)


def _note_left_out(context: Context, members: Sequence[Member]) -> None:
    if members:
        context.note(f"without a log: {_count_states(members)}")


def _count_states(members: Sequence[Member]) -> str:
    from collections import Counter

    return ", ".join(f"{count} {state}" for state, count in Counter(member.state for member in members).items())


command = Command(
    "logs",
    callback=with_context(_logs),
    params=[
        click.Argument(["group"], metavar="GROUP"),
        click.Option(["-f", "--follow", "follows"], is_flag=True, help="Follow the logs until the group is settled."),
        *line_options(),
        click.Option(
            ["--prefix"],
            type=Choice(PREFIXES),
            default=PREFIXES[0],
            metavar="WHAT",
            help="Begin each line with the task's label (default), id, or with none.",
        ),
        appear_option(),
        timeout_option("With -f, wait at most that long: 90s, 15m. Then the exit code is 124."),
        *selection_options(),
        newest_group_option(),
        file_option(),
    ],
    prints_data=False,
    short_help="Print the logs of tasks of a group",
    help="Print the logs of the latest runs of a group's tasks: one log after the other, sorted by name, each line "
    "after the name of its task. With -f, follow the logs of all tasks as they start, in whole lines of up to "
    "1 MiB as they come, until nothing can run any more. Of a task that is retried, the log of each run is printed.\n\n"
    f"{LINES_HELP}\n\n{SELECTION_HELP}\n\n{GROUP_HELP}",
    examples=(
        "tc group logs fN1SbArXTPSVFNUvaOlinQ --state completed --tail 20",
        "tc group logs fN1SbArXTPSVFNUvaOlinQ --own --grep one --prefix id",
    ),
)
