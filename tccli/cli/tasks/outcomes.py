"""
``--wait`` and ``--log``, for commands that start tasks: follow them to the end, and exit as tc task wait does.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tccli.errors import TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client

OUTCOME_HELP = (
    "With --wait, ID NAME STATE of each task is printed as it ends, and what was started goes to stderr. The exit code "
    "is 0 if all are completed, else 1. Ctrl-C ends the wait only. With --log, the logs are printed as they grow, "
    "with the names of the tasks if there are several, and all else goes to stderr. With both, --timeout is the time "
    "of the whole command without its questions, after which the exit code is 124."
)
MAX_NAMED_TASKS = 5
"""In a command that cancels them."""


def outcome_options() -> list[click.Parameter]:
    """
    Return the options of commands that start tasks.
    """
    from tccli.cli.tasks.follow import log_option
    from tccli.cli.tasks.waits import OUTCOME_TIMEOUT_HELP, timeout_option

    return [
        click.Option(["--wait", "waits"], is_flag=True, help="Wait until it has ended; exit with 1 if it failed."),
        log_option(),
        timeout_option(OUTCOME_TIMEOUT_HELP),
    ]


def pop_outcome(context: Context, options: dict[str, Any]) -> Outcome | None:
    """
    Take the options of `outcome_options` out of those of a command; None if nothing is to be followed.

    Raises:
        UsageError: A log has no format.
    """
    from tccli.cli.tasks.follow import check_log_output
    from tccli.cli.tasks.lines import check_list_filter
    from tccli.cli.tasks.waits import pop_timeout

    waits, logs, cancels = (bool(options.pop(name, False)) for name in ("waits", "logs", "cancels"))
    pop_timeout(context, options, waits=waits or logs, acts=True)
    if logs:
        check_log_output(context)
    elif waits:
        check_list_filter(context)
    if cancels and not (waits or logs):
        raise UsageError("--cancel-on-interrupt needs --wait or --log")
    return Outcome(logs, cancels) if waits or logs else None


class Outcome(NamedTuple):
    """
    How tasks are followed that a command has started.

    Attributes:
        logs: Whether their logs are printed.
        cancels: Whether an interruption cancels them.
    """

    logs: bool = False
    cancels: bool = False

    def follow(self, context: Context, client: Client, runs: Mapping[str, int]) -> None:
        """
        Wait until tasks have ended, and print each as it ends, or the logs of their runs.

        Args:
            runs: The first run of each task that the command has started.

        Raises:
            NegativeAnswerError: Not all of them are completed.
            WaitTimeoutError: The time is up.
        """
        from tccli.cli.tasks.waits import note_unknown_queues, report_ends
        from tccli.core.tasks.pauses import Pauses
        from tccli.core.tasks.waiting import watch_tasks

        task_ids = [*runs]
        pauses = Pauses(context.remaining_seconds)
        with self._watch_interruption(context, client, task_ids):
            found = watch_tasks(client, task_ids, pauses, report=context.note)
            snapshots = note_unknown_queues(context, client, found)
            if self.logs:
                from tccli.cli.tasks.follow import follow_tasks

                follow_tasks(context, client, task_ids, snapshots, "settled", runs=runs)
                return
            report_ends(
                context, snapshots, "settled", fail_fast=False, nothing="no task is selected", notes_interruption=False
            )

    @contextmanager
    def _watch_interruption(self, context: Context, client: Client, task_ids: Sequence[str]) -> Iterator[None]:
        """
        When Ctrl-C or a signal ends the block, cancel the tasks if asked for; else print what does.
        """
        try:
            yield
        except KeyboardInterrupt:
            context.end_interrupted_line()
            if self.cancels:
                _cancel(context, client, task_ids)
            else:
                named = " ".join(task_ids) if len(task_ids) <= MAX_NAMED_TASKS else "TASK…"
                context.note(f"not waiting any longer; tc task cancel {named} cancels what was started")
            raise


def _cancel(context: Context, client: Client, task_ids: Sequence[str]) -> None:
    from dataclasses import replace

    from tccli.core.tasks.queue import call_status_method, find_run, format_run

    # The interruption has ended the other calls of the client; a second one ends this.
    client = replace(client, cancellation=None)
    for task_id in task_ids:
        try:
            status = call_status_method(client, "cancelTask", [task_id])
            context.note(f"task {task_id}: {format_run(find_run(status, None))}")
        except TcError as error:
            context.note(str(error))
