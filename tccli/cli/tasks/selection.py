"""
SELECT on the command line: the options by which the commands for groups choose tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.errors import NegativeAnswerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.selection import Selection

SELECTION_HELP = (
    "The options that select tasks are combined: a task must match all of them. In one option, commas separate "
    "alternatives, and ! in front selects all others: --name '!test-*,lint-*'. A text with ~ in front is a regular "
    "expression: --name '~^test-.*/opt$'."
)
MAX_SEARCHED_LOG_BYTES = 256 * 1024
"""Of each log, at its end, for --log-match."""
_NAMES = ("name", "state", "reason", "queue", "kind", "tag", "owner", "longer", "log_match", "limit")


def selection_options(*, once: bool = True, failed: bool = True) -> list[click.Parameter]:
    """
    Return the options that select tasks.

    Args:
        once: Whether the tasks are selected once. While tasks change, neither their logs nor a limit can select them.
        failed: Whether ``--failed`` is one of them, and not an option of the command itself.
    """
    options: list[click.Parameter] = [
        *([failed_option()] if failed else []),
        _option("name", "GLOB", "Select tasks by name: test-*, or ~REGEX."),
        _option("state", "STATE", "Select tasks that are unscheduled, pending, running, completed, failed, exception."),
        _option("reason", "REASON", "Select tasks whose latest run was resolved as failed, claim-expired, canceled …"),
        _option("queue", "GLOB", "Select tasks by task queue: proj-example/*."),
        _option("kind", "KIND", "Select tasks by their tag kind."),
        _option("tag", "NAME=VALUE", "Select tasks by a tag."),
        _option("owner", "GLOB", "Select tasks by metadata.owner."),
        click.Option(["--longer"], metavar="TIME", help="Select tasks whose latest run takes or took longer: 30m."),
    ]
    if once:
        options += [
            click.Option(
                ["--log-match"], metavar="REGEX", help="Select failed tasks with a line like this near the log's end."
            ),
            click.Option(
                ["--limit"], type=click.IntRange(min=1), metavar="N", help="Select at most N tasks, the first by name."
            ),
        ]
    return options


def failed_option() -> click.Option:
    """
    Return ``--failed``, which is short for ``--state failed``.
    """
    return click.Option(["--failed"], is_flag=True, help="Select tasks that are failed; not those that are exception.")


def _option(name: str, metavar: str, text: str) -> click.Option:
    return click.Option([f"--{name}", f"select_{name}"], multiple=True, metavar=metavar, help=text)


def pop_selection(options: dict[str, Any]) -> Selection:
    """
    Take the options of `selection_options` out of those of a command, and return what they select.

    ``--failed`` is left to a command that has taken it out.

    Raises:
        UsageError: One of them is not valid.
    """
    from tccli.core.tasks.selection import parse_selection

    values = {name: options.pop(name if name in options else f"select_{name}", None) for name in _NAMES}
    selection = parse_selection(values)
    return selection.restrict_to_failed() if options.pop("failed", False) else selection


def select_members(
    context: Context,
    client: Client,
    group_id: str,
    selection: Selection,
    *,
    observe: Callable[[Member], None] = lambda _member: None,
    make_detail: Callable[[dict[str, Any]], Any] = lambda _entry: None,
) -> Iterator[Member]:
    """
    Yield the selected tasks of a group, in the queue's order, or by name if their number is limited.

    Args:
        observe: Called with each task of the group, selected or not.
        make_detail: Returns the *detail* of a task, from the entry of the listing, which is not stored.
    """
    from itertools import chain

    from tccli.core.tasks.members import Member
    from tccli.core.tasks.queue import list_group

    def make_member(entry: dict[str, Any]) -> Member:
        member = Member(entry, make_detail(entry))
        observe(member)
        return member

    members = map(make_member, list_group(client, group_id))
    # The response with the first task also tells the deployment's time.
    first = next(members, None)
    members_from_first = chain([] if first is None else [first], members)
    read_log = _read_nothing if selection.log_pattern is None else _make_log_reader(context, client)
    return _forget_tags(selection.select(members_from_first, client.clock.now(), read_log))


def _forget_tags(members: Iterator[Member]) -> Iterator[Member]:
    for member in members:
        member.forget_tags()
        yield member


def _read_nothing(_member: Member) -> list[str]:
    return []


def _make_log_reader(context: Context, client: Client) -> Callable[[Member], list[str]]:
    from tccli.core.tasks.logs import open_log, read_tail

    transfers = context.transfer_context()

    def read_log(member: Member) -> list[str]:
        log = open_log(client, transfers, member.task_id, member.run_id, member.log_name)
        try:
            tail = read_tail(log, MAX_SEARCHED_LOG_BYTES)
        except NotFoundError as error:
            context.note(f"{member.name}: {error.message}; it is not selected")
            return []
        return tail.decode("utf-8", "replace").splitlines()

    return read_log


def explain_nothing(selection: Selection, group_id: str) -> str:
    """
    Return the message for a selection without tasks.
    """
    options = selection.options
    return f"no task of group {group_id} matches {options}" if options else f"group {group_id} has no tasks"


def raise_if_nothing(members: Iterable[Member], selection: Selection, group_id: str) -> Iterator[Member]:
    """
    Yield tasks as they come.

    Raises:
        NegativeAnswerError: There are none, and some were selected.
    """
    is_empty = True
    for member in members:
        is_empty = False
        yield member
    if is_empty and selection.is_given:
        raise NegativeAnswerError(explain_nothing(selection, group_id))
