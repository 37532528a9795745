"""
Logs on the command line: the options that choose lines, where they are written, and the logs of several tasks.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import click

from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.tasks.log_follow import LogOptions
    from tccli.core.tasks.waiting import Snapshot

LINES_HELP = (
    "--own leaves out the lines of the worker, which begin with [taskcluster. --grep prints the lines that match a "
    "regular expression; of a line, the first 16 MiB are searched. --tail prints the last lines of those; where the "
    "storage has ranges, only the end of the log is downloaded. --timestamps puts a time before each line: the time "
    "that the line begins with, or that of the line before; of lines that are written meanwhile, the time when they "
    "come.\n\n"
    "On a terminal, the colours of a log are shown, and all other control characters are escaped."
)


def log_option() -> click.Option:
    """
    Return ``--log``, for commands that start tasks or wait for them.
    """
    return click.Option(["--log", "logs"], is_flag=True, help="Follow the log, then end as with --wait.")


def check_log_output(context: Context) -> None:
    """
    Check that the output of a command with ``--log`` can be a log.

    Raises:
        UsageError: Another format is wanted.
    """
    from tccli.cli.tasks.lines import writes_objects

    if writes_objects(context):
        raise UsageError("--log prints the log: leave out --format, --jq and --columns, or write --wait")


@contextmanager
def open_log_target(context: Context) -> Iterator[IO[bytes]]:
    """
    Return where logs are written: the file of ``-o``, which has all or nothing, or stdout.
    """
    from tccli.cli.transfers.terminal_output import open_log_output
    from tccli.core.files import atomic_write

    path = context.options.output
    with open_log_output(context) if path in {None, "-"} else atomic_write(str(path)) as out:
        yield out


def follow_tasks(
    context: Context,
    client: Client,
    task_ids: Sequence[str],
    snapshots: Iterator[Snapshot],
    condition: str,
    *,
    fail_fast: bool = False,
    runs: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """
    Print the logs of tasks, of each run that starts while they are waited for; print each task as it ends to stderr.

    The lines of several logs begin with the name of their task.

    Args:
        snapshots: Of `tccli.core.tasks.waiting.watch_tasks`.
        condition: As of `tccli.cli.tasks.waits.report_ends`; so are the errors.
        runs: The run of each task with whose log to begin, if that is not the latest.
    """
    from tccli.cli.tasks.log_output import LogPrinter
    from tccli.cli.tasks.prefixed_output import PrefixedOutput
    from tccli.cli.tasks.waits import report_ends
    from tccli.cli.transfers.terminal_output import wants_colours
    from tccli.core.tasks.log_follow import LogOptions
    from tccli.core.tasks.log_lines import LineFilter

    resolved: set[str] = set()
    outcome: NegativeAnswerError | None = None
    with open_log_target(context) as out:
        is_shown = hasattr(out, "reset") and wants_colours(context)
        output = PrefixedOutput(out, "label", coloured=is_shown, is_one=len(task_ids) == 1)
        printer = LogPrinter(context, client, output, LogOptions(LineFilter()))

        def watch() -> Iterator[Snapshot]:
            for snapshot in snapshots:
                for change in snapshot.changes:
                    printer.follow(change.member, first=runs.get(change.member.task_id))
                resolved.update(member.task_id for member in snapshot.members.values() if member.is_resolved)
                printer.sleep(0)
                yield snapshot

        try:
            nothing = "no task is selected"
            report_ends(context, watch(), condition, fail_fast=fail_fast, nothing=nothing, as_notes=True)
        except NegativeAnswerError as error:
            # The log of a task that failed is complete, so a file gets it.
            outcome = error
        finally:
            try:
                if not isinstance(sys.exception(), KeyboardInterrupt):
                    printer.join(resolved)
            finally:
                printer.stop()
    if outcome is not None:
        raise outcome


def line_options() -> list[click.Parameter]:
    """
    Return the options that choose lines of logs.
    """
    return [
        click.Option(
            ["-n", "--tail", "tail"], type=click.IntRange(min=0), metavar="N", help="Print only the last N lines."
        ),
        click.Option(["--grep"], metavar="REGEX", help="Print only lines that match."),
        click.Option(["--own"], is_flag=True, help="Leave out the lines of the worker."),
        click.Option(["--timestamps"], is_flag=True, help="Print a time before each line."),
    ]


def pop_log_options(options: dict[str, Any], client: Client, *, follows: bool) -> LogOptions:
    """
    Take the options of `line_options` out of those of a command, and return what is read of logs.

    Raises:
        UsageError: The regular expression is not valid.
    """
    from tccli.core.tasks.log_follow import LogOptions
    from tccli.core.tasks.log_lines import LineFilter, compile_search

    grep, tail = options.pop("grep"), options.pop("tail")
    search = None if grep is None else compile_search(grep, "--grep")
    now = client.clock.now if options.pop("timestamps") else None
    return LogOptions(LineFilter(own=options.pop("own"), search=search, now=now), tail, follows)
