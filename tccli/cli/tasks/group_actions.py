"""
What is done to the tasks of a group that were selected: asked about once, and then done to each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from tccli.cli.questions import ask, open_terminal_answers
from tccli.cli.tasks.actions import Target, Targets, act_on_targets
from tccli.cli.tasks.lines import check_list_filter, make_line_writer, writes_objects
from tccli.cli.tasks.names import resolve_group
from tccli.cli.tasks.selection import select_members
from tccli.core.parallel import make_parallel_client
from tccli.core.printable import escape_line_breaks, list_some
from tccli.core.tasks import queue
from tccli.core.tasks.members import sort_by_name
from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from tccli.cli.context import Context
    from tccli.cli.tasks.actions import TaskAction
    from tccli.cli.tasks.outcomes import Outcome
    from tccli.core.client import Client
    from tccli.core.tasks.members import Member
    from tccli.core.tasks.selection import Selection

GIVE_FORCE = "give --force"


class SelectedTasks(NamedTuple):
    """
    The tasks of a group that a command acts on.

    Attributes:
        total: The number of tasks in the group.
        left_out: The number of tasks that are selected, but for their state.
    """

    members: Sequence[Member]
    total: int
    left_out: dict[str, int]

    def targets(self, client: Client, *, needs_status: bool) -> Targets:
        """
        Return the tasks as `act_on_targets` takes them.

        Args:
            needs_status: Request their statuses, many at once as they are needed: all of them take much memory.
        """
        return Targets(self._look_up(client, needs_status=needs_status), len(self.members))

    def _look_up(self, client: Client, *, needs_status: bool) -> Iterator[Target]:
        for start in range(0, len(self.members), queue.MAX_IDS_PER_REQUEST):
            some = self.members[start : start + queue.MAX_IDS_PER_REQUEST]
            statuses = queue.fetch_statuses(client, [member.task_id for member in some]) if needs_status else {}
            for member in some:
                yield Target(member.task_id, member.name, statuses.get(member.task_id, None if needs_status else {}))


class GroupAction:
    """
    An action on selected tasks of a group. To create it checks the command line, then looks up the group.

    Args:
        force: Do not ask.
        noop: Do nothing but print what would be done.
        newest: Of several groups with the name, take the one that was created last.

    Attributes:
        client: Its calls can be made by several threads.
        write: Writes pairs of a line and a status.
    """

    def __init__(
        self, context: Context, action: TaskAction, group: str, *, force: bool, noop: bool, newest: bool
    ) -> None:
        self._context = context
        self._action = action
        self._asks = not (force or noop)
        self._noop = noop
        self.write = make_line_writer(context, waits=True)
        check_list_filter(context)
        self.client: Client = make_parallel_client(context.client())
        if not noop:
            queue.check_allowed(self.client, action.method)
        self._answers = open_terminal_answers(context, [group], GIVE_FORCE) if self._asks else None
        self.group_id = resolve_group(context, self.client, group, newest=newest)

    def select(self, selection: Selection, states: Iterable[str]) -> SelectedTasks:
        """
        Return the tasks of the group that are selected and in certain states, of which a limit counts only these.
        """
        allowed = frozenset(states)
        total = 0
        left_out: dict[str, int] = {}

        def observe(member: Member) -> None:
            nonlocal total
            total += 1
            if member.state not in allowed and selection.matches(member, self.client.clock.now()):
                left_out[member.state] = left_out.get(member.state, 0) + 1

        narrowed = selection.restrict(lambda member: member.state in allowed)
        members = list(select_members(self._context, self.client, self.group_id, narrowed, observe=observe))
        return SelectedTasks(members, total, left_out)

    def confirm(self, selected: SelectedTasks) -> bool:
        """
        Return whether to act on the selected tasks; ask unless ``--force`` or ``--dry-run`` was given.

        Raises:
            NegativeAnswerError: The answer is no. The Go client reports it as a success.
        """
        if not self._asks:
            return True
        count = len(selected.members)
        if self._context.is_go_client:
            listed = "".join(
                f"\n\tTask {member.task_id}: {escape_line_breaks(member.name)}" for member in selected.members
            )
            question = f"The following {count} tasks will be cancelled:{listed}\n"
            question += "Are you sure you want to cancel these tasks? [y/n]"
        else:
            names = list_some([escape_line_breaks(member.name) for member in sort_by_name(selected.members)])
            question = f"{self._action.verb} {count} of {selected.total} tasks ({names})?"
        if ask(self._context, question, self._answers, GIVE_FORCE):
            return True
        if self._context.is_go_client:
            click.echo("Cancellation of tasks aborted.")
            return False
        raise NegativeAnswerError("nothing was done")

    def act(
        self,
        selected: SelectedTasks,
        *,
        write: Callable[[Iterable[tuple[str, Any]]], None] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """
        Act on the selected tasks, and print ``ID NAME STATE`` of each; then follow them if that is asked for.

        Args:
            write: Writes the lines, instead of that of the action.

        Raises:
            TcError: The first error; the other tasks are acted on nevertheless.
        """
        needs_status = self._noop and (self._action.has_deadline or writes_objects(self._context))
        act_on_targets(
            self._context,
            self.client,
            self._action,
            selected.targets(self.client, needs_status=needs_status),
            write or self.write,
            noop=self._noop,
            outcome=outcome,
        )
