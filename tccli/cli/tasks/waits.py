"""
Waits on the command line: their options, a line for each task that ends, and what the end means for the exit code.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.types import Choice, span
from tccli.errors import BrokenAnswerError, NegativeAnswerError, NotFoundError, TcError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.selection import Selection
    from tccli.core.tasks.verdicts import Verdict
    from tccli.core.tasks.waiting import Snapshot

TIMEOUT_HELP = (
    "Here, --timeout is the time of the whole command, but for two more seconds in which a request that is on the way "
    "may get its response; the time of a request is accepted before {}."
)
OUTCOME_TIMEOUT_HELP = "Wait at most that long: 90s, 15m, 1d. Then the exit code is 124. Without a wait, as everywhere."
SETTLED_HELP = (
    "A group with a failure is not resolved before its deadline: tasks that depend on the failed one stay "
    "unscheduled. So by default, the wait ends when the group is settled: no task is pending or running, or can become "
    "so. The exit code is then 0 if all tasks are completed, else 1. --for completed ends with 1 as soon as a task "
    "fails or can never run. --for resolved waits until all have ended, in any way, if need be to their deadlines, and "
    "ends with 0.\n\n"
    f"{TIMEOUT_HELP.format('group')} tc polls every few seconds at first, then less often."
)
NEVER_SEEN = -1
MIN_POLLS_BEFORE_LOOK = 3
"""They take about ten seconds."""
MAX_CHECKED_QUEUES = 20


def wait_options(conditions: Sequence[str]) -> list[click.Parameter]:
    """
    Return the options of commands that wait.

    Args:
        conditions: What can be waited for; the first is the default.
    """
    return [
        click.Option(
            ["--for", "condition"],
            type=Choice(conditions),
            default=conditions[0],
            metavar="CONDITION",
            help=f"Wait for {', '.join(conditions[:-1])} or {conditions[-1]} (default: {conditions[0]}).",
        ),
        timeout_option("Wait at most that long: 90s, 15m, 1d. Then the exit code is 124."),
        click.Option(["--fail-fast"], is_flag=True, help="End when the first task fails."),
    ]


def timeout_option(text: str) -> click.Option:
    """
    Return ``--timeout`` of a command that waits: the time of the wait.
    """
    return click.Option(["--timeout", "wait_seconds"], type=span, metavar="TIME", help=text)


def pop_timeout(context: Context, options: dict[str, Any], *, waits: bool, acts: bool = False) -> float | None:
    """
    Take ``--timeout`` out of the options of a command, limit the time of the command, and return the seconds.

    Args:
        waits: Whether the command waits, as it was called. If not, it is the time limit of a request, as everywhere.
        acts: Whether it changes something before.

    Raises:
        UsageError: It cannot be the limit of a request.
    """
    from tccli.cli.types import check_timeout

    seconds: float | None = options.pop("wait_seconds", None)
    if waits or seconds is None:
        context.limit_time(seconds, acts=acts)
        return seconds
    context.options.timeout = check_timeout(seconds)
    return None


def appear_option() -> click.Option:
    """
    Return ``--appear``.
    """
    return click.Option(
        ["--appear", "appear_seconds"],
        type=span,
        metavar="TIME",
        help="Wait that long for the group, or a selected task, to appear; right after a push there is none yet.",
    )


def start_watch(
    context: Context,
    group: str,
    *,
    newest: bool,
    options: dict[str, Any],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, Selection, Iterator[Snapshot]]:
    """
    Return the group's id, the selection, and the snapshots of a watch that begins when the first one is asked for.

    Args:
        options: The values of `appear_option`, ``--timeout`` and the options that select tasks.
        sleep: Waits between polls.
    """
    from tccli.cli.tasks.selection import pop_selection
    from tccli.core.tasks.pauses import Pauses
    from tccli.core.tasks.waiting import watch_group

    selection = pop_selection(options)
    pauses = Pauses(options["wait_seconds"], sleep)
    appears = None if options["appear_seconds"] is None else Pauses(options["appear_seconds"], sleep)
    context.limit_time(options["wait_seconds"])
    client = context.client()
    group_id = resolve_new_group(
        context, client, group, appears, newest=newest, appear_seconds=options["appear_seconds"]
    )
    return (
        group_id,
        selection,
        note_unknown_queues(
            context,
            client,
            explain_absent_group(
                watch_group(client, group_id, selection, pauses, appears=appears, report=context.note),
                options["appear_seconds"],
            ),
        ),
    )


def resolve_new_group(
    context: Context,
    client: Client,
    group: str,
    appears: Pauses | None,
    *,
    newest: bool,
    appear_seconds: float | None,
) -> str:
    """
    Return the id of a group that may not exist yet.

    Args:
        appears: The pauses until it exists, of *appear_seconds*; None for a group that must exist.
    """
    from tccli.cli.tasks.names import resolve_group

    while True:
        try:
            return resolve_group(context, client, group, newest=newest)
        except NotFoundError as error:
            # There is no build of a commit either before its first task.
            if appears is None or not appears.wait():
                _explain_absence(error, appear_seconds)
                raise


def explain_absent_group(snapshots: Iterator[Snapshot], appear_seconds: float | None) -> Iterator[Snapshot]:
    """
    Yield snapshots; if there is no group, its error tells how to wait for one, or how long it was waited for.
    """
    try:
        yield from snapshots
    except NotFoundError as error:
        _explain_absence(error, appear_seconds)
        raise


def _explain_absence(error: NotFoundError, appear_seconds: float | None) -> None:
    # Right after a push there is no group yet.
    if appear_seconds is None:
        how = "--appear 5m waits until it exists"
    else:
        from tccli.core.times import format_span

        how = f"it did not appear in {format_span(appear_seconds)}"
    error.hint = f"{how}; {error.hint}" if error.hint else how


def note_unknown_queues(context: Context, client: Client, snapshots: Iterable[Snapshot]) -> Iterator[Snapshot]:
    """
    Yield snapshots, and tell once of each queue from which no worker takes tasks that stay pending.
    """
    checked: set[str] = set()
    for number, snapshot in enumerate(snapshots):
        yield snapshot
        if number < MIN_POLLS_BEFORE_LOOK:
            continue
        waiting: dict[str, list[Member]] = {}
        for member in snapshot.members.values():
            if member.state == "pending" and member.queue not in checked:
                waiting.setdefault(member.queue, []).append(member)
        for queue in sorted(waiting)[: MAX_CHECKED_QUEUES - len(checked)]:
            from tccli.core.tasks.causes.queues import is_unknown_queue

            checked.add(queue)
            if is_unknown_queue(client, queue):
                what = f"no worker pool {queue} exists, and no worker has ever taken from its queue"
                first = waiting[queue][0]
                context.note(
                    f"{what}: {_count(len(waiting[queue]))} waiting for it; tc task why {first.task_id} tells more"
                )


def report_ends(
    context: Context,
    snapshots: Iterable[Snapshot],
    condition: str,
    *,
    fail_fast: bool,
    nothing: str,
    as_notes: bool = False,
    notes_interruption: bool = True,
) -> None:
    """
    Print ``ID NAME STATE`` of each task when the condition is decided for it, until it is decided for all.

    Args:
        nothing: The message if there are no tasks.
        as_notes: Print to stderr.
        notes_interruption: Print how far the wait was when Ctrl-C ends it.

    Raises:
        NegativeAnswerError: The condition is not true of a task, and cannot become so; or there are no tasks.
        WaitTimeoutError: The snapshots ended before.
    """
    from tccli.cli.tasks.lines import make_line_writer

    ends_early = fail_fast or condition == "completed"
    last: list[tuple[Snapshot, Verdict]] = []
    decided = _list_decided(snapshots, condition, last, ends_early=ends_early)
    if as_notes:
        for line, _ in decided:
            context.note(line)
        raise_verdict(last, ends_early=ends_early, nothing=nothing)
        return
    with (
        note_how_far(context, last if notes_interruption else ()),
        raise_verdict_first(context, last, ends_early=ends_early, nothing=nothing),
    ):
        make_line_writer(context, waits=True)(decided)


@contextmanager
def note_how_far(context: Context, last: Sequence[tuple[Snapshot, Verdict]]) -> Iterator[None]:
    """
    Print how far a wait was when Ctrl-C or a signal ends it.

    Args:
        last: As of `read_until_over`.
    """
    try:
        yield
    except KeyboardInterrupt:
        for snapshot, verdict in last:
            context.note_interruption(f"interrupted: {_describe_states(snapshot, verdict)}")
        raise


@contextmanager
def raise_verdict_first(
    context: Context, last: list[tuple[Snapshot, Verdict]], *, ends_early: bool, nothing: str
) -> Iterator[None]:
    """
    Write what a wait finds, and raise the error of a wait that did not end well. It counts more than an output that
    fails: a filter that does not fit is found when the wait has ended.

    Args:
        last: As of `read_until_over`, of whose snapshots the block reads all.
    """
    try:
        yield
    except BrokenAnswerError as error:
        from tccli.output.filter import SUCCEEDED

        if SUCCEEDED not in error.hint:
            raise
        try:
            raise_verdict(last, ends_early=ends_early, nothing=nothing)
        except TcError:
            context.note(error.message)
            raise
        raise
    raise_verdict(last, ends_early=ends_early, nothing=nothing)


def _list_decided(
    snapshots: Iterable[Snapshot], condition: str, last: list[tuple[Snapshot, Verdict]], *, ends_early: bool
) -> Iterator[tuple[str, Any]]:
    seen: dict[str, int | None] = {}
    for snapshot in read_until_over(snapshots, condition, last, ends_early=ends_early):
        _, verdict = last[0]
        is_last = verdict.is_over or (ends_early and verdict.failed)
        for member in (*verdict.succeeded, *verdict.failed):
            # A task that can never run has not ended; its deadline may come during the wait.
            is_blocked = member.task_id in snapshot.blocked
            # A task that is rerun ends again.
            if seen.get(member.task_id, NEVER_SEEN) != member.run_id and (is_last or not is_blocked):
                seen[member.task_id] = member.run_id
                yield member.line(), member.as_row(snapshot.now)


def read_until_over(
    snapshots: Iterable[Snapshot], condition: str, last: list[tuple[Snapshot, Verdict]], *, ends_early: bool
) -> Iterator[Snapshot]:
    """
    Yield snapshots until a condition is decided. The newest one, and what it means, are in *last*.

    Args:
        ends_early: Whether the first failure decides it.
    """
    from tccli.core.tasks.verdicts import judge

    for snapshot in snapshots:
        verdict = judge(condition, snapshot)
        last[:] = [(snapshot, verdict)]
        yield snapshot
        if verdict.is_over or (ends_early and verdict.failed):
            return


def raise_verdict(last: Sequence[tuple[Snapshot, Verdict]], *, ends_early: bool, nothing: str) -> None:
    """
    Raise the error of a wait that has ended, if it did not end well.

    Args:
        last: As of `read_until_over`.
        ends_early: Whether the first failure ends it.
        nothing: The message if there are no tasks.
    """
    if not last:
        raise WaitTimeoutError("the time is up: the group does not exist yet")
    snapshot, verdict = last[0]
    if verdict.failed and (verdict.is_over or ends_early):
        raise NegativeAnswerError(describe_failures(snapshot, verdict.failed))
    if not snapshot.members:
        raise NegativeAnswerError(nothing)
    if verdict.is_over:
        return
    raise WaitTimeoutError(f"the time is up: {_describe_states(snapshot, verdict)}")


def _describe_states(snapshot: Snapshot, verdict: Verdict) -> str:
    """
    Return how many tasks are in each state, in the order of their lives, with some names of those that went wrong.
    """
    from tccli.core.tasks.queue import LIFECYCLE

    bad = [member for member in snapshot.members.values() if member.state in {"failed", "exception"}]
    named = {member.task_id: member for member in (*bad, *verdict.failed) if member.state != "completed"}
    counts: dict[str, int] = {}
    for task_id, member in snapshot.members.items():
        if task_id not in named:
            counts[member.state] = counts.get(member.state, 0) + 1
    states = sorted(counts, key=lambda state: LIFECYCLE.index(state) if state in LIFECYCLE else len(LIFECYCLE))
    parts = [*(f"{counts[state]} {state}" for state in states), *_describe_parts(snapshot, [*named.values()])]
    return f"of {_count(len(snapshot.members))}, {', '.join(parts)}" if parts else "no task matches so far"


def describe_failures(snapshot: Snapshot, failed: Sequence[Member]) -> str:
    """
    Return how many tasks failed and how many can never run, with some of their names.
    """
    return f"of {_count(len(snapshot.members))}, {', '.join(_describe_parts(snapshot, failed))}"


def _describe_parts(snapshot: Snapshot, failed: Sequence[Member]) -> list[str]:
    from tccli.core.printable import list_some
    from tccli.core.tasks.members import sort_by_name

    blocked = snapshot.blocked
    groups: list[tuple[str, Callable[[Member], bool]]] = [
        ("failed", lambda member: member.state == "failed"),
        *(
            (f"ended as exception '{reason}'" if reason else "ended as exception", _ended_with(reason))
            for reason in sorted({member.reason for member in failed if member.state == "exception"})
        ),
        ("can never run", lambda member: member.task_id in blocked and blocked[member.task_id].is_final),
        ("cannot run now", lambda member: member.task_id in blocked and not blocked[member.task_id].is_final),
    ]
    parts = []
    for what, test in groups:
        names = [member.name for member in sort_by_name(filter(test, failed))]
        if names:
            parts.append(f"{len(names)} {what} ({list_some(names)})")
    return parts


def _ended_with(reason: str) -> Callable[[Member], bool]:
    return lambda member: member.state == "exception" and member.reason == reason


def _count(number: int) -> str:
    return f"{number} task{'' if number == 1 else 's'}"
