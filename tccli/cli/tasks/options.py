"""
Arguments and options of the commands for tasks and groups, and their help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.cli.context import Context

TASK_HELP = (
    "TASK is an id, the address of a task in the web interface or in the API, index:PATH, or GROUP:LABEL for the task "
    "of that name in a group."
)
TASKS_HELP = (
    f"{TASK_HELP} With -, tasks are read from stdin: the first id of each line, a line in another of these forms, or "
    "JSON with taskId. Each line must have one."
)
GROUP_HELP = (
    "GROUP is an id, the address of a group, index:PATH for the group of an indexed task, or a commit or pull request "
    "on GitHub: its address, github:ORG/REPO@SHA or github:ORG/REPO#NUMBER."
)
PATTERN_HELP = (
    "PATTERN is that of artifacts' names, such as 'public/build/*.apk': * does not match a slash, ** does. One without "
    "a slash, such as '*.zip', is that of the file name, at any depth."
)
PRIORITIES = ("highest", "very-high", "high", "medium", "low", "very-low", "lowest")
PRIORITY_HELP = f"LEVEL is {', '.join(PRIORITIES[:-1])} or {PRIORITIES[-1]}."


def task_argument() -> click.Argument:
    """
    Return the argument for one task.
    """
    return click.Argument(["task"], metavar="TASK")


def tasks_argument() -> click.Argument:
    """
    Return the argument for one or more tasks.
    """
    return click.Argument(["tasks"], metavar="TASK...", nargs=-1, required=True)


def priority_argument() -> click.Argument:
    """
    Return the argument for a priority of the queue.
    """
    from tccli.cli.types import Choice

    return click.Argument(["level"], metavar="LEVEL", type=Choice(PRIORITIES))


def newest_option() -> click.Option:
    """
    Return ``--newest``.
    """
    return click.Option(["--newest"], is_flag=True, help="Of several tasks with the LABEL, take the one created last.")


def newest_group_option() -> click.Option:
    """
    Return ``--newest`` for groups.
    """
    return click.Option(
        ["--newest"], is_flag=True, help="Of several groups of a commit or pull request, take the one created last."
    )


def run_option() -> click.Option:
    """
    Return ``-r``. As in the Go client, -1 is the latest run.
    """
    from tccli.cli.types import RunNumber

    return click.Option(
        ["-r", "--run", "run_id"],
        type=RunNumber(min=-1),
        metavar="N",
        help="Consider run N (default: the latest).",
    )


def edits_option() -> click.Option:
    """
    Return ``--set`` of the commands that create tasks.
    """
    return click.Option(
        ["--set", "edits"],
        multiple=True,
        metavar="PATH=TEXT",
        help="Set a value of the definition, PATH:=JSON also one that is not text; repeatable.",
    )


def action_options(verb: str) -> list[click.Parameter]:
    """
    Return the options of commands that act on tasks.
    """
    return [
        click.Option(
            ["-n", "--noop", "--dry-run", "noop"], is_flag=True, help=f"Print what would be {verb}; change nothing."
        ),
        click.Option(["-c", "--confirm", "confirm"], is_flag=True, help="Ask before each task."),
    ]


def force_option() -> click.Option:
    """
    Return ``--force`` of the commands that ask before they act.
    """
    return click.Option(["-f", "--force"], is_flag=True, help="Do not ask.")


def unasked_force_option() -> click.Option:
    """
    Return ``--force`` of the commands that do not ask: scripts give it to all that change something.
    """
    return click.Option(
        ["-f", "--force", "_force"],
        is_flag=True,
        expose_value=False,
        help="Accepted, as in other commands; nothing is asked anyway.",
    )


def dry_run_option(verb: str) -> click.Option:
    """
    Return ``--dry-run`` of the commands that act on a group.
    """
    return click.Option(["-n", "--dry-run", "noop"], is_flag=True, help=f"Print what would be {verb}; change nothing.")


def parse_variables(context: Context, settings: Iterable[str]) -> dict[str, str]:
    """
    Return the values of ``--env``: ``NAME=VALUE``.

    Raises:
        UsageError: One of them has no name, or is not UTF-8.
    """
    variables = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name:
            raise UsageError(f"--env {setting!r} has no name", hint="write --env NAME=VALUE")
        try:
            setting.encode()
        except UnicodeEncodeError:
            raise UsageError(f"--env {name}: the variable is not UTF-8, so it cannot be in a definition") from None
        if not equals:
            # As in the Go client; docker run takes the value from its environment.
            context.note(f'--env {name}: the variable is empty; write --env {name}=VALUE, or --env {name}="${name}"')
        variables[name] = value
    return variables
